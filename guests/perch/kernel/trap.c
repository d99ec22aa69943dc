/* What to do about a trap, once trap.S has put the registers away. */
#include "trap.h"
#include "console.h"
#include "float.h"
#include "hart.h"
#include "memory_map.h"
#include "panic.h"
#include "plic.h"
#include "riscv.h"
#include "system_call.h"
#include "task.h"
#include "timer.h"
#include "trap_log.h"
#include "uart.h"
#include "virtio_disk.h"

extern u8 user_copy_begin[], user_copy_end[], user_copy_failed[], guarded_begin[], guarded_end[], guarded_trapped[];

void traps_start(void) {
  csr_write(CSR_sscratch, 0);
  csr_write(CSR_stvec, trap_vector);
  csr_write(CSR_scounteren, 7);
  csr_set(CSR_sie, 1UL << IRQ_S_SOFT | 1UL << IRQ_S_TIMER);
}

static void remember(u64 cause, u64 value, const struct trap_frame *frame) {
  struct hart *hart = this_hart();
  trap_log_add(&(struct trap_record){
      .cause = cause,
      .value = value,
      .pc = frame->epc,
      .status = frame->status,
      .pid = hart->current->pid,
      .hart = (u8)hart->id,
      .from = frame->status & STATUS_SPP ? 1 : 0,
      .to = 1,
  });
}

static void device_interrupt(void) {
  u32 irq = plic_claim();
  if (!irq) return;
  if (irq == UART_IRQ) console_interrupt();
  else if (irq == disk_irq()) disk_interrupt();
  else panic("interrupt %d of nobody", irq);
  plic_complete(irq);
}

static void interrupt(u64 cause) {
  switch (cause & ~INTERRUPT) {
    case IRQ_S_TIMER: timer_interrupt(); break;
    case IRQ_S_EXTERNAL: device_interrupt(); break;
    case IRQ_S_SOFT: csr_clear(CSR_sip, 1UL << IRQ_S_SOFT); break; /* being awake is all that was wanted */
    default: panic("interrupt cause %p", cause);
  }
}

/* ACCESS_... for a page fault's cause, or -1. */
static int access_of(u64 cause) {
  switch (cause) {
    case CAUSE_FETCH_PAGE: return ACCESS_FETCH;
    case CAUSE_LOAD_PAGE: return ACCESS_LOAD;
    case CAUSE_STORE_PAGE: return ACCESS_STORE;
    default: return -1;
  }
}

static bool resolve_page_fault(struct task *t, u64 cause, u64 address) {
  int access = access_of(cause);
  return access >= 0 && space_fault(&t->space, address, (enum access)access, t->asid);
}

static void end_faulty(struct task *t, u64 cause, u64 value) {
  t->result.pc = t->frame->epc;
  t->result.value = value;
  if (!t->killed) t->killed = ENDED_FAULT + (int)cause;
}

void prepare_return(struct task *t) {
  csr_clear(CSR_sstatus, STATUS_SIE);
  float_return(t);
  t->frame->hart = this_hart();
}

void user_trap(struct trap_frame *frame) {
  u64 cause = csr_read(CSR_scause), value = csr_read(CSR_stval);
  struct task *t = this_hart()->current;
  remember(cause, value, frame);
  if (cause & INTERRUPT) {
    interrupt(cause);
  } else if (cause == CAUSE_ECALL_U) {
    frame->epc += 4;
    csr_set(CSR_sstatus, STATUS_SIE);
    system_call(frame);
    csr_clear(CSR_sstatus, STATUS_SIE);
  } else if (cause == CAUSE_ILLEGAL && float_first_use(t)) {
    /* Executed again, now with the floating-point unit on. */
  } else if (!resolve_page_fault(t, cause, value)) {
    end_faulty(t, cause, value);
  }
  if (!t->killed && this_hart()->must_yield) task_yield();
  if (t->killed) {
    csr_set(CSR_sstatus, STATUS_SIE);
    task_exit(0);
  }
  prepare_return(t);
}

static bool within(u64 pc, const u8 *begin, const u8 *end) { return pc >= (u64)begin && pc < (u64)end; }

static void kernel_fault(struct trap_frame *frame, u64 cause, u64 value) {
  if (within(frame->epc, guarded_begin, guarded_end)) {
    frame->a0 = cause;
    frame->epc = (u64)guarded_trapped;
    return;
  }
  bool user_memory = value >= USER_BASE && value < USER_TOP && access_of(cause) >= 0;
  if (!within(frame->epc, user_copy_begin, user_copy_end) || !user_memory)
    panic_trap("trap in the kernel", cause, value, frame->epc);
  if (!resolve_page_fault(this_hart()->current, cause, value)) frame->epc = (u64)user_copy_failed;
}

void kernel_trap(struct trap_frame *frame) {
  u64 cause = csr_read(CSR_scause), value = csr_read(CSR_stval);
  csr_clear(CSR_sstatus, STATUS_SUM); /* whoever runs next must not inherit it; the frame has it for the way back */
  remember(cause, value, frame);
  if (!(cause & INTERRUPT)) {
    kernel_fault(frame, cause, value);
    return;
  }
  interrupt(cause);
  struct hart *hart = this_hart();
  if (hart->must_yield && hart->current != hart->idle) task_yield();
  /* Another task may have had the f registers meanwhile: what FS says now counts. */
  frame->status = (frame->status & ~STATUS_FS) | (csr_read(CSR_sstatus) & STATUS_FS);
}

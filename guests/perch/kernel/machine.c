/*
 * M-mode: prepares a hart for the supervisor and then stays out of the way. What it must still do later: forward
 * software interrupts (the CLINT can only raise M-mode's), and keep the timer on harts without Sstc.
 */
#include "machine.h"
#include "abi.h"
#include "memory_map.h"
#include "panic.h"
#include "riscv.h"
#include "trap_log.h"

/* In .data: written before .bss is cleared, or by harts that did not clear it. */
u32 boot_lottery __attribute__((section(".data"))) = 0;
static volatile u32 kernel_ready __attribute__((section(".data"))) = 0;
static volatile u32 waiting_harts __attribute__((section(".data"))) = 0;

struct machine_report machine_report;

extern u8 machine_only[], machine_only_end[];
void machine_vector(void);
u64 machine_try_menvcfg(u64 bits);
bool machine_try_stimecmp(void);
void machine_leave(u64 hart, u64 device_tree, bool boots) __attribute__((noreturn));
void kernel_start(u64 hart, u64 device_tree, bool boots);

#define MSIP(hart) (CLINT_BASE + 4 * (hart))
#define MTIMECMP(hart) (CLINT_BASE + 0x4000 + 8 * (hart))

#define PMP_READ_WRITE_EXECUTE 7UL
#define PMP_NAPOT (3UL << 3)
#define NAPOT(base, bytes) (((base) | ((bytes) / 2 - 1)) >> 2)

/* Entry 0 keeps the machine stacks for M-mode; entry 1 opens everything else. The lower entry decides. */
static void protect_machine_memory(void) {
  u64 base = (u64)machine_only, bytes = (u64)machine_only_end - base;
  csr_write(CSR_pmpaddr0, NAPOT(base, bytes));
  csr_write(CSR_pmpaddr1, ~0UL >> 10);
  csr_write(CSR_pmpcfg0, PMP_NAPOT | (PMP_NAPOT | PMP_READ_WRITE_EXECUTE) << 8);
}

/* Everything a supervisor can handle itself goes straight to it; an ecall from S is for us. */
static void delegate(void) {
  csr_write(CSR_medeleg, 0xb1ff);
  csr_write(CSR_mideleg, 1UL << IRQ_S_SOFT | 1UL << IRQ_S_TIMER | 1UL << IRQ_S_EXTERNAL);
  csr_write(CSR_mcounteren, 7);
}

static bool start_timer(u64 hart) {
  bool sstc = machine_try_menvcfg(MENVCFG_STCE) & MENVCFG_STCE && machine_try_stimecmp();
  if (!sstc) *(volatile u64 *)MTIMECMP(hart) = ~0UL;
  return sstc;
}

static void report(bool sstc) {
  machine_report = (struct machine_report){
      .sstc = sstc,
      .misa = csr_read(CSR_misa),
      .medeleg = csr_read(CSR_medeleg),
      .mideleg = csr_read(CSR_mideleg),
      .menvcfg = machine_try_menvcfg(0),
      .pmpcfg0 = csr_read(CSR_pmpcfg0),
      .pmpaddr0 = csr_read(CSR_pmpaddr0),
      .pmpaddr1 = csr_read(CSR_pmpaddr1),
  };
}

/* Asleep until the boot hart rings; it rings everyone who got here, and late comers find the kernel ready. */
static void wait_for_kernel(u64 hart) {
  __atomic_fetch_or(&waiting_harts, 1u << hart, __ATOMIC_SEQ_CST);
  csr_write(CSR_mie, 1UL << IRQ_M_SOFT); /* mstatus.MIE is off: wfi wakes, nothing traps */
  while (!__atomic_load_n(&kernel_ready, __ATOMIC_ACQUIRE)) wait_for_interrupt();
  mmio_write32(MSIP(hart), 0);
}

void machine_start(u64 hart, u64 device_tree, bool boots) {
  csr_write(CSR_mtvec, machine_vector);
  csr_write(CSR_mscratch, __builtin_frame_address(0)); /* machine_start never returns: its frame's top is the stack's */
  protect_machine_memory();
  delegate();
  bool sstc = start_timer(hart);
  if (boots) report(sstc);
  else wait_for_kernel(hart);
  csr_write(CSR_mie, 1UL << IRQ_M_SOFT);
  csr_write(CSR_satp, 0);
  csr_clear(CSR_mstatus, STATUS_MPP);
  csr_set(CSR_mstatus, STATUS_MPP_S);
  csr_write(CSR_mepc, kernel_start);
  machine_leave(hart, device_tree, boots);
}

void machine_release_harts(void) {
  __atomic_store_n(&kernel_ready, 1, __ATOMIC_SEQ_CST);
  u32 waiting = __atomic_load_n(&waiting_harts, __ATOMIC_SEQ_CST);
  for (u64 hart = 0; hart < MAX_HARTS; hart++)
    if (waiting >> hart & 1) machine_send_ipi(hart);
}

void machine_send_ipi(u64 hart) {
  fence_all(); /* what the other hart is to find comes before the signal */
  mmio_write32(MSIP(hart), 1);
}

u64 machine_only_address(void) { return (u64)machine_only; }

u64 machine_call(u64 call, u64 argument) {
  register u64 a0 __asm__("a0") = call;
  register u64 a1 __asm__("a1") = argument;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1) : "memory");
  return a0;
}

static u64 serve_call(u64 hart, u64 call, u64 argument) {
  csr_write(CSR_mepc, csr_read(CSR_mepc) + 4);
  if (call == MACHINE_SET_TIMER) {
    *(volatile u64 *)MTIMECMP(hart) = argument;
    csr_clear(CSR_mip, 1UL << IRQ_S_TIMER);
    csr_set(CSR_mie, 1UL << IRQ_M_TIMER);
    return 0;
  }
  return argument;
}

/* Called by machine_vector with the interrupted a0 and a1; gives the a0 to go on with. */
u64 machine_trap(u64 a0, u64 a1) {
  u64 cause = csr_read(CSR_mcause);
  u64 hart = csr_read(0xf14 /* mhartid */);
  trap_log_add(&(struct trap_record){
      .cause = cause,
      .value = csr_read(CSR_mtval),
      .pc = csr_read(CSR_mepc),
      .status = csr_read(CSR_mstatus),
      .hart = (u8)hart,
      .from = (u8)(csr_read(CSR_mstatus) >> 11 & 3),
      .to = 3,
  });
  switch (cause) {
    case INTERRUPT | IRQ_M_SOFT:
      mmio_write32(MSIP(hart), 0);
      csr_set(CSR_mip, 1UL << IRQ_S_SOFT);
      return a0;
    case INTERRUPT | IRQ_M_TIMER:
      /* Hand it to S-mode; the interrupt stays off here until the next deadline is set. */
      csr_clear(CSR_mie, 1UL << IRQ_M_TIMER);
      csr_set(CSR_mip, 1UL << IRQ_S_TIMER);
      return a0;
    case CAUSE_ECALL_S:
      return serve_call(hart, a0, a1);
    default:
      panic_trap("unexpected trap in M-mode", cause, csr_read(CSR_mtval), csr_read(CSR_mepc));
  }
}

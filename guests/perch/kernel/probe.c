/*
 * One privileged act at a time, on request, with what the hart answered: the raw material of `traptour` and of the
 * self-test. Nothing here changes what the kernel does afterwards.
 */
#include "fs.h"
#include "hart.h"
#include "machine.h"
#include "memory_map.h"
#include "page_table.h"
#include "riscv.h"
#include "space.h"
#include "system_call.h"
#include "task.h"
#include "task_table.h"
#include "uart.h"
#include "virtio_disk.h"

u64 guarded_load(u64 address);
u64 guarded_store(u64 address);
u64 guarded_break(void);

typedef void (*probe_fn)(u64 value[6]);

static void probe_csr(u64 value[6]) {
  value[0] = 0x0123456789abcdef;
  interrupts_hold(); /* sscratch means something to the trap vector */
  csr_write(CSR_sscratch, value[0]);
  value[1] = csr_read(CSR_sscratch);
  csr_write(CSR_sscratch, 0);
  interrupts_release();
  value[2] = csr_read(CSR_sstatus);
  value[3] = csr_read(CSR_stvec);
  value[4] = csr_read(CSR_sie);
}

static void probe_satp(u64 value[6]) {
  interrupts_hold();
  value[0] = csr_read(CSR_satp);
  csr_write(CSR_satp, kernel_satp());
  value[1] = csr_read(CSR_satp);
  csr_write(CSR_satp, value[0]);
  value[2] = csr_read(CSR_satp);
  interrupts_release();
}

static void probe_fence(u64 value[6]) {
  value[0] = USER_BASE;
  value[1] = current()->asid;
  flush_page(value[0], value[1]);
}

static void probe_uart(u64 value[6]) {
  value[0] = uart_status_address();
  value[1] = mmio_read8(value[0]);
}

static void probe_disk(u64 value[6]) {
  value[0] = disk_doorbell_address();
  value[1] = 0;
  value[2] = fs_reread_block(0);
  value[3] = disk_irq();
}

static void probe_ipi(u64 value[6]) {
  interrupts_hold();
  u64 hart = this_hart()->id;
  value[0] = CLINT_BASE + 4 * hart;
  value[1] = hart;
  machine_send_ipi(hart);
  interrupts_release();
}

static void probe_machine(u64 value[6]) {
  value[0] = machine_only_address();
  value[1] = guarded_load(value[0]);
}

static void probe_ecall(u64 value[6]) { value[0] = machine_call(MACHINE_ECHO, 42); }
static void probe_break(u64 value[6]) { value[0] = guarded_break(); }

static void probe_read_only(u64 value[6]) {
  value[0] = (u64)guarded_load;
  value[1] = guarded_store(value[0]);
}

static void probe_no_sum(u64 value[6]) {
  value[0] = USER_BASE;
  value[1] = guarded_load(value[0]);
}

static const probe_fn probes[] = {
    [PROBE_CSR] = probe_csr,         [PROBE_SATP] = probe_satp,   [PROBE_FENCE] = probe_fence,
    [PROBE_UART] = probe_uart,       [PROBE_DISK] = probe_disk,   [PROBE_IPI] = probe_ipi,
    [PROBE_MACHINE] = probe_machine, [PROBE_ECALL] = probe_ecall, [PROBE_BREAK] = probe_break,
    [PROBE_READ_ONLY] = probe_read_only, [PROBE_NO_SUM] = probe_no_sum,
};

i64 probe(int operation, u64 result) {
  struct probe_result answer = {0};
  if (operation < 0 || (u64)operation >= COUNT(probes)) return E_INVALID;
  u64 time = csr_read(CSR_time), instructions = csr_read(CSR_instret);
  probes[operation](answer.value);
  answer.instructions = csr_read(CSR_instret) - instructions;
  answer.time = csr_read(CSR_time) - time;
  return copy_to_user(result, &answer, sizeof answer) ? 0 : E_FAULT;
}

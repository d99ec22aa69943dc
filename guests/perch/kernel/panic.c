#include "panic.h"
#include "hart.h"
#include "memory_map.h"
#include "print.h"
#include "riscv.h"
#include "task.h"

#define FINISHER_PASS 0x5555
#define FINISHER_FAIL 0x3333

void finish(int code) {
  u32 word = code == 0 ? FINISHER_PASS : FINISHER_FAIL | (u32)(code & 0xff) << 16;
  mmio_write32(FINISHER_BASE, word);
  for (;;) wait_for_interrupt(); /* a board without a finisher stays here */
}

static void where_we_are(void) {
  struct hart *hart = this_hart();
  if (hart < harts || hart >= harts + MAX_HARTS) hart = NULL; /* in M-mode tp may be a program's */
  u64 sp;
  __asm__ volatile("mv %0, sp" : "=r"(sp));
  print_unlocked(" [hart %d, pid %d, sp %p, ra %p]\n", hart ? (int)hart->id : -1,
                 hart && hart->current ? hart->current->pid : -1, sp, (u64)__builtin_return_address(0));
}

void panic(const char *pattern, ...) {
  va_list values;
  csr_clear(CSR_sstatus, STATUS_SIE);
  print_unlocked("\npanic: ");
  va_start(values, pattern);
  print_values_unlocked(pattern, values);
  va_end(values);
  where_we_are();
  finish(101);
}

void panic_trap(const char *what, u64 cause, u64 value, u64 pc) {
  panic("%s: cause %p, tval %p, epc %p", what, cause, value, pc);
}

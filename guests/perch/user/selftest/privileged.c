/* What only the kernel can do, done by it on request (probe) and compared with what the architecture says. */
#include "check.h"

CHECK(check_kernel_registers) {
  struct probe_result r;
  REQUIRE(probe(PROBE_CSR, &r) == 0);
  REQUIRE(r.value[0] == r.value[1]);
  REQUIRE((r.value[3] & 3) == 0); /* stvec in direct mode */
  REQUIRE((r.value[4] & 0x22) == 0x22); /* sie has the software and the timer interrupt */
  REQUIRE(probe(PROBE_SATP, &r) == 0);
  REQUIRE(r.value[0] >> 60 == 8 && r.value[1] >> 60 == 8 && r.value[0] != r.value[1] && r.value[2] == r.value[0]);
  REQUIRE(probe(PROBE_FENCE, &r) == 0);
  REQUIRE(probe(PROBE_ECALL, &r) == 0 && r.value[0] == 42);
  REQUIRE(probe(1000, &r) == E_INVALID);
  return NULL;
}

CHECK(check_kernel_faults) {
  struct probe_result r;
  REQUIRE(probe(PROBE_MACHINE, &r) == 0 && r.value[1] == 5);    /* PMP: load access fault */
  REQUIRE(probe(PROBE_READ_ONLY, &r) == 0 && r.value[1] == 15); /* W is clear: store page fault */
  REQUIRE(probe(PROBE_NO_SUM, &r) == 0 && r.value[1] == 13);    /* U is set and SUM is not */
  REQUIRE(probe(PROBE_BREAK, &r) == 0 && r.value[0] == 3);
  return NULL;
}

/* Whether a trap with this cause into this privilege was logged since `first`. */
static bool was_logged(u64 first, u64 cause, int to) {
  static struct trap_record list[48];
  for (;;) {
    int count = traps(list, COUNT(list), first);
    for (int i = 0; i < count; i++)
      if (list[i].cause == cause && list[i].to == to) return true;
    if (count < (int)COUNT(list)) return false;
    first = list[count - 1].sequence + 1;
  }
}

#define INTERRUPT_BIT (1ul << 63)

CHECK(check_interrupts) {
  struct probe_result r;
  struct system_info info;
  system(&info);
  REQUIRE(probe(PROBE_IPI, &r) == 0);
  sleep(1);
  REQUIRE(was_logged(info.traps, INTERRUPT_BIT | 3, 3)); /* the CLINT raised M-mode's */
  REQUIRE(was_logged(info.traps, INTERRUPT_BIT | 1, 1)); /* which raised the supervisor's */
  REQUIRE(was_logged(info.traps, INTERRUPT_BIT | 5, 1)); /* and the sleep ended by a timer interrupt */
  return NULL;
}

CHECK(check_disk) {
  struct probe_result r;
  struct system_info info;
  for (int i = 0; i < 5; i++) {
    system(&info);
    REQUIRE(probe(PROBE_DISK, &r) == 0);
    REQUIRE(r.value[2] == 0x3153464843524550ul); /* "PERCHFS1" */
    REQUIRE(was_logged(info.traps, INTERRUPT_BIT | 9, 1));
  }
  return NULL;
}

CHECK(check_ecall_cost) {
  enum { CALLS = 500 };
  u64 start = read_instret();
  for (int i = 0; i < CALLS; i++) getpid();
  u64 each = (read_instret() - start) / CALLS;
  note("%ld instructions", each);
  REQUIRE(each > 10); /* no upper bound: some emulators count something else than instructions */
  return NULL;
}

#include "check.h"

#define TERMS 3000

/* A sum whose bits depend on every rounding on the way. */
static u64 series(u64 seed, bool give_way) {
  union {
    double number;
    u64 bits;
  } sum = {.number = (double)seed};
  for (int i = 1; i <= TERMS; i++) {
    sum.number += (double)(seed + 3) / ((double)i * 1.7 + sum.number);
    if (give_way && i % 100 == 0) yield();
  }
  return sum.bits;
}

static void set_rounding(u64 mode) { __asm__ volatile("csrw frm, %0" ::"r"(mode)); }
static u64 get_fcsr(void) {
  u64 v;
  __asm__ volatile("frcsr %0" : "=r"(v));
  return v;
}

static int differs(u64 seed) {
  set_rounding(seed % 4);
  u64 alone = series(seed, false), together = series(seed, true);
  return alone != together || get_fcsr() >> 5 != seed % 4;
}

/* Fills all f registers from the seed, calls yield(), and counts those that changed. */
static u64 registers_changed(u64 seed) {
  u64 in[32], out[32], changed = 0;
  for (u64 i = 0; i < 32; i++) in[i] = (seed << 32) ^ (i * 0x9e3779b97f4a7c15ul);
  register u64 *from __asm__("s2") = in;
  register u64 *to __asm__("s3") = out;
  register u64 number __asm__("a7") = CALL_yield;
  __asm__ volatile(
      ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
      "fld f\\n, (\\n * 8)(%0)\n"
      ".endr\n"
      "ecall\n"
      ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
      "fsd f\\n, (\\n * 8)(%1)\n"
      ".endr\n" ::"r"(from),
      "r"(to), "r"(number)
      : "memory", "a0", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3",
        "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9",
        "ft10", "ft11");
  for (u64 i = 0; i < 32; i++) changed += in[i] != out[i];
  return changed;
}

CHECK(check_float_switch) {
  const int children = 6;
  int wrong = 0;
  struct wait_result r;
  for (int child = 0; child < children; child++)
    if (fork() == 0) {
      u64 bad = (u64)differs((u64)child);
      for (u64 i = 0; i < 50; i++) bad += registers_changed((u64)child << 8 | i);
      exit(bad != 0);
    }
  for (int child = 0; child < children; child++) {
    REQUIRE(wait(&r, 0) > 0);
    wrong += r.reason || r.code;
  }
  REQUIRE(wrong == 0);
  return NULL;
}

CHECK(check_float_fork) {
  volatile double value = 1.5;
  register double held __asm__("fs5") = value;
  __asm__ volatile("" : "+f"(held));
  set_rounding(2);
  int pid = fork();
  __asm__ volatile("" : "+f"(held));
  if (pid == 0) exit(held == 1.5 && get_fcsr() >> 5 == 2 ? 33 : 1);
  REQUIRE(ending_of(pid).code == 33);
  REQUIRE(held == 1.5);
  return NULL;
}

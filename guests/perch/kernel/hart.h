/* What the kernel keeps per hart. tp points to it while the hart is in S-mode. */
#ifndef HART_H
#define HART_H
#include "abi.h"
#include "types.h"

struct task;

struct hart {
  u64 id;
  struct task *current;
  struct task *idle;
  int lock_depth;        /* spinlocks held; interrupts are off while not 0 */
  bool interrupts_were_on; /* before the first of them */
  bool must_yield;       /* the quantum is over, or someone more urgent is ready */
  struct task *float_owner; /* whose values the f registers hold */
};

extern struct hart harts[MAX_HARTS];
extern u32 harts_online;

static inline struct hart *this_hart(void) {
  struct hart *hart;
  __asm__ volatile("mv %0, tp" : "=r"(hart));
  return hart;
}
#endif

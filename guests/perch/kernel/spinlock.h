/* A lock a hart spins on. Interrupts stay off on the hart that holds one. */
#ifndef SPINLOCK_H
#define SPINLOCK_H
#include "types.h"

struct spinlock {
  u32 held;
  struct hart *owner;
  const char *name;
};
#define SPINLOCK(text) {.name = text}

void lock(struct spinlock *l);
void unlock(struct spinlock *l);
bool lock_is_mine(const struct spinlock *l);
/* Nested: interrupts come back on with the last one, if they were on before the first. */
void interrupts_hold(void);
void interrupts_release(void);
#endif

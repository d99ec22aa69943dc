#include "spinlock.h"
#include "hart.h"
#include "panic.h"
#include "riscv.h"

/* Nothing holds a lock for long: a hart that waits this often waits for ever. */
#define SPINS_MOST 50000000ul

void interrupts_hold(void) {
  bool were_on = csr_read(CSR_sstatus) & STATUS_SIE;
  csr_clear(CSR_sstatus, STATUS_SIE);
  struct hart *hart = this_hart();
  if (hart->lock_depth++ == 0) hart->interrupts_were_on = were_on;
}

void interrupts_release(void) {
  struct hart *hart = this_hart();
  assert(hart->lock_depth > 0);
  if (--hart->lock_depth == 0 && hart->interrupts_were_on) csr_set(CSR_sstatus, STATUS_SIE);
}

bool lock_is_mine(const struct spinlock *l) { return l->held && l->owner == this_hart(); }

void lock(struct spinlock *l) {
  interrupts_hold();
  if (lock_is_mine(l)) panic("lock %s taken twice", l->name);
  u64 spins = 0;
  while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)) {
    /* Look without writing until it seems free: waiting harts then do not fight for the cache line. */
    while (__atomic_load_n(&l->held, __ATOMIC_RELAXED)) {
      relax();
      if (++spins == SPINS_MOST) panic("lock %s is stuck, held by hart %ld", l->name, l->owner ? l->owner->id : 99);
    }
  }
  l->owner = this_hart();
}

void unlock(struct spinlock *l) {
  if (!lock_is_mine(l)) panic("lock %s is not ours to open", l->name);
  l->owner = NULL;
  __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
  interrupts_release();
}

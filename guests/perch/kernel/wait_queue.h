/* Tasks waiting for something to happen. */
#ifndef WAIT_QUEUE_H
#define WAIT_QUEUE_H
#include "spinlock.h"

struct wait_queue {
  struct task *first;
};

/*
 * Sleeps until woken, with `l` released meanwhile. Whoever wakes holds `l`, so nothing that happens after the caller
 * looked is missed. Callers look again, in a loop: a kill also wakes, to no effect.
 */
void wait_on(struct wait_queue *queue, struct spinlock *l);
/* The same for waits that may take for ever: gives up, with false, once the task is to die. */
bool wait_unless_killed(struct wait_queue *queue, struct spinlock *l);
void wake_all(struct wait_queue *queue);

/* A lock that is slept on, for work that waits for the disk. */
struct mutex {
  struct spinlock guard;
  struct task *owner;
  struct wait_queue waiters;
};
#define MUTEX(text) {.guard = SPINLOCK(text)}
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
#endif

/* Waiting for something, for a time, or for one's turn. */
#include "wait_queue.h"
#include "hart.h"
#include "panic.h"
#include "schedule.h"
#include "timer.h"

static void enqueue_and_switch(struct task *t, struct wait_queue *queue) {
  t->state = TASK_WAITING;
  t->waiting_on = queue;
  if (queue) {
    t->next = queue->first;
    queue->first = t;
  }
  switch_away();
}

static bool wait_for(struct wait_queue *queue, struct spinlock *l, bool interruptible) {
  if (l != &tasks_lock) {
    lock(&tasks_lock);
    unlock(l);
  }
  struct task *t = this_hart()->current;
  bool wait = !interruptible || !t->killed;
  if (wait) enqueue_and_switch(t, queue);
  bool goes_on = !interruptible || !t->killed;
  if (l != &tasks_lock) {
    unlock(&tasks_lock);
    lock(l);
  }
  return goes_on;
}

void wait_on(struct wait_queue *queue, struct spinlock *l) { wait_for(queue, l, false); }
bool wait_unless_killed(struct wait_queue *queue, struct spinlock *l) { return wait_for(queue, l, true); }

void wake_all_locked(struct wait_queue *queue) {
  /* The list is newest first; reversed, whoever waited longest runs first. */
  struct task *in_order = NULL;
  while (queue->first) {
    struct task *t = queue->first;
    queue->first = t->next;
    t->next = in_order;
    in_order = t;
  }
  while (in_order) {
    struct task *t = in_order;
    in_order = t->next;
    t->waiting_on = NULL;
    make_ready(t);
  }
}

void wake_all(struct wait_queue *queue) {
  lock(&tasks_lock);
  wake_all_locked(queue);
  unlock(&tasks_lock);
}

void wake_one_task(struct task *t) {
  assert(lock_is_mine(&tasks_lock));
  if (t->state != TASK_WAITING) return;
  if (t->waiting_on) {
    struct task **link = &t->waiting_on->first;
    while (*link != t) link = &(*link)->next;
    *link = t->next;
    t->waiting_on = NULL;
  }
  make_ready(t);
}

void task_sleep_until(u64 ticks) {
  lock(&tasks_lock);
  struct task *t = this_hart()->current;
  while (timer_now() < ticks && !t->killed) {
    t->wake_time = ticks;
    timer_note_deadline(ticks);
    enqueue_and_switch(t, NULL);
  }
  unlock(&tasks_lock);
}

void mutex_lock(struct mutex *m) {
  lock(&m->guard);
  while (m->owner) wait_on(&m->waiters, &m->guard);
  m->owner = this_hart()->current;
  unlock(&m->guard);
}

void mutex_unlock(struct mutex *m) {
  lock(&m->guard);
  assert(m->owner == this_hart()->current);
  m->owner = NULL;
  wake_all(&m->waiters);
  unlock(&m->guard);
}

/*
 * One ready list for all harts, first come first served. The task that gives up a hart picks its successor itself and
 * switches to it directly, holding tasks_lock across the switch; the successor opens it. A hart with nothing to do runs
 * its idle task, which waits in wfi until another hart rings.
 */
#include "float.h"
#include "hart.h"
#include "machine.h"
#include "panic.h"
#include "riscv.h"
#include "schedule.h"
#include "task.h"
#include "task_table.h"
#include "timer.h"
#include "trap.h"

void switch_context(struct context *from, struct context *to);

static struct task *ready_first, *ready_last;
static u32 idle_harts; /* bit per hart that may be in wfi; tasks_lock */

struct task *current(void) {
  interrupts_hold(); /* tp and the task must be of one hart */
  struct task *t = this_hart()->current;
  interrupts_release();
  return t;
}

static void ring_an_idle_hart(void) {
  /* An idle hart that makes something ready (in an interrupt) takes it itself. */
  if (!idle_harts || idle_harts & 1u << this_hart()->id) return;
  u64 hart = 0;
  while (!(idle_harts >> hart & 1)) hart++;
  idle_harts &= ~(1u << hart);
  machine_send_ipi(hart);
}

void make_ready(struct task *t) {
  assert(lock_is_mine(&tasks_lock));
  t->state = TASK_READY;
  t->next = NULL;
  t->wake_time = 0;
  if (ready_last) ready_last->next = t;
  else ready_first = t;
  ready_last = t;
  ring_an_idle_hart();
}

static struct task *take_ready(void) {
  struct task *t = ready_first;
  if (!t) return NULL;
  ready_first = t->next;
  if (!ready_first) ready_last = NULL;
  return t;
}

/* Address space numbers let the TLB keep several processes' translations; a hart that may hold old ones drops them. */
static void enter_space(struct task *t, struct hart *hart) {
  if (!t->space.root) {
    csr_write(CSR_satp, kernel_satp());
    return;
  }
  bool elsewhere = t->last_hart != (int)hart->id;
  csr_write(CSR_satp, satp_for(t->space.root, t->asid));
  if (elsewhere || asid_bits == 0) flush_space(t->asid);
  if (elsewhere) fence_instructions(); /* exec wrote its code, perhaps on another hart */
  t->last_hart = (int)hart->id;
}

void switch_away(void) {
  struct hart *hart = this_hart();
  struct task *from = hart->current;
  assert(lock_is_mine(&tasks_lock) && hart->lock_depth == 1 && from->state != TASK_RUNNING);
  hart->must_yield = false;
  struct task *to = take_ready();
  if (!to) to = hart->idle;
  if (ready_first) ring_an_idle_hart();
  to->state = TASK_RUNNING;
  u64 now = timer_now();
  from->run_ticks += now - from->started_ticks;
  to->started_ticks = now;
  timer_set(to != hart->idle);
  if (to == from) return;
  bool were_on = hart->interrupts_were_on;
  stack_check(from);
  float_leave(from);
  hart->current = to;
  enter_space(to, hart);
  switch_context(&from->context, &to->context);
  /* Running again, perhaps on another hart. */
  tasks_lock.owner = this_hart();
  this_hart()->interrupts_were_on = were_on;
}

void task_use_space(void) {
  interrupts_hold();
  struct task *t = this_hart()->current;
  t->last_hart = -1;
  enter_space(t, this_hart());
  interrupts_release();
}

void task_started(bool kernel_task) {
  tasks_lock.owner = this_hart();
  this_hart()->interrupts_were_on = kernel_task; /* a process first goes to user mode, with interrupts off */
  unlock(&tasks_lock);
  if (!kernel_task) prepare_return(this_hart()->current);
}

void task_yield(void) {
  lock(&tasks_lock);
  struct task *t = this_hart()->current;
  if (t == this_hart()->idle) t->state = TASK_READY;
  else make_ready(t);
  switch_away();
  unlock(&tasks_lock);
}

void task_idle(void) {
  for (;;) {
    lock(&tasks_lock);
    while (ready_first) {
      this_hart()->current->state = TASK_READY;
      switch_away();
    }
    idle_harts |= 1u << this_hart()->id;
    /* Interrupts stay off from the look to the wfi: what comes in between is pending and ends the wfi at once. */
    interrupts_hold();
    unlock(&tasks_lock);
    wait_for_interrupt();
    interrupts_release();
    csr_set(CSR_sstatus, STATUS_SIE);
    lock(&tasks_lock);
    idle_harts &= ~(1u << this_hart()->id);
    unlock(&tasks_lock);
  }
}

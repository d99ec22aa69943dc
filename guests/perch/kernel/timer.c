#include "timer.h"
#include "device_tree.h"
#include "hart.h"
#include "machine.h"
#include "panic.h"
#include "print.h"
#include "riscv.h"
#include "schedule.h"
#include "task_table.h"

#define NEVER (~0ul)

static u64 earliest = NEVER; /* no later than any sleeper's wake_time; tasks_lock */
static u64 watchdog;

u64 timer_now(void) { return csr_read(CSR_time); }
u64 ticks_to_ms(u64 ticks) { return ticks / (board.timebase_hz / 1000); }
u64 ms_to_ticks(u64 ms) { return ms * (board.timebase_hz / 1000); }

static void set_deadline(u64 ticks) {
  if (machine_report.sstc) csr_write(CSR_STIMECMP, ticks);
  else machine_call(MACHINE_SET_TIMER, ticks);
}

void timer_set(bool quantum) {
  u64 deadline = earliest;
  if (quantum) deadline = MIN(deadline, timer_now() + ms_to_ticks(QUANTUM_MS));
  if (watchdog) deadline = MIN(deadline, watchdog);
  set_deadline(deadline);
}

void timer_note_deadline(u64 ticks) { earliest = MIN(earliest, ticks); }

static void wake_sleepers(u64 now) {
  if (now < earliest) return;
  earliest = NEVER;
  for (struct task *t = task_table; t < task_table + MAX_TASKS; t++) {
    if (t->state != TASK_WAITING || !t->wake_time) continue;
    if (t->wake_time <= now) wake_one_task(t);
    else timer_note_deadline(t->wake_time);
  }
}

void watchdog_set(u64 ticks) {
  lock(&tasks_lock);
  watchdog = ticks;
  unlock(&tasks_lock);
}

static void watchdog_bites(void) {
  static const char *const states[] = {"free", "starting", "ready", "running", "waiting", "zombie"};
  for (struct task *t = task_table; t < task_table + MAX_TASKS; t++)
    if (t->state != TASK_FREE)
      print_unlocked("\n pid %d %s %s, hart %d, pc %p", t->pid, t->name, states[t->state], t->last_hart, t->frame->epc);
  panic("the watchdog's time is over");
}

void timer_interrupt(void) {
  u64 now = timer_now();
  lock(&tasks_lock);
  if (watchdog && now >= watchdog) watchdog_bites();
  wake_sleepers(now);
  timer_set(this_hart()->current != this_hart()->idle);
  unlock(&tasks_lock);
  this_hart()->must_yield = true;
}

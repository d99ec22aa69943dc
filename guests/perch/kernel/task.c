#include "task.h"
#include "file.h"
#include "float.h"
#include "fs.h"
#include "hart.h"
#include "memory_map.h"
#include "panic.h"
#include "riscv.h"
#include "schedule.h"
#include "task_table.h"
#include "text.h"
#include "timer.h"

struct spinlock tasks_lock = SPINLOCK("tasks");
struct task task_table[MAX_TASKS];
u64 asid_bits;

static struct task idle_tasks[MAX_HARTS];
static struct task *first_task; /* adopts orphans */
static int last_pid;

extern u8 task_stacks[];
void task_first_run(void);

#define STACK_MARK 0x7065726368737461ul /* at the far end of every kernel stack */

static u8 *stack_of(const struct task *t) { return task_stacks + (u64)(t - task_table) * TASK_STACK_BYTES; }

void stack_check(const struct task *t) {
  if (t >= task_table && t < task_table + MAX_TASKS && *(u64 *)stack_of(t) != STACK_MARK)
    panic("kernel stack of pid %d overflowed", t->pid);
}

u64 satp_for(const pte *root, u64 asid) {
  return SATP_SV39 | asid << SATP_ASID_SHIFT | (u64)root / PAGE_BYTES;
}

u64 kernel_satp(void) { return satp_for(kernel_root, 0); }

/*
 * How many address space numbers there are is found by writing ones and reading back. Too few count as none: every
 * process then has number 0, and what the TLB knows of it goes at each switch.
 */
void translation_start(void) {
  csr_write(CSR_satp, kernel_satp() | SATP_ASID_MASK << SATP_ASID_SHIFT);
  u64 kept = csr_read(CSR_satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
  u64 bits = 0;
  while (kept >> bits & 1) bits++;
  asid_bits = kept > MAX_TASKS ? bits : 0;
  csr_write(CSR_satp, kernel_satp());
  flush_translations();
}

void task_become_idle(struct hart *hart) {
  struct task *t = &idle_tasks[hart->id];
  copy_text(t->name, "idle", sizeof t->name);
  t->state = TASK_RUNNING;
  t->float_hart = -1;
  hart->idle = hart->current = t;
}

/* ---- beginning ---- */

struct task *task_create(const char *name, void (*entry)(void)) {
  lock(&tasks_lock);
  struct task *t = task_table;
  while (t < task_table + MAX_TASKS && t->state != TASK_FREE) t++;
  if (t == task_table + MAX_TASKS) {
    unlock(&tasks_lock);
    return NULL;
  }
  memset(t, 0, sizeof *t);
  t->state = TASK_STARTING;
  t->pid = t->group = ++last_pid;
  t->asid = asid_bits ? (u16)(t - task_table + 1) : 0;
  t->last_hart = t->float_hart = -1;
  t->parent = first_task;
  if (!first_task) first_task = t;
  unlock(&tasks_lock);

  copy_text(t->name, name, sizeof t->name);
  u8 *stack = stack_of(t);
  *(u64 *)stack = STACK_MARK;
  t->frame = (struct trap_frame *)(stack + TASK_STACK_BYTES) - 1;
  memset(t->frame, 0, sizeof *t->frame);
  t->context.ra = (u64)task_first_run;
  t->context.sp = (u64)t->frame;
  t->context.s[0] = (u64)t->frame;
  t->context.s[1] = (u64)entry;
  return t;
}

void task_launch(struct task *t) {
  lock(&tasks_lock);
  make_ready(t);
  unlock(&tasks_lock);
}

void task_abandon(struct task *t) {
  space_destroy(&t->space);
  lock(&tasks_lock);
  t->state = TASK_FREE;
  unlock(&tasks_lock);
}

/* ---- end ---- */

static void give_back(struct task *t) {
  for (int i = 0; i < OPEN_FILES; i++)
    if (t->files[i]) file_close(t->files[i]);
  memset(t->files, 0, sizeof t->files);
  if (t->directory) inode_put(t->directory);
  t->directory = NULL;
  /* Leave the page tables before freeing them. */
  struct space old = t->space;
  interrupts_hold();
  t->space.root = NULL;
  csr_write(CSR_satp, kernel_satp());
  interrupts_release();
  space_destroy(&old);
}

static void hand_children_over(struct task *parent) {
  for (struct task *t = task_table; t < task_table + MAX_TASKS; t++) {
    if (t->state == TASK_FREE || t->parent != parent) continue;
    t->parent = first_task;
    if (t->state == TASK_ZOMBIE) wake_all_locked(&first_task->child_ended);
  }
}

void task_exit(int code) {
  struct task *t = current();
  if (t == first_task) panic("the first process ended with %d (reason %p)", code, (u64)t->killed);
  give_back(t);
  lock(&tasks_lock);
  float_forget(t);
  hand_children_over(t);
  t->result.pid = t->pid;
  t->result.code = code;
  t->result.reason = t->killed;
  t->state = TASK_ZOMBIE;
  wake_all_locked(&t->parent->child_ended);
  switch_away();
  panic("a dead task runs");
}

static void mark_killed(struct task *t, int reason) {
  if (!t->killed) t->killed = reason;
  wake_one_task(t);
}

bool task_kill(int pid, int reason) {
  bool found = false;
  lock(&tasks_lock);
  for (struct task *t = task_table; t < task_table + MAX_TASKS; t++)
    if (t->state != TASK_FREE && t->state != TASK_ZOMBIE && t->pid == pid && t->space.root && t != first_task) {
      mark_killed(t, reason);
      found = true;
    }
  unlock(&tasks_lock);
  return found;
}

void task_kill_group(int group, int reason) {
  lock(&tasks_lock);
  for (struct task *t = task_table; t < task_table + MAX_TASKS; t++)
    if (t->state != TASK_FREE && t->state != TASK_ZOMBIE && t->group == group && t->space.root && t != first_task)
      mark_killed(t, reason);
  unlock(&tasks_lock);
}

int task_wait(struct wait_result *result, bool hang) {
  struct task *me = current();
  lock(&tasks_lock);
  for (;;) {
    bool children = false;
    for (struct task *t = task_table; t < task_table + MAX_TASKS; t++) {
      if (t->state == TASK_FREE || t->parent != me || t == me) continue;
      children = true;
      if (t->state != TASK_ZOMBIE) continue;
      *result = t->result;
      t->state = TASK_FREE;
      unlock(&tasks_lock);
      return result->pid;
    }
    if (!children || me->killed || !hang) {
      int answer = !children ? E_NO_CHILD : me->killed ? E_INTERRUPTED : 0;
      unlock(&tasks_lock);
      return answer;
    }
    wait_unless_killed(&me->child_ended, &tasks_lock);
  }
}

int tasks_list(struct task_info *to, int count) {
  int found = 0;
  lock(&tasks_lock);
  for (struct task *t = task_table; t < task_table + MAX_TASKS && found < count; t++) {
    if (t->state == TASK_FREE) continue;
    u64 ticks = t->run_ticks + (t->state == TASK_RUNNING ? timer_now() - t->started_ticks : 0);
    to[found] = (struct task_info){
        .pid = t->pid,
        .parent = t->parent ? t->parent->pid : 0,
        .group = t->group,
        .state = t->state,
        .hart = t->last_hart,
        .pages = t->space.pages,
        .run_ms = ticks_to_ms(ticks),
    };
    copy_text(to[found++].name, t->name, sizeof t->name);
  }
  unlock(&tasks_lock);
  return found;
}

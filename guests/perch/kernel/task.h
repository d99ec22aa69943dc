/* Tasks: processes, the kernel's own tasks, and one idle task per hart. */
#ifndef TASK_H
#define TASK_H
#include "abi.h"
#include "space.h"
#include "spinlock.h"
#include "trap_frame.h"
#include "wait_queue.h"

struct context { /* in the order of switch_context */
  u64 ra, sp, s[12];
};

struct task {
  struct context context;
  struct trap_frame *frame; /* at the top of the kernel stack; only for processes */
  struct space space;
  u16 asid;
  int last_hart; /* whose TLB may know this address space; -1: none does */

  int pid;
  int group;
  int state; /* enum task_state; this and the next six: tasks_lock */
  struct task *parent;
  struct task *next;              /* on the ready list or a wait queue */
  struct wait_queue *waiting_on;
  u64 wake_time;                  /* ticks, 0: no time limit */
  int killed;                     /* ENDED_... once it must die, else 0 */
  struct wait_queue child_ended;
  struct wait_result result;

  struct file *files[OPEN_FILES];
  struct inode *directory;

  u64 floats[33]; /* f0..f31, fcsr */
  int float_hart; /* whose f registers hold the same, if that hart's float_owner is this task; -1: none */

  u64 run_ticks, started_ticks;
  char name[16];
};

extern struct spinlock tasks_lock;

/* Makes the calling flow of control this hart's idle task. */
void task_become_idle(struct hart *hart);
struct task *current(void);

/* A task in the making, owned by the caller, or NULL. `entry` NULL: it starts in user mode from its frame. */
struct task *task_create(const char *name, void (*entry)(void));
void task_launch(struct task *t);
void task_abandon(struct task *t);
void task_exit(int code) __attribute__((noreturn));
/* Marks it; it ends when it next leaves the kernel. */
bool task_kill(int pid, int reason);
void task_kill_group(int group, int reason);
int task_wait(struct wait_result *result, bool hang);
int tasks_list(struct task_info *to, int count);

/* Gives the hart away; returns when chosen again. */
void task_yield(void);
void task_sleep_until(u64 ticks);
/* The idle task's life. */
void task_idle(void) __attribute__((noreturn));
/* After the address space changed under the running task. */
void task_use_space(void);
#endif

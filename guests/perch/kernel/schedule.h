/* Inside of the scheduler, for task.c and timer.c. Everything here wants tasks_lock held. */
#ifndef SCHEDULE_H
#define SCHEDULE_H
#include "task.h"

void make_ready(struct task *t);
/* The current task, no longer TASK_RUNNING, gives the hart away. */
void switch_away(void);
void wake_all_locked(struct wait_queue *queue);
void wake_one_task(struct task *t);
#endif

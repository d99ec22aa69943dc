/* Inside of task.c, for the scheduler and the timer. */
#ifndef TASK_TABLE_H
#define TASK_TABLE_H
#include "task.h"

extern struct task task_table[MAX_TASKS];
extern u64 asid_bits;
u64 kernel_satp(void);
u64 satp_for(const pte *root, u64 asid);
void stack_check(const struct task *t);
/* Turns translation on for this hart. */
void translation_start(void);
#endif

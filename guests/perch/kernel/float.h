/*
 * Floating-point registers, lazily. A program starts each time slice with FS = Off unless the f registers still hold its
 * values; its first floating-point instruction then traps as illegal and fetches them. They are saved when it loses the
 * hart, and only if FS says that they changed.
 */
#ifndef FLOAT_H
#define FLOAT_H
#include "task.h"

/* The current task's floating-point unit was off and is on now; false: it was on already. */
bool float_first_use(struct task *t);
/* Interrupts off, before another task runs. */
void float_leave(struct task *t);
/* Interrupts off, before returning to the program: FS for what the registers hold. */
void float_return(struct task *t);
/* The child begins with the parent's values. */
void float_fork(struct task *to, struct task *from);
void float_reset(struct task *t);
/* Its slot may be another task's soon. */
void float_forget(struct task *t);
#endif

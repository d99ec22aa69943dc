#ifndef TRAP_H
#define TRAP_H
#include "task.h"

/* Points this hart's traps at the kernel. */
void traps_start(void);
/* The last of the kernel's work before return_to_user; leaves interrupts off. */
void prepare_return(struct task *t);
#endif

/* The last traps of all harts, for `traptour` and for whoever debugs the kernel. */
#ifndef TRAP_LOG_H
#define TRAP_LOG_H
#include "abi.h"

/* Fills in sequence and time. */
void trap_log_add(const struct trap_record *record);
u64 trap_log_next(void);
/* Copies up to `count` records from number `first` on that are still there; gives how many. */
int trap_log_read(struct trap_record *to, int count, u64 first);
#endif

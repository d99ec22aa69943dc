#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H
#include "trap_frame.h"
/* Serves the call in the frame's a7; interrupts are on. */
void system_call(struct trap_frame *frame);
/* probe.c: performs the operation and times it. */
i64 probe(int operation, u64 result);
#endif

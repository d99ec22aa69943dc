/* The little that runs in M-mode, and what it tells the kernel. */
#ifndef MACHINE_H
#define MACHINE_H
#include "types.h"

struct machine_report {
  bool sstc;
  u64 misa, medeleg, mideleg, menvcfg, pmpcfg0, pmpaddr0, pmpaddr1;
};
extern struct machine_report machine_report;

/* Calls from S-mode to M-mode: a0 names the call, a1 is its argument, the answer comes back in a0. */
enum machine_call { MACHINE_SET_TIMER, MACHINE_ECHO };
u64 machine_call(u64 call, u64 argument);

/* Lets the harts that wait in M-mode go on to kernel_start. */
void machine_release_harts(void);
/* Raises a hart's software interrupt; M-mode turns it into a supervisor one. */
void machine_send_ipi(u64 hart);
u64 machine_only_address(void);
#endif

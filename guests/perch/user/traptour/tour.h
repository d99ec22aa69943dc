/* The tour's steps and how they show what the kernel's trap log holds. */
#ifndef TOUR_H
#define TOUR_H
#include "user.h"

#define INTERRUPT_BIT (1ul << 63)

struct step {
  const char *title;
  const char *before; /* what is about to happen */
  void (*act)(void);  /* does it and shows the registers */
  const char *bare;   /* who deals with it on bare hardware */
  const char *monitor; /* and under a trap-and-emulate monitor */
};
extern const struct step steps[];
extern const int step_count;

/* The next trap's number: what happens from now on is logged from there. */
u64 mark(void);
/* Shows the first trap since `first` with this cause into this privilege (1: S, 3: M); `pid` 0: anybody's. */
bool show_trap(u64 first, u64 cause, int to, int pid);
#endif

/* Time: when each hart is next interrupted, and whom that wakes. */
#ifndef TIMER_H
#define TIMER_H
#include "types.h"

#define QUANTUM_MS 10

u64 timer_now(void); /* ticks of the timebase */
u64 ticks_to_ms(u64 ticks);
u64 ms_to_ticks(u64 ms);
/* Sets this hart's next timer interrupt: the end of a quantum if it runs something, or the earliest sleeper.
   tasks_lock held. */
void timer_set(bool quantum);
/* Someone sleeps until then. tasks_lock held. */
void timer_note_deadline(u64 ticks);
void timer_interrupt(void);
/* Panics at that time unless moved; 0 turns it off. */
void watchdog_set(u64 ticks);
#endif

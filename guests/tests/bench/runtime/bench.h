/* What a benchmark is: the same on the bare machine, under Linux, and on the host's own processor. */
#ifndef BENCH_H
#define BENCH_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

/* What need not be measured, before the first round; a benchmark may go without. */
void bench_prepare(void) __attribute__((weak));
/* One round: does its work and gives a checksum of the result, the same every time. Nothing may depend on time. */
u64 bench(void);
extern const char bench_name[];
/* What it must come to; a different checksum fails the run. */
extern const u64 bench_checksum;
#endif

/* What a benchmark gets: a program on the bare machine, in M-mode, with a serial port and a way to stop. */
#ifndef BENCH_H
#define BENCH_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

/* The benchmark: does its work and gives a checksum of the result. Nothing may depend on time. */
u64 bench(void);
extern const char bench_name[];
/* What it must come to; a different checksum fails the run. */
extern const u64 bench_checksum;

void print_text(const char *text);
void print_number(u64 value);
void print_hex(u64 value);
#endif

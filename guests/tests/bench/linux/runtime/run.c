/* Under an operating system: PROGRAM [ROUNDS] prints when the benchmark begins and how it ended, in the words of
 * ../../runtime/run.c with nanoseconds instead of counters. Exit status: 0 if the checksum is right. No rounds, no words. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

static u64 nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

int main(int count, char **arguments) {
  u64 rounds = count > 1 ? strtoul(arguments[1], 0, 10) : 1, checksum = bench_checksum;
  if (rounds == 0) return 0;
  if (bench_prepare) bench_prepare();
  printf("%s: begin\n", bench_name);
  fflush(stdout);
  tcdrain(STDOUT_FILENO); /* The line has left the serial port before the clock starts. */
  u64 started = nanoseconds();
  while (rounds-- && checksum == bench_checksum) checksum = bench();
  u64 spent = nanoseconds() - started;
  int right = checksum == bench_checksum;
  printf("%s: checksum 0x%lx %s, %lu ns\n", bench_name, checksum, right ? "ok" : "WRONG", spent);
  return right ? 0 : 1;
}

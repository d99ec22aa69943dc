/* Two processes pass a byte to and fro through two pipes: system calls, sleeping, waking, switching address spaces. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define TRIPS 1000

const char bench_name[] = "pipes";
const u64 bench_checksum = TRIPS;

static void answer(int from, int to) {
  u8 byte;
  while (read(from, &byte, 1) == 1)
    if (write(to, &byte, 1) != 1) break;
  _exit(0);
}

u64 bench(void) {
  int there[2], back[2];
  u64 trips = 0;
  if (pipe(there) || pipe(back)) return 0;
  pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) {
    close(there[1]);
    answer(there[0], back[1]);
  }
  close(there[0]);
  close(back[1]);
  for (int i = 0; i < TRIPS; i++) {
    u8 sent = (u8)i, received = 0;
    if (write(there[1], &sent, 1) != 1 || read(back[0], &received, 1) != 1) break;
    trips += sent == received;
  }
  close(there[1]);
  close(back[0]);
  waitpid(child, 0, 0);
  return trips;
}

/* A process is made, ends, and is waited for: address spaces copied and dropped. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define PROCESSES 100

const char bench_name[] = "fork";
const u64 bench_checksum = PROCESSES;

u64 bench(void) {
  u64 right = 0;
  for (int i = 0; i < PROCESSES; i++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) _exit(i & 63);
    right += child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == (i & 63);
  }
  return right;
}

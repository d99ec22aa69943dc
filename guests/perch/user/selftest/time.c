#include "check.h"

CHECK(check_sleep) {
  u64 start = uptime(), ticks = read_time();
  REQUIRE(sleep(30) == 0);
  u64 slept = uptime() - start;
  REQUIRE(slept >= 29);
  REQUIRE(read_time() > ticks);
  int ends[2];
  char order[3];
  REQUIRE(pipe(ends) == 0);
  for (int i = 3; i >= 1; i--)
    if (fork() == 0) {
      char c = (char)('0' + i);
      sleep((u64)i * 40);
      write(ends[1], &c, 1);
      exit(0);
    }
  for (int i = 0; i < 3; i++) REQUIRE(read(ends[0], order + i, 1) == 1);
  REQUIRE(order[0] == '1' && order[1] == '2' && order[2] == '3');
  u64 last = read_time();
  for (int i = 0; i < 1000; i++) {
    u64 now = read_time();
    REQUIRE(now >= last);
    last = now;
  }
  return NULL;
}

/* More spinning processes than harts: all get on only if the timer takes the hart away from each. */
CHECK(check_preemption) {
  struct system_info info;
  system(&info);
  u64 children = info.harts + 2;
  volatile u64 *counters = share(1);
  int pids[MAX_HARTS + 2];
  REQUIRE(counters != NULL);
  for (u64 i = 0; i < children; i++) {
    pids[i] = fork();
    if (pids[i] == 0)
      for (;;) counters[i]++;
  }
  u64 waiting = 0;
  for (int round = 0; round < 100; round++) {
    sleep(10);
    waiting = 0;
    for (u64 i = 0; i < children; i++) waiting += counters[i] == 0;
    if (!waiting) break;
  }
  for (u64 i = 0; i < children; i++) {
    kill(pids[i]);
    ending_of(pids[i]);
  }
  REQUIRE(waiting == 0);
  return NULL;
}

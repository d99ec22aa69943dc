#include "check.h"

CHECK(check_sleep) {
  u64 start = uptime(), ticks = read_time();
  REQUIRE(sleep(30) == 0);
  u64 slept = uptime() - start;
  REQUIRE(slept >= 29);
  REQUIRE(read_time() > ticks);
  /* Several sleepers at once. Who is late says something of the host; who is early says something of the kernel. */
  for (u64 i = 0; i < 6; i++)
    if (fork() == 0) {
      u64 asked = 10 + 7 * ((i * 5) % 6), begin = uptime();
      exit(sleep(asked) == 0 && uptime() - begin + 1 >= asked ? 0 : 1);
    }
  struct wait_result r;
  for (int i = 0; i < 6; i++) REQUIRE(wait(&r, 0) > 0 && r.reason == ENDED_EXIT && r.code == 0);
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

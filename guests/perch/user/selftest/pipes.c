#include "check.h"

#define TOTAL 30000

static u8 pattern(u64 i) { return (u8)(i * 7 + i / 251); }

CHECK(check_pipe_data) {
  static u8 part[1500];
  int ends[2];
  u64 done = 0;
  i64 got;
  REQUIRE(pipe(ends) == 0);
  int pid = fork();
  if (pid == 0) {
    close(ends[0]);
    while (done < TOTAL) {
      u64 count = MIN((done % 977) + 1, TOTAL - done);
      for (u64 i = 0; i < count; i++) part[i] = pattern(done + i);
      if (write_all(ends[1], part, count)) exit(1);
      done += count;
    }
    exit(0);
  }
  close(ends[1]);
  while ((got = read(ends[0], part, done % 1400 + 1)) > 0)
    for (i64 i = 0; i < got; i++, done++) REQUIRE(part[i] == pattern(done));
  REQUIRE(got == 0 && done == TOTAL);
  REQUIRE(ending_of(pid).code == 0);
  return NULL;
}

CHECK(check_pipe_ends) {
  int ends[2];
  char c;
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], "ab", 2) == 2);
  REQUIRE(write(ends[0], "x", 1) == E_BAD_FD);
  REQUIRE(read(ends[1], &c, 1) == E_BAD_FD);
  close(ends[1]);
  REQUIRE(read(ends[0], &c, 1) == 1 && c == 'a');
  REQUIRE(read(ends[0], &c, 1) == 1 && c == 'b');
  REQUIRE(read(ends[0], &c, 1) == 0);
  close(ends[0]);
  REQUIRE(pipe(ends) == 0);
  close(ends[0]);
  REQUIRE(write(ends[1], "x", 1) == E_PIPE);
  REQUIRE(read(OPEN_FILES, &c, 1) == E_BAD_FD);
  REQUIRE(read(-1, &c, 1) == E_BAD_FD);
  int copy = dup(1, -1);
  REQUIRE(copy >= 0 && close(copy) == 0 && close(copy) == E_BAD_FD);
  return NULL;
}

#include "check.h"

CHECK(check_fork) {
  for (int i = 0; i < 30; i++) {
    int pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) exit(i + 1);
    struct wait_result r = ending_of(pid);
    REQUIRE(r.reason == ENDED_EXIT && r.code == i + 1 && r.pid == pid);
  }
  struct wait_result none;
  REQUIRE(wait(&none, 0) == E_NO_CHILD);
  return NULL;
}

CHECK(check_fork_storm) {
  int started = 0, ended = 0;
  struct wait_result r;
  u64 before = free_pages();
  int gate[2];
  REQUIRE(pipe(gate) == 0);
  for (int pid; started < 2 * MAX_TASKS && (pid = fork()) != E_AGAIN; started++) {
    REQUIRE(pid >= 0);
    if (pid) continue;
    char c;
    close(gate[1]);
    read(gate[0], &c, 1); /* until the parent closes its end: all live at once */
    exit(7);
  }
  close(gate[0]);
  close(gate[1]);
  while (wait(&r, 0) > 0) ended += r.code == 7;
  note("%ld at once", (u64)started);
  REQUIRE(started > MAX_TASKS / 2 && started < MAX_TASKS);
  REQUIRE(ended == started);
  REQUIRE(free_pages() + 8 >= before);
  return NULL;
}

/* What a program writes, up to `room` bytes; its exit code, or -1. */
static int output_of(char *const argv[], char *to, int room) {
  int ends[2], length = 0;
  if (pipe(ends)) return -1;
  int pid = fork();
  if (pid == 0) {
    dup(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    exec(argv[0], argv);
    exit(99);
  }
  close(ends[1]);
  i64 got;
  while (length < room - 1 && (got = read(ends[0], to + length, (u64)(room - 1 - length))) > 0) length += (int)got;
  to[length] = 0;
  close(ends[0]);
  struct wait_result r = ending_of(pid);
  return r.reason ? -1 : r.code;
}

CHECK(check_exec) {
  static char text[128];
  char *echo[] = {"/bin/echo", "one", "two words", "", "three", NULL};
  for (int i = 0; i < 5; i++) {
    REQUIRE(output_of(echo, text, sizeof text) == 0);
    REQUIRE(!strcmp(text, "one two words  three\n"));
  }
  char *none[] = {"x", NULL};
  REQUIRE(exec("/bin/there-is-no-such-program", none) == E_NO_ENTRY);
  REQUIRE(exec("/motd", none) == E_NOT_EXEC);
  REQUIRE(exec("/bin", none) == E_NOT_EXEC);
  return NULL;
}

CHECK(check_shell) {
  static char text[128];
  char *pipeline[] = {
      "/bin/sh", "-c",
      "echo 'a b' c > /tmp/s; cat < /tmp/s | grep 'a b' | wc; echo d >> /tmp/s; wc /tmp/s; rm /tmp/s", NULL,
  };
  REQUIRE(output_of(pipeline, text, sizeof text) == 0);
  REQUIRE(!strcmp(text, "1 3 6 \n2 4 8 /tmp/s\n"));
  return NULL;
}

CHECK(check_orphans) {
  int ends[2];
  char byte = 0;
  REQUIRE(pipe(ends) == 0);
  int pid = fork();
  if (pid == 0) {
    if (fork() == 0) {
      sleep(20); /* its parent is gone by now */
      write(ends[1], "x", 1);
    }
    exit(0);
  }
  ending_of(pid);
  close(ends[1]);
  REQUIRE(read(ends[0], &byte, 1) == 1 && byte == 'x');
  REQUIRE(read(ends[0], &byte, 1) == 0);
  return NULL;
}

static int spin(void) {
  while (true) __asm__ volatile("" ::: "memory");
  return 0;
}

static int sleep_long(void) { return sleep(1000000); }

static int read_for_ever(void) {
  int ends[2];
  char c;
  pipe(ends);
  return (int)read(ends[0], &c, 1);
}

static int wait_for_ever(void) {
  if (fork() == 0) {
    sleep(200);
    exit(0);
  }
  return wait(NULL, 0);
}

CHECK(check_kill) {
  static int (*const victims[])(void) = {spin, sleep_long, read_for_ever, wait_for_ever};
  for (u64 i = 0; i < COUNT(victims); i++) {
    int pid = fork();
    if (pid == 0) exit(victims[i]());
    sleep(i % 2 ? 5 : 15);
    REQUIRE(kill(pid) == 0);
    REQUIRE(ending_of(pid).reason == ENDED_KILL);
  }
  REQUIRE(kill(1) == E_INVALID);
  REQUIRE(kill(123456) == E_INVALID);
  return NULL;
}

/* The first process: starts what the kernel's command line asks for, and buries orphans. */
#include "user.h"

static int start(const char *path) {
  char *argv[] = {(char *)path + 5 /* after "/bin/" */, NULL};
  int pid = fork();
  if (pid == 0) {
    foreground(group(0));
    int error = exec(path, argv);
    exit(complain("init", path, error));
  }
  return pid;
}

/* Waits for this one, and for whatever else ends meanwhile. */
static struct wait_result wait_for(int pid) {
  struct wait_result result = {0};
  while (wait(&result, 0) != pid) continue;
  return result;
}

static bool asked_for(int argc, char **argv, const char *word) {
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], word)) return true;
  return false;
}

int main(int argc, char **argv) {
  if (asked_for(argc, argv, "selftest")) {
    struct wait_result result = wait_for(start("/bin/selftest"));
    poweroff(result.reason ? 1 : result.code);
  }
  struct system_info info;
  system(&info);
  print("perch is up: %ld hart%s, %ld KiB free. `help` lists the commands, `traptour` explains traps.\n", info.harts,
        info.harts == 1 ? "" : "s", info.pages_free * (PAGE_BYTES / 1024));
  for (;;) wait_for(start("/bin/sh"));
}

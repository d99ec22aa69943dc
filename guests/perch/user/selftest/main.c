/* selftest [NAME...]: runs all checks, or those whose name contains a given text. */
#include "check.h"

#define CHECK_MS 120000 /* of the guest's time; a check that takes this long hangs */

static const struct check checks[] = {
    {"fork and wait", check_fork},
    {"fork until the table is full", check_fork_storm},
    {"exec", check_exec},
    {"orphans are adopted", check_orphans},
    {"kill", check_kill},
    {"pipe carries data", check_pipe_data},
    {"pipe ends", check_pipe_ends},
    {"shell pipeline", check_shell},
    {"file contents", check_file_contents},
    {"directories and names", check_file_names},
    {"many files", check_many_files},
    {"shared and removed open files", check_file_sharing},
    {"copy-on-write", check_copy_on_write},
    {"lazy heap", check_lazy_heap},
    {"stack grows", check_stack},
    {"faults end a process", check_faults},
    {"bad pointers are refused", check_bad_pointers},
    {"sleep and time", check_sleep},
    {"preemption", check_preemption},
    {"floating point across switches", check_float_switch},
    {"floating point across fork", check_float_fork},
    {"misaligned access", check_misaligned},
    {"contention on one word", check_contention},
    {"supervisor registers", check_kernel_registers},
    {"kernel faults", check_kernel_faults},
    {"software and timer interrupts", check_interrupts},
    {"disk", check_disk},
    {"ecall cost", check_ecall_cost},
};

void note(const char *pattern, u64 value) {
  print(" (");
  print(pattern, value);
  print(")");
}

struct wait_result ending_of(int pid) {
  struct wait_result result = {0};
  int got;
  do got = wait(&result, 0);
  while (got >= 0 && got != pid);
  if (got < 0) result.reason = -1;
  return result;
}

int in_child(int (*work)(void)) {
  int pid = fork();
  if (pid == 0) exit(work());
  struct wait_result result = ending_of(pid);
  return result.reason == ENDED_EXIT ? result.code : -1;
}

u64 free_pages(void) {
  struct system_info info;
  system(&info);
  return info.pages_free;
}

/* In a child: what a check leaves behind (memory, files open, children) goes with it. */
static bool passes(const struct check *c) {
  watchdog(CHECK_MS);
  int pid = fork();
  if (pid < 0) {
    print("FAIL %s: no process for it\n", c->name);
    return false;
  }
  if (pid == 0) {
    print("%s", c->name);
    const char *problem = c->run();
    if (problem) print(": FAILED at %s\n", problem);
    else print(": ok\n");
    exit(problem ? 1 : 0);
  }
  struct wait_result result = ending_of(pid);
  if (result.reason)
    print(": FAILED, ended for reason %p, pc %p, address %p\n", (u64)(u32)result.reason, result.pc, result.value);
  return !result.reason && result.code == 0;
}

static bool wanted(const struct check *c, int argc, char **argv) {
  if (argc < 2) return true;
  for (int i = 1; i < argc; i++)
    if (strstr(c->name, argv[i])) return true;
  return false;
}

int main(int argc, char **argv) {
  int passed = 0, failed = 0;
  for (u64 i = 0; i < COUNT(checks); i++) {
    if (!wanted(&checks[i], argc, argv)) continue;
    if (passes(&checks[i])) passed++;
    else failed++;
  }
  watchdog(0);
  print("selftest: %d passed, %d failed\n", passed, failed);
  return failed || !passed ? 1 : 0;
}

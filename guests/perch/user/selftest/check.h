/* A check is a function that gives NULL, or why it failed. Each runs in a process of its own. */
#ifndef CHECK_H
#define CHECK_H
#include "user.h"

struct check {
  const char *name;
  const char *(*run)(void);
};

#define TEXT_OF(x) #x
#define LINE_TEXT(line) TEXT_OF(line)
#define REQUIRE(condition) \
  do \
    if (!(condition)) return __FILE_NAME__ ":" LINE_TEXT(__LINE__) ": " #condition; \
  while (0)

/* What the check measured, printed behind its name. */
void note(const char *pattern, u64 value);

/* Waits for this child and tells how it ended. */
struct wait_result ending_of(int pid);
/* The code of a child that runs `work` and exits with what it gives; -1: it did not end by itself. */
int in_child(int (*work)(void));
u64 free_pages(void);

#define CHECK(function) const char *function(void)
CHECK(check_fork);
CHECK(check_fork_storm);
CHECK(check_exec);
CHECK(check_orphans);
CHECK(check_kill);
CHECK(check_pipe_data);
CHECK(check_pipe_ends);
CHECK(check_shell);
CHECK(check_file_contents);
CHECK(check_file_names);
CHECK(check_many_files);
CHECK(check_file_sharing);
CHECK(check_copy_on_write);
CHECK(check_lazy_heap);
CHECK(check_stack);
CHECK(check_faults);
CHECK(check_bad_pointers);
CHECK(check_sleep);
CHECK(check_preemption);
CHECK(check_float_switch);
CHECK(check_float_fork);
CHECK(check_misaligned);
CHECK(check_contention);
CHECK(check_kernel_registers);
CHECK(check_kernel_faults);
CHECK(check_interrupts);
CHECK(check_disk);
CHECK(check_ecall_cost);
#endif

/* What a program has: the system calls and a small library. */
#ifndef USER_H
#define USER_H
#include "types.h"
#include "abi.h"
#include "text.h"

void exit(int code) __attribute__((noreturn));
int fork(void);
int exec(const char *path, char *const argv[]);
int wait(struct wait_result *result, int flags);
int kill(int pid);
int getpid(void);
void yield(void);
int sleep(u64 milliseconds);
u64 uptime(void);
void *sbrk(i64 bytes); /* NULL: no */
void *share(u64 pages);
int open(const char *path, int flags);
int close(int descriptor);
i64 read(int descriptor, void *to, u64 bytes);
i64 write(int descriptor, const void *from, u64 bytes);
int dup(int descriptor, int wanted);
int pipe(int descriptors[2]);
int fstat(int descriptor, struct file_status *status);
int mkdir(const char *path);
int unlink(const char *path);
int link(const char *old, const char *new);
int rename(const char *old, const char *new);
int chdir(const char *path);
int sync(void);
int group(int group);
int foreground(int group);
int tasks(struct task_info *to, int count);
int system(struct system_info *info);
int traps(struct trap_record *to, int count, u64 first);
int probe(int operation, struct probe_result *result);
void watchdog(u64 milliseconds);
void poweroff(int code) __attribute__((noreturn));

void print(const char *pattern, ...);
void print_to(int descriptor, const char *pattern, ...);
/* Says which program, what and why on descriptor 2; gives 1, for `return`. */
int complain(const char *program, const char *what, int error);
const char *error_text(int error);
/* One line without its newline; its length, or -1 at the end of input. */
int read_line(int descriptor, char *to, int room);
int write_all(int descriptor, const void *from, u64 bytes);
/* A whole decimal number; false for anything else. */
bool parse_number(const char *text, u64 *value);
/* For each file named, or for standard input if none is: opens it and calls `work`. The program's exit code. */
int each_input(int argc, char **argv, int first, int (*work)(int descriptor, const char *name));

static inline u64 read_time(void) {
  u64 v;
  __asm__ volatile("rdtime %0" : "=r"(v));
  return v;
}
static inline u64 read_instret(void) {
  u64 v;
  __asm__ volatile("rdinstret %0" : "=r"(v));
  return v;
}
#endif

/* One ecall per function. */
#include "user.h"

static i64 call(u64 number, u64 first, u64 second, u64 third) {
  register u64 a0 __asm__("a0") = first;
  register u64 a1 __asm__("a1") = second;
  register u64 a2 __asm__("a2") = third;
  register u64 a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return (i64)a0;
}

void exit(int code) {
  call(CALL_exit, (u64)code, 0, 0);
  __builtin_unreachable();
}
int fork(void) { return (int)call(CALL_fork, 0, 0, 0); }
int exec(const char *path, char *const argv[]) { return (int)call(CALL_exec, (u64)path, (u64)argv, 0); }
int wait(struct wait_result *result, int flags) { return (int)call(CALL_wait, (u64)result, (u64)flags, 0); }
int kill(int pid) { return (int)call(CALL_kill, (u64)pid, 0, 0); }
int getpid(void) { return (int)call(CALL_getpid, 0, 0, 0); }
void yield(void) { call(CALL_yield, 0, 0, 0); }
int sleep(u64 milliseconds) { return (int)call(CALL_sleep, milliseconds, 0, 0); }
u64 uptime(void) { return (u64)call(CALL_uptime, 0, 0, 0); }
static void *memory(i64 answer) { return answer < 0 ? NULL : (void *)answer; }
void *sbrk(i64 bytes) { return memory(call(CALL_sbrk, (u64)bytes, 0, 0)); }
void *share(u64 pages) { return memory(call(CALL_share, pages, 0, 0)); }
int open(const char *path, int flags) { return (int)call(CALL_open, (u64)path, (u64)flags, 0); }
int close(int descriptor) { return (int)call(CALL_close, (u64)descriptor, 0, 0); }
i64 read(int descriptor, void *to, u64 bytes) { return call(CALL_read, (u64)descriptor, (u64)to, bytes); }
i64 write(int descriptor, const void *from, u64 bytes) { return call(CALL_write, (u64)descriptor, (u64)from, bytes); }
int dup(int descriptor, int wanted) { return (int)call(CALL_dup, (u64)descriptor, (u64)(i64)wanted, 0); }
int pipe(int descriptors[2]) { return (int)call(CALL_pipe, (u64)descriptors, 0, 0); }
int fstat(int descriptor, struct file_status *status) { return (int)call(CALL_fstat, (u64)descriptor, (u64)status, 0); }
int mkdir(const char *path) { return (int)call(CALL_mkdir, (u64)path, 0, 0); }
int unlink(const char *path) { return (int)call(CALL_unlink, (u64)path, 0, 0); }
int link(const char *old, const char *new) { return (int)call(CALL_link, (u64)old, (u64)new, 0); }
int rename(const char *old, const char *new) { return (int)call(CALL_rename, (u64)old, (u64)new, 0); }
int chdir(const char *path) { return (int)call(CALL_chdir, (u64)path, 0, 0); }
int sync(void) { return (int)call(CALL_sync, 0, 0, 0); }
int group(int group) { return (int)call(CALL_group, (u64)group, 0, 0); }
int foreground(int group) { return (int)call(CALL_foreground, (u64)group, 0, 0); }
int tasks(struct task_info *to, int count) { return (int)call(CALL_tasks, (u64)to, (u64)count, 0); }
int system(struct system_info *info) { return (int)call(CALL_system, (u64)info, 0, 0); }
int traps(struct trap_record *to, int count, u64 first) { return (int)call(CALL_traps, (u64)to, (u64)count, first); }
int probe(int operation, struct probe_result *result) { return (int)call(CALL_probe, (u64)operation, (u64)result, 0); }
void watchdog(u64 milliseconds) { call(CALL_watchdog, milliseconds, 0, 0); }
void poweroff(int code) {
  call(CALL_poweroff, (u64)code, 0, 0);
  __builtin_unreachable();
}

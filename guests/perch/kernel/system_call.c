/* System calls: arguments checked and copied in, the work done elsewhere. */
#include "system_call.h"
#include "console.h"
#include "device_tree.h"
#include "exec.h"
#include "file.h"
#include "float.h"
#include "fs.h"
#include "hart.h"
#include "machine.h"
#include "memory_map.h"
#include "page_alloc.h"
#include "panic.h"
#include "pipe.h"
#include "riscv.h"
#include "task.h"
#include "task_table.h"
#include "text.h"
#include "timer.h"
#include "trap_log.h"

typedef i64 (*call_fn)(u64 a0, u64 a1, u64 a2);
#define UNUSED __attribute__((unused))
#define CALL(name) static i64 call_##name(u64 a0 UNUSED, u64 a1 UNUSED, u64 a2 UNUSED)

/* ---- processes ---- */

CALL(exit) { task_exit((int)(a0 & 0xff)); }

CALL(fork) {
  struct task *me = current(), *child = task_create(me->name, NULL);
  if (!child) return E_AGAIN;
  bool copied = space_fork(&child->space, &me->space);
  /* Pages just became copy-on-write: this hart must not remember them as writable. */
  flush_space(me->asid);
  if (!copied) {
    task_abandon(child);
    return E_AGAIN;
  }
  *child->frame = *me->frame;
  child->frame->a0 = 0;
  child->frame->status &= ~STATUS_FS;
  float_fork(child, me);
  for (int i = 0; i < OPEN_FILES; i++)
    if (me->files[i]) child->files[i] = file_share(me->files[i]);
  child->directory = inode_share(me->directory);
  child->group = me->group;
  child->parent = me;
  int pid = child->pid; /* once launched it may be gone */
  task_launch(child);
  return pid;
}

static i64 take_arguments(struct arguments *to, u64 vector) {
  to->count = 0;
  to->bytes = 0;
  for (;; to->count++) {
    u64 pointer;
    if (!copy_from_user(&pointer, vector + (u64)to->count * 8, 8)) return E_FAULT;
    if (!pointer) return 0;
    if (to->count == MAX_ARGUMENTS || to->bytes >= PAGE_BYTES) return E_TOO_BIG;
    if (!copy_text_from_user(to->text + to->bytes, pointer, PAGE_BYTES - to->bytes)) return E_FAULT;
    to->bytes += strlen(to->text + to->bytes) + 1;
  }
}

CALL(exec) {
  char path[PATH_BYTES];
  if (!copy_text_from_user(path, a0, sizeof path)) return E_FAULT;
  struct arguments arguments = {.text = page_take()};
  if (!arguments.text) return E_AGAIN;
  i64 result = take_arguments(&arguments, a1);
  if (result == 0) result = exec(path, &arguments);
  page_drop(arguments.text);
  return result;
}

CALL(wait) {
  struct wait_result result;
  int pid = task_wait(&result, !(a1 & WAIT_NO_HANG));
  if (pid > 0 && a0 && !copy_to_user(a0, &result, sizeof result)) return E_FAULT;
  return pid;
}

CALL(kill) { return task_kill((int)a0, ENDED_KILL) ? 0 : E_INVALID; }
CALL(getpid) { return current()->pid; }

CALL(yield) {
  task_yield();
  return 0;
}

CALL(sleep) {
  task_sleep_until(timer_now() + ms_to_ticks(MIN(a0, 1000000000ul)));
  return current()->killed ? E_INTERRUPTED : 0;
}

CALL(uptime) { return (i64)ticks_to_ms(timer_now()); }

CALL(group) {
  struct task *me = current();
  me->group = a0 ? (int)a0 : me->pid;
  return me->group;
}

CALL(foreground) {
  console_foreground((int)a0);
  return 0;
}

CALL(tasks) {
  static const int most = (int)(PAGE_BYTES / sizeof(struct task_info));
  struct task_info *list = page_take();
  if (!list) return E_AGAIN;
  int count = tasks_list(list, MIN((int)MIN(a1, MAX_TASKS), most));
  bool ok = copy_to_user(a0, list, (u64)count * sizeof *list);
  page_drop(list);
  return ok ? count : E_FAULT;
}

/* ---- memory ---- */

CALL(sbrk) {
  struct task *me = current();
  u64 old = space_grow(&me->space, (i64)a0);
  if ((i64)a0 < 0) flush_space(me->asid);
  return old ? (i64)old : E_AGAIN;
}

CALL(share) {
  struct task *me = current();
  u64 address = space_share(&me->space, a0);
  flush_space(me->asid);
  return address ? (i64)address : E_AGAIN;
}

/* ---- files ---- */

static struct file *file_of(u64 descriptor) { return descriptor < OPEN_FILES ? current()->files[descriptor] : NULL; }

static i64 take_descriptor(struct file *f) {
  struct task *me = current();
  for (int i = 0; i < OPEN_FILES; i++)
    if (!me->files[i]) {
      me->files[i] = f;
      return i;
    }
  return E_AGAIN;
}

CALL(open) {
  char path[PATH_BYTES];
  int flags = (int)a1;
  struct inode *i;
  if (!copy_text_from_user(path, a0, sizeof path)) return E_FAULT;
  i64 error = fs_open(path, flags, &i);
  if (error) return error;
  struct file *f = file_take(TYPE_FILE);
  i64 descriptor = f ? take_descriptor(f) : E_AGAIN;
  if (f) {
    f->inode = i;
    f->readable = !(flags & OPEN_WRITE) || flags & OPEN_READ;
    f->writable = flags & OPEN_WRITE;
    f->append = flags & OPEN_APPEND;
    if (descriptor < 0) file_close(f);
  } else {
    inode_put(i);
  }
  return descriptor;
}

CALL(close) {
  struct file *f = file_of(a0);
  if (!f) return E_BAD_FD;
  current()->files[a0] = NULL;
  file_close(f);
  return 0;
}

CALL(read) {
  struct file *f = file_of(a0);
  return f ? file_read(f, a1, a2) : E_BAD_FD;
}

CALL(write) {
  struct file *f = file_of(a0);
  return f ? file_write(f, a1, a2) : E_BAD_FD;
}

CALL(dup) {
  struct task *me = current();
  struct file *f = file_of(a0);
  i64 wanted = (i64)a1;
  if (!f || wanted >= OPEN_FILES) return E_BAD_FD;
  if (wanted == (i64)a0) return wanted;
  file_share(f);
  if (wanted < 0) {
    i64 descriptor = take_descriptor(f);
    if (descriptor < 0) file_close(f);
    return descriptor;
  }
  if (me->files[wanted]) file_close(me->files[wanted]);
  me->files[wanted] = f;
  return wanted;
}

CALL(pipe) {
  struct pipe *p = pipe_create();
  struct file *ends[2] = {p ? file_take(TYPE_PIPE) : NULL, p ? file_take(TYPE_PIPE) : NULL};
  int descriptors[2] = {-1, -1};
  for (int i = 0; i < 2; i++) {
    if (!ends[i]) continue;
    ends[i]->pipe = p;
    ends[i]->readable = i == 0;
    ends[i]->writable = i == 1;
    descriptors[i] = (int)take_descriptor(ends[i]);
  }
  bool ok = descriptors[0] >= 0 && descriptors[1] >= 0;
  if (ok && copy_to_user(a0, descriptors, sizeof descriptors)) return 0;
  for (int i = 0; i < 2; i++) {
    if (descriptors[i] >= 0) current()->files[descriptors[i]] = NULL;
    if (ends[i]) file_close(ends[i]);
    else if (p) pipe_close(p, i == 1);
  }
  return ok ? E_FAULT : E_AGAIN;
}

CALL(fstat) {
  struct file *f = file_of(a0);
  struct file_status status;
  if (!f) return E_BAD_FD;
  file_status(f, &status);
  return copy_to_user(a1, &status, sizeof status) ? 0 : E_FAULT;
}

static i64 with_path(u64 path, i64 (*work)(const char *)) {
  char text[PATH_BYTES];
  return copy_text_from_user(text, path, sizeof text) ? work(text) : E_FAULT;
}

static i64 with_paths(u64 first, u64 second, i64 (*work)(const char *, const char *)) {
  char one[PATH_BYTES], two[PATH_BYTES];
  if (!copy_text_from_user(one, first, sizeof one) || !copy_text_from_user(two, second, sizeof two)) return E_FAULT;
  return work(one, two);
}

CALL(mkdir) { return with_path(a0, fs_make_directory); }
CALL(unlink) { return with_path(a0, fs_unlink); }
CALL(link) { return with_paths(a0, a1, fs_link); }
CALL(rename) { return with_paths(a0, a1, fs_rename); }

static i64 change_directory(const char *path) {
  struct task *me = current();
  struct inode *i;
  i64 error = fs_open(path, 0, &i);
  if (error) return error;
  bool ok = i->disk.type == TYPE_DIR;
  inode_put(ok ? me->directory : i);
  if (ok) me->directory = i;
  return ok ? 0 : E_NOT_DIR;
}

CALL(chdir) { return with_path(a0, change_directory); }

CALL(sync) {
  fs_sync();
  return 0;
}

/* ---- the machine ---- */

CALL(system) {
  struct system_info info = {
      .harts = harts_online,
      .memory_bytes = board.memory_bytes,
      .page_count = pages_total(),
      .pages_free = pages_free(),
      .timebase_hz = board.timebase_hz,
      .traps = trap_log_next(),
      .sstc = machine_report.sstc,
      .asid_bits = asid_bits,
      .misa = machine_report.misa,
      .medeleg = machine_report.medeleg,
      .mideleg = machine_report.mideleg,
      .menvcfg = machine_report.menvcfg,
      .pmpcfg0 = machine_report.pmpcfg0,
      .pmpaddr0 = machine_report.pmpaddr0,
      .pmpaddr1 = machine_report.pmpaddr1,
      .quantum_ms = QUANTUM_MS,
  };
  fs_count_blocks(&info.disk_blocks, &info.disk_blocks_free);
  return copy_to_user(a0, &info, sizeof info) ? 0 : E_FAULT;
}

CALL(traps) {
  static const u64 most = PAGE_BYTES / sizeof(struct trap_record);
  struct trap_record *list = page_take();
  if (!list) return E_AGAIN;
  int count = trap_log_read(list, (int)MIN(a1, most), a2);
  bool ok = copy_to_user(a0, list, (u64)count * sizeof *list);
  page_drop(list);
  return ok ? count : E_FAULT;
}

CALL(probe) { return probe((int)a0, a1); }

CALL(watchdog) {
  watchdog_set(a0 ? timer_now() + ms_to_ticks(a0) : 0);
  return 0;
}

CALL(poweroff) {
  fs_sync();
  finish((int)(a0 & 0xff));
}

static const call_fn calls[] = {
#define X(number, name) [number] = call_##name,
    SYSTEM_CALLS(X)
#undef X
};

void system_call(struct trap_frame *frame) {
  u64 number = frame->a7;
  call_fn call = number < COUNT(calls) ? calls[number] : NULL;
  frame->a0 = call ? (u64)call(frame->a0, frame->a1, frame->a2) : (u64)E_NO_CALL;
}

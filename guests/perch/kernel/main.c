/* The kernel's beginning, in S-mode, translation off. */
#include "console.h"
#include "device_tree.h"
#include "exec.h"
#include "file.h"
#include "fs.h"
#include "hart.h"
#include "machine.h"
#include "page_alloc.h"
#include "page_table.h"
#include "panic.h"
#include "plic.h"
#include "print.h"
#include "riscv.h"
#include "task.h"
#include "task_table.h"
#include "text.h"
#include "trap.h"
#include "uart.h"
#include "virtio_disk.h"

struct hart harts[MAX_HARTS];
u32 harts_online;

static void open_console(struct task *t) {
  struct file *f = file_take(TYPE_CONSOLE);
  f->readable = f->writable = true;
  t->files[0] = f;
  t->files[1] = file_share(f);
  t->files[2] = file_share(f);
}

/* Splits the kernel's command line into words: init's arguments. */
static void command_line(struct arguments *a) {
  copy_text(a->text, "init", PAGE_BYTES);
  a->count = 1;
  a->bytes = 5;
  for (const char *at = board.arguments; *at && a->count < MAX_ARGUMENTS;) {
    while (*at == ' ') at++;
    u64 length = 0;
    while (at[length] && at[length] != ' ') length++;
    if (length == 0) break;
    memcpy(a->text + a->bytes, at, length);
    a->text[a->bytes + length] = 0;
    a->bytes += length + 1;
    a->count++;
    at += length;
  }
}

/* The first task: it may wait for the disk, which the boot hart itself could not, and becomes /bin/init. */
static void first_task(void) {
  struct task *t = current();
  struct arguments arguments = {.text = page_take()};
  fs_start();
  t->directory = inode_share(fs_root());
  open_console(t);
  command_line(&arguments);
  i64 error = exec("/bin/init", &arguments);
  if (error < 0) panic("cannot start /bin/init (error %ld)", error);
  page_drop(arguments.text);
  prepare_return(t);
  return_to_user(t->frame);
}

static void write_back_task(void) { fs_write_back_task(); }

static void start_board(u64 hart, u64 device_tree) {
  uart_start();
  device_tree_read(device_tree);
  pages_start(board.memory_bytes);
  kernel_space_start(board.memory_bytes);
  translation_start();
  plic_start(hart);
  console_start();
  print("\nperch: %ld MiB, timer %s, %ld address space bits\n", board.memory_bytes >> 20,
        machine_report.sstc ? "stimecmp" : "clint", asid_bits);
  if (!disk_start()) panic("no virtio block device: give the machine the disk image");
  task_launch(task_create("init", first_task));
  task_launch(task_create("write-back", write_back_task));
}

void kernel_start(u64 hart, u64 device_tree, bool boots) {
  struct hart *me = &harts[hart];
  me->id = hart;
  __asm__ volatile("mv tp, %0" ::"r"(me));
  task_become_idle(me);
  traps_start();
  if (boots) start_board(hart, device_tree);
  else translation_start();
  __atomic_fetch_add(&harts_online, 1, __ATOMIC_RELAXED);
  if (boots) machine_release_harts();
  task_idle();
}

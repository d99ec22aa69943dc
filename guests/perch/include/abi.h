/*
 * What the kernel and its programs agree on: system calls, their constants and the structures they pass.
 * A call puts its number in a7 and its arguments in a0..a2, executes ecall, and finds its result in a0; a
 * negative result is one of the errors below.
 */
#ifndef ABI_H
#define ABI_H
#include "limits.h"
#include "types.h"

/* number, name, arguments the handler takes */
#define SYSTEM_CALLS(X) \
  X(1, exit)        /* (code) does not return */ \
  X(2, fork)        /* () child's pid, 0 in the child */ \
  X(3, exec)        /* (path, argv) */ \
  X(4, wait)        /* (struct wait_result *, flags) pid */ \
  X(5, kill)        /* (pid) */ \
  X(6, getpid)      /* () */ \
  X(7, yield)       /* () */ \
  X(8, sleep)       /* (milliseconds) */ \
  X(9, uptime)      /* () milliseconds since boot */ \
  X(10, sbrk)       /* (bytes) old end of the heap */ \
  X(11, share)      /* (pages) address of memory that stays common across fork */ \
  X(12, open)       /* (path, flags) descriptor */ \
  X(13, close)      /* (descriptor) */ \
  X(14, read)       /* (descriptor, buffer, bytes) bytes */ \
  X(15, write)      /* (descriptor, buffer, bytes) bytes */ \
  X(16, dup)        /* (descriptor, wanted or -1) descriptor */ \
  X(17, pipe)       /* (int descriptors[2]) */ \
  X(18, fstat)      /* (descriptor, struct file_status *) */ \
  X(19, mkdir)      /* (path) */ \
  X(20, unlink)     /* (path) files, and directories that are empty */ \
  X(21, link)       /* (old, new) */ \
  X(22, rename)     /* (old, new) */ \
  X(23, chdir)      /* (path) */ \
  X(24, sync)       /* () every dirty block is on the disk */ \
  X(25, group)      /* (group or 0) puts the caller in a process group: what ^C kills together */ \
  X(26, foreground) /* (group) the group ^C kills; 0: none */ \
  X(27, tasks)      /* (struct task_info *, count) how many were filled in */ \
  X(28, system)     /* (struct system_info *) */ \
  X(29, traps)      /* (struct trap_record *, count, first sequence number) how many were filled in */ \
  X(30, probe)      /* (operation, struct probe_result *) the kernel does one privileged thing and reports */ \
  X(31, watchdog)   /* (milliseconds, 0: off) the kernel panics unless called again in time */ \
  X(32, poweroff)   /* (code) does not return */

enum system_call {
#define X(number, name) CALL_##name = number,
  SYSTEM_CALLS(X)
#undef X
};

enum error {
  E_AGAIN = -1,     /* out of memory, tasks or table entries */
  E_BAD_FD = -2,
  E_EXISTS = -3,
  E_FAULT = -4,     /* a pointer that is not the caller's memory */
  E_INTERRUPTED = -5,
  E_INVALID = -6,
  E_IS_DIR = -7,
  E_NO_CHILD = -8,
  E_NO_CALL = -9,
  E_NO_ENTRY = -10,
  E_NO_SPACE = -11,
  E_NOT_DIR = -12,
  E_NOT_EMPTY = -13,
  E_NOT_EXEC = -14,
  E_PIPE = -15,     /* nobody reads the other end */
  E_READ_ONLY = -16,
  E_TOO_BIG = -17,
};

enum open_flag { OPEN_READ = 1, OPEN_WRITE = 2, OPEN_CREATE = 4, OPEN_TRUNCATE = 8, OPEN_APPEND = 16 };
enum wait_flag { WAIT_NO_HANG = 1 };
enum file_type { TYPE_FREE = 0, TYPE_FILE = 1, TYPE_DIR = 2, TYPE_CONSOLE = 3, TYPE_PIPE = 4 };

/* Why a child ended, when not by its own exit. A fault is ENDED_FAULT + the trap's cause. */
enum { ENDED_EXIT = 0, ENDED_KILL = 1, ENDED_INTERRUPT = 2, ENDED_FAULT = 0x100 };

struct wait_result {
  int pid;
  int code;   /* what it gave exit(), when reason is ENDED_EXIT */
  int reason;
  int pad;
  u64 pc;     /* of the fault: sepc and stval */
  u64 value;
};

struct file_status {
  u32 inode;
  u16 type;
  u16 links;
  u32 size;
};

enum task_state { TASK_FREE, TASK_STARTING, TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_ZOMBIE };

struct task_info {
  int pid;
  int parent;
  int group;
  int state;
  int hart;        /* where it runs or last ran, -1: nowhere yet */
  u32 pages;       /* resident user pages */
  u64 run_ms;
  char name[16];
};

struct system_info {
  u64 harts;
  u64 memory_bytes;
  u64 page_count;       /* pages the allocator manages */
  u64 pages_free;
  u64 timebase_hz;
  u64 traps;            /* logged since boot: the next sequence number */
  u64 sstc;             /* 1: stimecmp, 0: the CLINT through M-mode */
  u64 asid_bits;
  u64 misa, medeleg, mideleg, menvcfg, pmpcfg0, pmpaddr0, pmpaddr1;
  u64 disk_blocks, disk_blocks_free;
  u64 quantum_ms;
};

/* One trap as the handler found it. */
struct trap_record {
  u64 sequence;
  u64 time;
  u64 cause;   /* scause or mcause */
  u64 value;   /* stval or mtval */
  u64 pc;      /* sepc or mepc */
  u64 status;  /* sstatus or mstatus */
  int pid;
  u8 hart;
  u8 from;     /* privilege it came from: 0 U, 1 S, 3 M */
  u8 to;       /* privilege that handles it: 1 S, 3 M */
  u8 pad;
};

enum probe_operation {
  PROBE_CSR,         /* write sscratch, read it back: [0] written, [1] read back, [2] sstatus, [3] stvec, [4] sie */
  PROBE_SATP,        /* switch to the kernel's own page table and back: [0] satp, [1] kernel satp, [2] satp after */
  PROBE_FENCE,       /* sfence.vma for one page of the caller: [0] address, [1] address space number */
  PROBE_UART,        /* read the UART's line status: [0] address, [1] value */
  PROBE_DISK,        /* read a block past the cache: [0] doorbell address, [1] block, [2] first 8 bytes, [3] irq */
  PROBE_IPI,         /* raise this hart's software interrupt: [0] CLINT address */
  PROBE_MACHINE,     /* load from memory PMP keeps for M-mode: [0] address, [1] cause of the fault or 0 */
  PROBE_ECALL,       /* ecall from S: [0] what M-mode answered */
  PROBE_BREAK,       /* ebreak in S-mode: [0] cause seen */
  PROBE_READ_ONLY,   /* store to the kernel's text: [0] address, [1] cause of the fault or 0 */
  PROBE_NO_SUM,      /* load user memory with SUM clear: [0] address, [1] cause of the fault or 0 */
};

struct probe_result {
  u64 value[6];
  u64 time;          /* ticks it took */
  u64 instructions;  /* retired meanwhile */
};

#define NAME_BYTES 28 /* in a directory entry, with the terminating zero */
struct directory_entry {
  u32 inode; /* 0: free */
  char name[NAME_BYTES];
};

#define PATH_BYTES 128
#define MAX_ARGUMENTS 24
#define OPEN_FILES 16
#endif

#include "tour.h"

static const char *const exceptions[] = {
    [0] = "instruction address misaligned", [1] = "instruction access fault", [2] = "illegal instruction",
    [3] = "breakpoint", [4] = "load address misaligned", [5] = "load access fault", [6] = "store address misaligned",
    [7] = "store access fault", [8] = "ecall from user mode", [9] = "ecall from supervisor mode",
    [12] = "instruction page fault", [13] = "load page fault", [15] = "store page fault",
};

static const char *const interrupts[] = {
    [1] = "supervisor software interrupt", [3] = "machine software interrupt", [5] = "supervisor timer interrupt",
    [7] = "machine timer interrupt", [9] = "supervisor external interrupt",
};

static const char *cause_name(u64 cause) {
  u64 code = cause & ~INTERRUPT_BIT;
  const char *name = NULL;
  if (cause & INTERRUPT_BIT) name = code < COUNT(interrupts) ? interrupts[code] : NULL;
  else name = code < COUNT(exceptions) ? exceptions[code] : NULL;
  return name ? name : "?";
}

static const char *value_meaning(u64 cause) {
  if (cause & INTERRUPT_BIT) return "nothing: an interrupt has no address";
  switch (cause) {
    case 2: return "the instruction's own bits";
    case 8:
    case 9: return "nothing: the registers carry the request";
    default: return "the address it wanted";
  }
}

static char mode_letter(int mode) { return "US?M"[mode & 3]; }

static void show(const struct trap_record *r) {
  char x = r->to == 3 ? 'm' : 's';
  bool asynchronous = r->cause & INTERRUPT_BIT;
  print("  trap #%ld on hart %d: %s, from %c-mode into %c-mode\n", r->sequence, r->hart, cause_name(r->cause),
        mode_letter(r->from), mode_letter(r->to));
  print("    %ccause  0x%016lx  %s %ld\n", x, r->cause, asynchronous ? "interrupt" : "exception", r->cause & ~INTERRUPT_BIT);
  print("    %cepc    0x%016lx  %s\n", x, r->pc, asynchronous ? "where to go on" : "the instruction that trapped");
  print("    %ctval   0x%016lx  %s\n", x, r->value, value_meaning(r->cause));
  if (x == 's')
    print("    sstatus 0x%016lx  SPP=%ld (it came from %c) SPIE=%ld FS=%ld SUM=%ld\n", r->status, r->status >> 8 & 1,
          mode_letter(r->from), r->status >> 5 & 1, r->status >> 13 & 3, r->status >> 18 & 1);
  else
    print("    mstatus 0x%016lx  MPP=%ld (it came from %c) MPIE=%ld\n", r->status, r->status >> 11 & 3, mode_letter(r->from),
          r->status >> 7 & 1);
}

u64 mark(void) {
  struct system_info info;
  system(&info);
  return info.traps;
}

bool show_trap(u64 first, u64 cause, int to, int pid) {
  static struct trap_record list[48];
  for (;;) {
    int count = traps(list, COUNT(list), first);
    for (int i = 0; i < count; i++)
      if (list[i].cause == cause && list[i].to == to && (!pid || list[i].pid == pid)) {
        show(&list[i]);
        return true;
      }
    if (count < (int)COUNT(list)) break;
    first = list[count - 1].sequence + 1;
  }
  print("  (no %s was logged)\n", cause_name(cause));
  return false;
}

/* traptour [all]: one step after the other; Enter goes on, q ends. With "all" it does not wait. */
#include "tour.h"

static bool go_on(void) {
  char line[16];
  print("[Enter: next, q: quit] ");
  return read_line(0, line, sizeof line) >= 0 && line[0] != 'q';
}

static void show_machine(void) {
  struct system_info info;
  system(&info);
  print("This hart, as M-mode set it up before the kernel started:\n");
  print("  misa    0x%016lx  extensions ", info.misa);
  for (int i = 0; i < 26; i++)
    if (info.misa >> i & 1) print("%c", 'A' + i);
  print("\n  medeleg 0x%016lx  exceptions that go straight to S-mode\n", info.medeleg);
  print("  mideleg 0x%016lx  interrupts that do\n", info.mideleg);
  print("  menvcfg 0x%016lx  bit 63, STCE: %s\n", info.menvcfg,
        info.sstc ? "S-mode sets its own timer, stimecmp" : "clear; M-mode has the only timer");
  print("  pmpcfg0 0x%016lx  pmpaddr0 0x%lx, pmpaddr1 0x%lx: M-mode's page, then everything\n", info.pmpcfg0, info.pmpaddr0,
        info.pmpaddr1);
  print("  %ld hart%s, %ld bits of address space number, timer at %ld Hz\n\n", info.harts, info.harts == 1 ? "" : "s",
        info.asid_bits, info.timebase_hz);
}

int main(int argc, char **argv) {
  bool all = argc > 1 && !strcmp(argv[1], "all");
  print("A tour of traps: what happens, which registers tell of it, and who deals with it.\n\n");
  show_machine();
  for (int i = 0; i < step_count; i++) {
    if (!all && !go_on()) break;
    print("\n%d. %s. %s\n", i + 1, steps[i].title, steps[i].before);
    steps[i].act();
    print("  bare hardware: %s\n  under a monitor: %s\n", steps[i].bare, steps[i].monitor);
  }
  return 0;
}

#include "user.h"

int main(void) {
  static const char *const states[] = {"free", "starting", "ready", "running", "waiting", "zombie"};
  static struct task_info list[MAX_TASKS];
  int count = tasks(list, MAX_TASKS);
  print("  PID PARENT GROUP STATE    HART PAGES      MS NAME\n");
  for (int i = 0; i < count; i++) {
    struct task_info *t = &list[i];
    print("%5d %6d %5d %-8s %4d %5d %7ld %s\n", t->pid, t->parent, t->group, states[t->state], t->hart, t->pages, t->run_ms,
          t->name);
  }
  return 0;
}

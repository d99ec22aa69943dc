#include "user.h"

int main(void) {
  struct system_info info;
  u64 ms = uptime();
  system(&info);
  print("up %ld.%03ld s, %ld hart%s, %ld traps\n", ms / 1000, ms % 1000, info.harts, info.harts == 1 ? "" : "s", info.traps);
  return 0;
}

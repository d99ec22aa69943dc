#include "user.h"

int main(int argc, char **argv) {
  int code = 0;
  if (argc < 2) {
    print_to(2, "usage: kill PID...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    u64 pid;
    int error = parse_number(argv[i], &pid) ? kill((int)pid) : E_INVALID;
    if (error) code = complain("kill", argv[i], error);
  }
  return code;
}

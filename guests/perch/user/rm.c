#include "user.h"

int main(int argc, char **argv) {
  int code = 0;
  if (argc < 2) {
    print_to(2, "usage: rm PATH...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    int error = unlink(argv[i]);
    if (error) code = complain("rm", argv[i], error);
  }
  return code;
}

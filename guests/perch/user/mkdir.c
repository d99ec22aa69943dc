#include "user.h"

int main(int argc, char **argv) {
  int code = 0;
  if (argc < 2) {
    print_to(2, "usage: mkdir DIR...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    int error = mkdir(argv[i]);
    if (error) code = complain("mkdir", argv[i], error);
  }
  return code;
}

#include "user.h"

int main(int argc, char **argv) {
  if (argc != 3) {
    print_to(2, "usage: ln FROM TO\n");
    return 2;
  }
  int error = link(argv[1], argv[2]);
  return error ? complain("ln", argv[1], error) : 0;
}

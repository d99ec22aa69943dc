#include "user.h"

int main(int argc, char **argv) {
  if (argc != 3) {
    print_to(2, "usage: mv FROM TO\n");
    return 2;
  }
  int error = rename(argv[1], argv[2]);
  return error ? complain("mv", argv[1], error) : 0;
}

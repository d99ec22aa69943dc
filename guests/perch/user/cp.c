#include "user.h"

int main(int argc, char **argv) {
  static char part[1024];
  if (argc != 3) {
    print_to(2, "usage: cp FROM TO\n");
    return 2;
  }
  int from = open(argv[1], OPEN_READ);
  if (from < 0) return complain("cp", argv[1], from);
  int to = open(argv[2], OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
  if (to < 0) return complain("cp", argv[2], to);
  i64 got;
  while ((got = read(from, part, sizeof part)) > 0) {
    int error = write_all(to, part, (u64)got);
    if (error) return complain("cp", argv[2], error);
  }
  return got < 0 ? complain("cp", argv[1], (int)got) : 0;
}

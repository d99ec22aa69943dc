#include "user.h"

int main(int argc, char **argv) {
  u64 code = 0;
  if (argc > 2 || (argc == 2 && (!parse_number(argv[1], &code) || code > 255))) {
    print_to(2, "usage: poweroff [CODE]\n");
    return 2;
  }
  poweroff((int)code);
}

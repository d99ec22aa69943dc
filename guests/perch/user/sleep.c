#include "user.h"

int main(int argc, char **argv) {
  u64 milliseconds;
  if (argc != 2 || !parse_number(argv[1], &milliseconds)) {
    print_to(2, "usage: sleep MILLISECONDS\n");
    return 2;
  }
  sleep(milliseconds);
  return 0;
}

#include "user.h"

static const char *wanted;
static bool found;

static int search(int file, const char *name) {
  static char line[512];
  (void)name;
  while (read_line(file, line, sizeof line) >= 0)
    if (strstr(line, wanted)) {
      print("%s\n", line);
      found = true;
    }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    print_to(2, "usage: grep TEXT [FILE...]\n");
    return 2;
  }
  wanted = argv[1];
  int code = each_input(argc, argv, 2, search);
  return code ? code : !found;
}

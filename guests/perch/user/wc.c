#include "user.h"

static int count(int file, const char *name) {
  static char part[1024];
  u64 lines = 0, words = 0, bytes = 0;
  bool inside = false;
  i64 got;
  while ((got = read(file, part, sizeof part)) > 0)
    for (i64 i = 0; i < got; i++) {
      bool blank = part[i] == ' ' || part[i] == '\n' || part[i] == '\t';
      lines += part[i] == '\n';
      words += !blank && !inside;
      inside = !blank;
      bytes++;
    }
  if (got < 0) return complain("wc", name ? name : "input", (int)got);
  print("%ld %ld %ld %s\n", lines, words, bytes, name ? name : "");
  return 0;
}

int main(int argc, char **argv) { return each_input(argc, argv, 1, count); }

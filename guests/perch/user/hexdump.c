#include "user.h"

static int dump(int file, const char *name) {
  u8 row[16];
  u64 offset = 0;
  (void)name;
  for (;;) {
    i64 got = 0, more;
    while (got < 16 && (more = read(file, row + got, (u64)(16 - got))) > 0) got += more;
    if (got == 0) return 0;
    print("%08lx ", offset);
    for (int i = 0; i < 16; i++)
      if (i < got) print(" %02x", row[i]);
      else print("   ");
    print("  ");
    for (int i = 0; i < got; i++) print("%c", row[i] >= ' ' && row[i] < 127 ? row[i] : '.');
    print("\n");
    offset += (u64)got;
  }
}

int main(int argc, char **argv) { return each_input(argc, argv, 1, dump); }

/*
 * A flattened device tree is a header, then a stream of tokens: a node begins (name), a property (length, name offset,
 * bytes), a node ends. Everything is big-endian. The kernel needs /memory's size, the number of cpu nodes, the timebase
 * and /chosen's bootargs.
 */
#include "device_tree.h"
#include "memory_map.h"
#include "text.h"

struct board board = {RAM_DEFAULT_BYTES, TIMEBASE_DEFAULT_HZ, 0, ""};

enum { MAGIC = 0xd00dfeed, BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4 };
enum { STRUCTURE_OFFSET = 2, STRINGS_OFFSET = 3, TOTAL_BYTES = 1, LEAST_HEADER = 40, MOST_BYTES = 4 << 20 };

static u32 big32(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }
static u64 big64(const u8 *p) { return (u64)big32(p) << 32 | big32(p + 4); }

static bool starts(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

static void take_property(int depth, const char *node, const char *name, const u8 *value, u32 bytes) {
  if (depth == 2 && starts(node, "memory") && !strcmp(name, "reg") && bytes >= 16 && big64(value) == RAM_BASE)
    board.memory_bytes = MIN(big64(value + 8), RAM_MOST_BYTES);
  if (!strcmp(name, "timebase-frequency") && bytes == 4) board.timebase_hz = big32(value);
  if (depth == 2 && !strcmp(node, "chosen") && !strcmp(name, "bootargs"))
    copy_text(board.arguments, (const char *)value, MIN(bytes + 1, sizeof board.arguments));
}

static void walk(const u8 *at, const u8 *end, const char *strings) {
  const char *node = "";
  int depth = 0;
  while (at + 4 <= end) {
    u32 token = big32(at);
    at += 4;
    if (token == BEGIN_NODE) {
      node = (const char *)at;
      depth++;
      if (depth == 3 && starts(node, "cpu@")) board.harts++;
      at += (strlen(node) + 4) & ~3ul;
    } else if (token == PROPERTY) {
      u32 bytes = big32(at);
      take_property(depth, node, strings + big32(at + 4), at + 8, bytes);
      at += 8 + ((bytes + 3) & ~3u);
    } else if (token == END_NODE) {
      depth--;
    } else if (token != NOP) {
      return;
    }
  }
}

void device_tree_read(u64 address) {
  const u8 *tree = (const u8 *)address;
  if (address < RAM_BASE || address % 8 || big32(tree) != MAGIC) return;
  u32 total = big32(tree + 4 * TOTAL_BYTES);
  if (total < LEAST_HEADER || total > MOST_BYTES) return;
  walk(tree + big32(tree + 4 * STRUCTURE_OFFSET), tree + total, (const char *)tree + big32(tree + 4 * STRINGS_OFFSET));
}

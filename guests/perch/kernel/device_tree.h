/* The few facts the kernel wants from the flattened device tree. */
#ifndef DEVICE_TREE_H
#define DEVICE_TREE_H
#include "types.h"

struct board {
  u64 memory_bytes; /* from RAM_BASE on */
  u64 timebase_hz;
  u32 harts;        /* 0: not told */
  char arguments[128];
};
extern struct board board;

/* Reads the tree at `address`, or keeps safe defaults when there is none. */
void device_tree_read(u64 address);
#endif

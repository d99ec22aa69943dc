/* Follows pointers through 64 MB, one in every cache line, in no order: the latency of memory and of its translation. */
#include "bench.h"

#define NODES (1024 * 1024)
#define STEPS 500000

const char bench_name[] = "chase";
const u64 bench_checksum = 0xda9d8f912c3bc0b0;

typedef struct Node {
  struct Node *next;
  u64 value;
  u64 rest_of_line[6];
} Node;

static Node nodes[NODES] __attribute__((section(".noinit,\"aw\",@nobits#"), aligned(64)));

/* i -> 1664525 * i + 1013904223 modulo a power of two visits every number before it comes back. */
void bench_prepare(void) {
  for (u32 i = 0; i < NODES; i++) {
    nodes[i].next = &nodes[(1664525u * i + 1013904223u) % NODES];
    nodes[i].value = i;
  }
}

u64 bench(void) {
  const Node *at = nodes;
  u64 checksum = 0;
  for (u64 step = 0; step < STEPS; step++) {
    checksum = checksum * 31 + at->value;
    at = at->next;
  }
  return checksum;
}

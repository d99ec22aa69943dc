/* Copies between buffers, aligned by words and misaligned by bytes: the memory path and little else. */
#include "bench.h"

#define BYTES (256 * 1024)
#define ROUNDS 40

const char bench_name[] = "memcpy";
const u64 bench_checksum = 0xac4a97f3fce0a565;

static u8 from[BYTES + 8] __attribute__((aligned(16))), to[BYTES + 8] __attribute__((aligned(16)));

static void copy_words(u64 *d, const u64 *s, u64 words) {
  for (u64 i = 0; i < words; i += 4) {
    u64 a = s[i], b = s[i + 1], c = s[i + 2], e = s[i + 3];
    d[i] = a;
    d[i + 1] = b;
    d[i + 2] = c;
    d[i + 3] = e;
  }
}

static void copy_bytes(u8 *d, const u8 *s, u64 bytes) {
  for (u64 i = 0; i < bytes; i++) d[i] = s[i];
}

u64 bench(void) {
  u64 checksum = 0;
  for (u64 i = 0; i < BYTES; i++) from[i] = (u8)(i * 7 + (i >> 9));
  for (u64 round = 0; round < ROUNDS; round++) {
    copy_words((u64 *)to, (const u64 *)from, BYTES / 8);
    from[round] = (u8)(from[round] + to[BYTES - 1 - round]);
    if (round % 8 == 0) copy_bytes(from + 1, to, BYTES);
  }
  for (u64 i = 0; i < BYTES; i++) checksum = checksum * 31 + to[i];
  return checksum;
}

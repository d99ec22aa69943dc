/* Sieve of Eratosthenes: byte loads and stores, short loops. */
#include "bench.h"

#define LIMIT 1000000

const char bench_name[] = "sieve";
const u64 bench_checksum = 0x265440;

static u8 composite[LIMIT];

static u64 count_primes(void) {
  u64 count = 0;
  for (u64 n = 2; n < LIMIT; n++) {
    if (composite[n]) continue;
    count++;
    for (u64 multiple = n * n; multiple < LIMIT; multiple += n) composite[multiple] = 1;
  }
  return count;
}

u64 bench(void) {
  u64 total = 0;
  for (int round = 0; round < 2; round++) {
    for (u64 n = 0; n < LIMIT; n++) composite[n] = 0;
    total = total * 31 + count_primes();
  }
  return total;
}

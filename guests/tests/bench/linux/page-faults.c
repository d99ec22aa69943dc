/* Touches fresh pages: every first store is a fault, a page cleared and a page table entry. */
#include <sys/mman.h>
#include "bench.h"

#define PAGES 4096
#define PAGE_BYTES 4096

const char bench_name[] = "page-faults";
const u64 bench_checksum = PAGES;

u64 bench(void) {
  u64 sum = 0;
  volatile u8 *memory =
      mmap(0, (u64)PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
  madvise((void *)memory, (u64)PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
  for (u64 page = 0; page < PAGES; page++) memory[page * PAGE_BYTES] = 1;
  for (u64 page = 0; page < PAGES; page++) sum += memory[page * PAGE_BYTES];
  munmap((void *)memory, (u64)PAGES * PAGE_BYTES);
  return sum;
}

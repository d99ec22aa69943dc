/* Quicksort of 64-bit numbers: unpredictable branches, recursion. */
#include "bench.h"

#define NUMBERS 120000

const char bench_name[] = "sort";
const u64 bench_checksum = 0xa77ad3c28e0044df;

static u64 numbers[NUMBERS];

static void fill(void) {
  u64 state = 88172645463325252ul;
  for (u64 i = 0; i < NUMBERS; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    numbers[i] = state;
  }
}

static void swap(u64 *a, u64 *b) {
  u64 old = *a;
  *a = *b;
  *b = old;
}

static void sort(u64 *first, u64 *last) {
  while (first < last) {
    u64 pivot = first[(last - first) / 2], *low = first, *high = last;
    while (low <= high) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low <= high) swap(low++, high--);
    }
    if (high - first < last - low) {
      sort(first, high);
      first = low;
    } else {
      sort(low, last);
      last = high;
    }
  }
}

u64 bench(void) {
  u64 sum = 0;
  fill();
  sort(numbers, numbers + NUMBERS - 1);
  for (u64 i = 0; i < NUMBERS; i++) {
    if (i && numbers[i] < numbers[i - 1]) return 0;
    sum = sum * 1099511628211ul + numbers[i];
  }
  return sum;
}

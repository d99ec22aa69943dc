/* Matrix product in double precision: fused multiply-add and loads. */
#include "bench.h"

#define SIZE 128

const char bench_name[] = "matrix";
const u64 bench_checksum = 0x8cc00f5336d77b9b;

static double a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];

static void fill(void) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      a[i][j] = 1.0 / (double)(i + j + 1);
      b[i][j] = (double)(i - j) * 0.37;
    }
}

static void multiply(void) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      double sum = 0;
      for (int k = 0; k < SIZE; k++) sum = __builtin_fma(a[i][k], b[k][j], sum);
      product[i][j] = sum;
    }
}

u64 bench(void) {
  u64 checksum = 0;
  fill();
  multiply();
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      union {
        double number;
        u64 bits;
      } element = {product[i][j]};
      checksum = checksum * 1099511628211ul + element.bits;
    }
  return checksum;
}

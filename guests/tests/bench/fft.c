/* Fourier transform of 4096 complex numbers, there and back: fused multiply-add over a strided array. */
#include "bench.h"

#define BITS 12
#define POINTS (1 << BITS)
#define TRANSFORMS 20

const char bench_name[] = "fft";
const u64 bench_checksum = 0x5dfe7efebbf506b1;

typedef struct {
  double real, imaginary;
} Complex;

static Complex signal[POINTS], roots[POINTS / 2];

static Complex product(Complex a, Complex b) {
  return (Complex){__builtin_fma(a.real, b.real, -(a.imaginary * b.imaginary)),
                   __builtin_fma(a.real, b.imaginary, a.imaginary * b.real)};
}

/* roots[k] is the k-th power of the POINTS-th root of unity; the first one from its Taylor series. */
static void find_roots(void) {
  double angle = -6.283185307179586 / POINTS, square = angle * angle;
  roots[0] = (Complex){1, 0};
  roots[1] = (Complex){1 - square / 2 * (1 - square / 12 * (1 - square / 30)),
                       angle * (1 - square / 6 * (1 - square / 20 * (1 - square / 42)))};
  for (int k = 2; k < POINTS / 2; k++) roots[k] = product(roots[k / 2], roots[k - k / 2]);
}

static void fill(void) {
  for (int i = 0; i < POINTS; i++) signal[i] = (Complex){(double)(i * 37 % 101) / 101, (double)(i * 61 % 89) / -89};
}

static int reversed(int index) {
  int result = 0;
  for (int bit = 0; bit < BITS; bit++) result |= (index >> bit & 1) << (BITS - 1 - bit);
  return result;
}

static void reorder(void) {
  for (int i = 0; i < POINTS; i++) {
    int j = reversed(i);
    if (i >= j) continue;
    Complex old = signal[i];
    signal[i] = signal[j];
    signal[j] = old;
  }
}

static void transform(void) {
  reorder();
  for (int half = 1; half < POINTS; half *= 2)
    for (int first = 0; first < POINTS; first += 2 * half)
      for (int k = 0; k < half; k++) {
        Complex *low = &signal[first + k], *high = low + half, root = roots[k * (POINTS / 2 / half)];
        Complex turned = product(*high, root);
        *high = (Complex){low->real - turned.real, low->imaginary - turned.imaginary};
        *low = (Complex){low->real + turned.real, low->imaginary + turned.imaginary};
      }
}

/* The way back is the same transform of the conjugate. */
static void conjugate_and_scale(double scale) {
  for (int i = 0; i < POINTS; i++)
    signal[i] = (Complex){signal[i].real * scale, signal[i].imaginary * -scale};
}

static u64 checksum_of_signal(void) {
  u64 checksum = 0;
  for (int i = 0; i < POINTS; i++) {
    union {
      Complex number;
      u64 bits[2];
    } point = {signal[i]};
    checksum = (checksum * 1099511628211ul + point.bits[0]) * 1099511628211ul + point.bits[1];
  }
  return checksum;
}

void bench_prepare(void) { find_roots(); }

u64 bench(void) {
  fill();
  for (int i = 0; i < TRANSFORMS; i++) {
    transform();
    conjugate_and_scale(i % 2 ? 1.0 / POINTS : 1);
  }
  return checksum_of_signal();
}

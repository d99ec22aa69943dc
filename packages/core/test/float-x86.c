/* IEEE 754 as this host's SSE unit computes it: flags and rounding by <fenv.h>, NaNs as RISC-V writes them. */
#include <fenv.h>
#include <math.h>

#include "float-operations.h"

#pragma STDC FENV_ACCESS ON

static const int rounding[] = { FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD };

static uint64_t accrued(void) {
  int x = fetestexcept(FE_ALL_EXCEPT);
  return (x & FE_INEXACT ? 1 : 0) | (x & FE_UNDERFLOW ? 2 : 0) | (x & FE_OVERFLOW ? 4 : 0) |
         (x & FE_DIVBYZERO ? 8 : 0) | (x & FE_INVALID ? 16 : 0);
}

#define ANSWERS(NAME, REAL, BITS, NAN_BITS, SQRT_, FMA_, RINT, NEARBY, LLRINT)                              \
  static uint64_t NAME##_bits(REAL v) {                                                                     \
    BITS bits;                                                                                              \
    memcpy(&bits, &v, sizeof bits);                                                                         \
    return bits;                                                                                            \
  }                                                                                                         \
  static uint64_t NAME(enum operation operation, volatile REAL *x, volatile uint64_t *integer) {           \
    volatile REAL r = 0;                                                                                    \
    switch (operation) {                                                                                    \
      case ADD: r = x[0] + x[1]; break;                                                                     \
      case SUB: r = x[0] - x[1]; break;                                                                     \
      case MUL: r = x[0] * x[1]; break;                                                                     \
      case DIV: r = x[0] / x[1]; break;                                                                     \
      case SQRT: r = SQRT_(x[0]); break;                                                                    \
      case FMA: r = FMA_(x[0], x[1], x[2]); break;                                                          \
      case EQ: return x[0] == x[1];                                                                         \
      case LT: return x[0] < x[1];                                                                          \
      case LE: return x[0] <= x[1];                                                                         \
      case LTQ: return isless(x[0], x[1]);                                                                  \
      case LEQ: return islessequal(x[0], x[1]);                                                             \
      case TO_L: return (uint64_t)LLRINT(x[0]);                                                             \
      case FROM_W: r = (REAL)(int32_t)*integer; break;                                                      \
      case FROM_WU: r = (REAL)(uint32_t)*integer; break;                                                    \
      case FROM_L: r = (REAL)(int64_t)*integer; break;                                                      \
      case ROUND: r = NEARBY(x[0]); break;                                                                  \
      case ROUNDNX: r = RINT(x[0]); break;                                                                  \
      default: break;                                                                                       \
    }                                                                                                       \
    return r != r ? NAN_BITS : NAME##_bits(r);                                                              \
  }

ANSWERS(single, float, uint32_t, 0x7fc00000u, sqrtf, fmaf, rintf, nearbyintf, llrintf)
ANSWERS(whole, double, uint64_t, 0x7ff8000000000000u, sqrt, fma, rint, nearbyint, llrint)

static uint64_t narrow(volatile double *x) {
  volatile float r = (float)x[0];
  return r != r ? 0x7fc00000u : single_bits(r);
}

static uint64_t widen(volatile float *x) {
  volatile double r = (double)x[0];
  return r != r ? 0x7ff8000000000000u : whole_bits(r);
}

static struct answer answer(enum operation operation, int is_double, int rm, struct question q) {
  volatile uint64_t integer = q.a;
  volatile double d[3];
  volatile float s[3];
  uint32_t low[3] = { q.a, q.b, q.c };
  memcpy((void *)d, &q.a, sizeof d);
  memcpy((void *)s, low, sizeof s);
  struct answer a;
  fesetround(rounding[rm]);
  feclearexcept(FE_ALL_EXCEPT);
  if (operation == TO_S) a.value = narrow(d);
  else if (operation == TO_D) a.value = widen(s);
  else a.value = is_double ? whole(operation, d, &integer) : single(operation, s, &integer);
  /* `r != r` on a canonical quiet NaN raises nothing: the operation has already quieted it. */
  a.flags = accrued();
  fesetround(FE_TONEAREST);
  return a;
}

/* The F and D extensions as a RISC-V hart executes them (QEMU's user mode), one instruction an answer. */
#include "float-operations.h"

#define FF2(NAME) __asm__ volatile(NAME " %0, %1, %2" : "=f"(r) : "f"(x), "f"(y))
#define FF1(NAME) __asm__ volatile(NAME " %0, %1" : "=f"(r) : "f"(x))
#define IF2(NAME) __asm__ volatile(NAME " %0, %1, %2" : "=r"(i) : "f"(x), "f"(y)); return i
#define IF1(NAME) __asm__ volatile(NAME " %0, %1, dyn" : "=r"(i) : "f"(x)); return i
#define FI1(NAME, RM) __asm__ volatile(NAME " %0, %1" RM : "=f"(r) : "r"(q.a))

#define ANSWERS(NAME, REAL, BITS, F, WORD_RM)                                                               \
  static uint64_t NAME(enum operation operation, struct question q) {                                       \
    REAL x, y, z, r = 0;                                                                                    \
    uint64_t i;                                                                                             \
    BITS bits[3] = { q.a, q.b, q.c };                                                                       \
    memcpy(&x, bits, sizeof x);                                                                             \
    memcpy(&y, bits + 1, sizeof y);                                                                         \
    memcpy(&z, bits + 2, sizeof z);                                                                         \
    switch (operation) {                                                                                    \
      case ADD: FF2("fadd." F); break;                                                                      \
      case SUB: FF2("fsub." F); break;                                                                      \
      case MUL: FF2("fmul." F); break;                                                                      \
      case DIV: FF2("fdiv." F); break;                                                                      \
      case SQRT: FF1("fsqrt." F); break;                                                                    \
      case FMA:                                                                                             \
        __asm__ volatile("fmadd." F " %0, %1, %2, %3" : "=f"(r) : "f"(x), "f"(y), "f"(z));                  \
        break;                                                                                              \
      case MIN: FF2("fmin." F); break;                                                                      \
      case MAX: FF2("fmax." F); break;                                                                      \
      case EQ: IF2("feq." F);                                                                               \
      case LT: IF2("flt." F);                                                                               \
      case LE: IF2("fle." F);                                                                               \
      case CLASS: __asm__ volatile("fclass." F " %0, %1" : "=r"(i) : "f"(x)); return i;                     \
      case TO_W: IF1("fcvt.w." F);                                                                          \
      case TO_WU: IF1("fcvt.wu." F);                                                                        \
      case TO_L: IF1("fcvt.l." F);                                                                          \
      case TO_LU: IF1("fcvt.lu." F);                                                                        \
      case FROM_W: FI1("fcvt." F ".w", WORD_RM); break;                                                     \
      case FROM_WU: FI1("fcvt." F ".wu", WORD_RM); break;                                                   \
      case FROM_L: FI1("fcvt." F ".l", ", dyn"); break;                                                     \
      case FROM_LU: FI1("fcvt." F ".lu", ", dyn"); break;                                                   \
      default: break;                                                                                       \
    }                                                                                                       \
    BITS out;                                                                                               \
    memcpy(&out, &r, sizeof out);                                                                           \
    return out;                                                                                             \
  }

/* A 32-bit integer always fits a double: the assembler takes no rounding mode there. */
ANSWERS(single, float, uint32_t, "s", ", dyn")
ANSWERS(whole, double, uint64_t, "d", "")

static uint64_t narrow(struct question q) {
  double x;
  float r;
  uint32_t out;
  memcpy(&x, &q.a, sizeof x);
  __asm__ volatile("fcvt.s.d %0, %1, dyn" : "=f"(r) : "f"(x));
  memcpy(&out, &r, sizeof out);
  return out;
}

static uint64_t widen(struct question q) {
  float x;
  double r;
  uint32_t in = q.a;
  uint64_t out;
  memcpy(&x, &in, sizeof x);
  __asm__ volatile("fcvt.d.s %0, %1" : "=f"(r) : "f"(x));
  memcpy(&out, &r, sizeof out);
  return out;
}

static struct answer answer(enum operation operation, int is_double, int rm, struct question q) {
  struct answer a;
  __asm__ volatile("fsrm %0" ::"r"(rm));
  __asm__ volatile("fsflags zero");
  if (operation == TO_S) a.value = narrow(q);
  else if (operation == TO_D) a.value = widen(q);
  else a.value = is_double ? whole(operation, q) : single(operation, q);
  __asm__ volatile("frflags %0" : "=r"(a.flags));
  __asm__ volatile("fsrm zero");
  return a;
}

/* The protocol of the oracle programs: records on stdin, answers on stdout (see float-oracle.ts). */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum operation {
  ADD, SUB, MUL, DIV, SQRT, FMA, MIN, MAX, EQ, LT, LE, CLASS,
  TO_W, TO_WU, TO_L, TO_LU, FROM_W, FROM_WU, FROM_L, FROM_LU, TO_S, TO_D,
  LTQ, LEQ, ROUND, ROUNDNX
};

struct question {
  uint64_t what, a, b, c;
};

struct answer {
  uint64_t value, flags;
};

static struct answer answer(enum operation operation, int is_double, int rm, struct question q);

int main(void) {
  struct question q;
  while (fread(&q, sizeof q, 1, stdin) == 1) {
    struct answer a = answer(q.what & 0xff, (q.what >> 8) & 1, (q.what >> 16) & 7, q);
    fwrite(&a, sizeof a, 1, stdout);
  }
  return 0;
}

/* A small stack machine running a program in its own bytecode: indirect jumps, like every interpreter. */
#include "bench.h"

#define ROUNDS 300000

const char bench_name[] = "bytecode";
const u64 bench_checksum = 0xc56d1f9e1f19d841;

enum operation { PUSH, LOAD, STORE, ADD, MULTIPLY, XOR, SUBTRACT, JUMP_IF, HALT };

/* i = ROUNDS; x = 1; do { x = (x * 1636413623 + i) ^ i; i = i - 1 } while (i); result x */
static const int program[] = {
    PUSH, ROUNDS, STORE, 0, PUSH, 1, STORE, 1,
    LOAD, 1, PUSH, 1636413623, MULTIPLY, LOAD, 0, ADD, LOAD, 0, XOR, STORE, 1,
    LOAD, 0, PUSH, 1, SUBTRACT, STORE, 0,
    LOAD, 0, JUMP_IF, 8,
    LOAD, 1, HALT,
};

static u64 interpret(const int *code) {
  u64 stack[16], variables[4] = {0}, *top = stack;
  for (const int *at = code;;) {
    switch (*at++) {
      case PUSH: *top++ = (u64)*at++; break;
      case LOAD: *top++ = variables[*at++]; break;
      case STORE: variables[*at++] = *--top; break;
      case ADD: top--; top[-1] += *top; break;
      case MULTIPLY: top--; top[-1] *= *top; break;
      case XOR: top--; top[-1] ^= *top; break;
      case SUBTRACT: top--; top[-1] -= *top; break;
      case JUMP_IF: at = *--top ? code + *at : at + 1; break;
      default: return *--top;
    }
  }
}

u64 bench(void) { return interpret(program); }

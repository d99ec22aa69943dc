/* The end: one line that says why, and the board switched off with a failing code. */
#ifndef PANIC_H
#define PANIC_H
#include "types.h"

void panic(const char *pattern, ...) __attribute__((noreturn));
void panic_trap(const char *what, u64 cause, u64 value, u64 pc) __attribute__((noreturn));
/* Switches the board off; the code is the emulator's exit code. */
void finish(int code) __attribute__((noreturn));
#define assert(condition) \
  do \
    if (!(condition)) panic("%s:%d: %s", __FILE_NAME__, __LINE__, #condition); \
  while (0)
#endif

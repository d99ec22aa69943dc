/* Loading a program. */
#ifndef EXEC_H
#define EXEC_H
#include "types.h"

struct arguments {
  int count;
  u64 bytes; /* of text, terminating zeros included */
  char *text; /* one after the other, in a page */
};

/* Replaces the current task's program; on an error nothing has changed. */
i64 exec(const char *path, const struct arguments *arguments);
#endif

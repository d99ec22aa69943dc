/* The kernel's own voice, polled, so that it works before and after everything else does. */
#ifndef PRINT_H
#define PRINT_H
#include "types.h"

void print(const char *pattern, ...);
/* For panics: takes no lock, so that a hart holding it cannot keep the message. */
void print_unlocked(const char *pattern, ...);
void print_values_unlocked(const char *pattern, va_list values);
#endif

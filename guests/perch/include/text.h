/* Strings and formatting, compiled into the kernel and into every program. */
#ifndef TEXT_H
#define TEXT_H
#include "types.h"

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
char *strchr(const char *text, int c);
const char *strstr(const char *text, const char *wanted);
/* Copies at most `room - 1` characters and always terminates. */
void copy_text(char *to, const char *from, size_t room);

typedef void (*put_fn)(void *where, char c);
/* %d %u %x %p %s %c %%, with 0 and width, - for left, l for 64 bits. */
void format(put_fn put, void *where, const char *pattern, va_list values);
#endif

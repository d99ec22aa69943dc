#include "print.h"
#include "text.h"
#include "uart.h"

/* A line is collected first, so that harts do not mix their words. */
struct line {
  char text[160];
  size_t length;
};

static void collect(void *where, char c) {
  struct line *line = where;
  if (line->length < sizeof line->text) line->text[line->length++] = c;
}

void print_values_unlocked(const char *pattern, va_list values) {
  struct line line = {.length = 0};
  format(collect, &line, pattern, values);
  uart_write_unlocked(line.text, line.length);
}

void print_unlocked(const char *pattern, ...) {
  va_list values;
  va_start(values, pattern);
  print_values_unlocked(pattern, values);
  va_end(values);
}

void print(const char *pattern, ...) {
  struct line line = {.length = 0};
  va_list values;
  va_start(values, pattern);
  format(collect, &line, pattern, values);
  va_end(values);
  uart_write(line.text, line.length);
}

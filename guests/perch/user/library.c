#include "user.h"

struct buffer {
  int descriptor;
  int length;
  char text[256];
};

static void flush(struct buffer *b) {
  write_all(b->descriptor, b->text, (u64)b->length);
  b->length = 0;
}

static void put(void *where, char c) {
  struct buffer *b = where;
  b->text[b->length++] = c;
  if (b->length == sizeof b->text) flush(b);
}

static void print_values(int descriptor, const char *pattern, va_list values) {
  struct buffer b = {.descriptor = descriptor};
  format(put, &b, pattern, values);
  flush(&b);
}

void print(const char *pattern, ...) {
  va_list values;
  va_start(values, pattern);
  print_values(1, pattern, values);
  va_end(values);
}

void print_to(int descriptor, const char *pattern, ...) {
  va_list values;
  va_start(values, pattern);
  print_values(descriptor, pattern, values);
  va_end(values);
}

const char *error_text(int error) {
  static const char *const texts[] = {
      [-E_AGAIN] = "no memory or no room in a table",
      [-E_BAD_FD] = "not an open file",
      [-E_EXISTS] = "exists already",
      [-E_FAULT] = "bad address",
      [-E_INTERRUPTED] = "interrupted",
      [-E_INVALID] = "not possible",
      [-E_IS_DIR] = "is a directory",
      [-E_NO_CHILD] = "no children",
      [-E_NO_CALL] = "no such system call",
      [-E_NO_ENTRY] = "no such file or directory",
      [-E_NO_SPACE] = "the disk is full or the file too long",
      [-E_NOT_DIR] = "not a directory",
      [-E_NOT_EMPTY] = "directory is not empty",
      [-E_NOT_EXEC] = "not a program",
      [-E_PIPE] = "nobody reads the pipe",
      [-E_READ_ONLY] = "the disk is read-only",
      [-E_TOO_BIG] = "too many or too long arguments",
  };
  return error < 0 && -error < (int)COUNT(texts) && texts[-error] ? texts[-error] : "unknown error";
}

int complain(const char *program, const char *what, int error) {
  print_to(2, "%s: %s: %s\n", program, what, error_text(error));
  return 1;
}

int read_line(int descriptor, char *to, int room) {
  int length = 0;
  char c;
  while (read(descriptor, &c, 1) == 1) {
    if (c == '\n') {
      to[length] = 0;
      return length;
    }
    if (length < room - 1) to[length++] = c;
  }
  to[length] = 0;
  return length ? length : -1;
}

int write_all(int descriptor, const void *from, u64 bytes) {
  const char *at = from;
  while (bytes) {
    i64 done = write(descriptor, at, bytes);
    if (done <= 0) return done ? (int)done : E_NO_SPACE;
    at += done;
    bytes -= (u64)done;
  }
  return 0;
}

bool parse_number(const char *text, u64 *value) {
  if (!*text) return false;
  for (*value = 0; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    *value = *value * 10 + (u64)(*text - '0');
  }
  return true;
}

int each_input(int argc, char **argv, int first, int (*work)(int descriptor, const char *name)) {
  int code = 0;
  if (argc <= first) return work(0, NULL);
  for (int i = first; i < argc; i++) {
    int descriptor = open(argv[i], OPEN_READ);
    if (descriptor < 0) {
      code = complain(argv[0], argv[i], descriptor);
      continue;
    }
    code |= work(descriptor, argv[i]);
    close(descriptor);
  }
  return code;
}

#include "text.h"

struct field {
  put_fn put;
  void *where;
  int width;
  bool left;
  char pad;
};

static void put_padded(const struct field *f, const char *text, int length) {
  int gap = f->width - length;
  if (!f->left)
    for (; gap > 0; gap--) f->put(f->where, f->pad);
  for (int i = 0; i < length; i++) f->put(f->where, text[i]);
  for (; gap > 0; gap--) f->put(f->where, ' ');
}

static void put_number(struct field *f, u64 value, unsigned base, bool negative) {
  char digits[24];
  int at = sizeof digits;
  do digits[--at] = "0123456789abcdef"[value % base];
  while ((value /= base));
  if (negative && f->pad == '0') {
    f->put(f->where, '-');
    f->width--;
  } else if (negative) {
    digits[--at] = '-';
  }
  put_padded(f, digits + at, (int)sizeof digits - at);
}

static void put_argument(struct field *f, char kind, bool wide, va_list *values) {
  switch (kind) {
    case 'd': {
      i64 value = wide ? va_arg(*values, i64) : va_arg(*values, int);
      put_number(f, value < 0 ? -(u64)value : (u64)value, 10, value < 0);
      break;
    }
    case 'u':
    case 'x':
      put_number(f, wide ? va_arg(*values, u64) : va_arg(*values, u32), kind == 'x' ? 16 : 10, false);
      break;
    case 'p':
      f->put(f->where, '0');
      f->put(f->where, 'x');
      put_number(f, va_arg(*values, u64), 16, false);
      break;
    case 's': {
      const char *text = va_arg(*values, const char *);
      if (!text) text = "(null)";
      put_padded(f, text, (int)strlen(text));
      break;
    }
    case 'c': {
      char c = (char)va_arg(*values, int);
      put_padded(f, &c, 1);
      break;
    }
    default:
      f->put(f->where, kind);
  }
}

void format(put_fn put, void *where, const char *pattern, va_list arguments) {
  va_list values;
  va_copy(values, arguments);
  for (; *pattern; pattern++) {
    if (*pattern != '%') {
      put(where, *pattern);
      continue;
    }
    struct field f = {put, where, 0, false, ' '};
    bool wide = false;
    pattern++;
    if (*pattern == '-') f.left = true, pattern++;
    if (*pattern == '0') f.pad = '0', pattern++;
    while (*pattern >= '0' && *pattern <= '9') f.width = f.width * 10 + (*pattern++ - '0');
    if (*pattern == '*') f.width = va_arg(values, int), pattern++;
    while (*pattern == 'l') wide = true, pattern++;
    if (!*pattern) break;
    put_argument(&f, *pattern, wide, &values);
  }
  va_end(values);
}

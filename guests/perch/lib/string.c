#include "text.h"

void *memcpy(void *to, const void *from, size_t bytes) {
  u8 *d = to;
  const u8 *s = from;
  if ((((u64)d | (u64)s) & 7) == 0)
    for (; bytes >= 8; bytes -= 8, d += 8, s += 8) *(u64 *)d = *(const u64 *)s;
  while (bytes--) *d++ = *s++;
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  u8 *d = to;
  const u8 *s = from;
  if (d <= s || d >= s + bytes) return memcpy(to, from, bytes);
  while (bytes--) d[bytes] = s[bytes];
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  u8 *d = to;
  u64 wide = (u8)value * 0x0101010101010101ul;
  for (; bytes && ((u64)d & 7); bytes--) *d++ = (u8)value;
  for (; bytes >= 8; bytes -= 8, d += 8) *(u64 *)d = wide;
  while (bytes--) *d++ = (u8)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
  const u8 *p = a, *q = b;
  for (; bytes; bytes--, p++, q++)
    if (*p != *q) return *p - *q;
  return 0;
}

size_t strlen(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t count) {
  while (count && *a && *a == *b) a++, b++, count--;
  return count ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *text, int c) {
  for (; *text; text++)
    if (*text == (char)c) return (char *)text;
  return c ? NULL : (char *)text;
}

const char *strstr(const char *text, const char *wanted) {
  size_t n = strlen(wanted);
  for (; *text; text++)
    if (strncmp(text, wanted, n) == 0) return text;
  return n ? NULL : text;
}

void copy_text(char *to, const char *from, size_t room) {
  while (room > 1 && *from) *to++ = *from++, room--;
  if (room) *to = 0;
}

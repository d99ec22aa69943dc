/* Looks through text byte by byte, as C's string functions do: lengths, lines, words, and a needle. */
#include "bench.h"

#define BYTES (1024 * 1024)
#define NEEDLE "abracadabra"

const char bench_name[] = "scan";
const u64 bench_checksum = 0xf0684754c0edaa2f;

static char text[BYTES + 1];

/* Words of small letters; the needle now and then. */
void bench_prepare(void) {
  u32 state = 2463534242;
  for (u64 i = 0; i < BYTES; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    u32 pick = state >> 8 & 31;
    text[i] = (char)(pick < 26 ? 'a' + pick % 6 : state >> 16 & 7 ? ' ' : '\n');
    if (i > 16 && (state & 0xfff00000) == 0x12300000)
      for (u64 j = 0; j < sizeof NEEDLE - 1; j++) text[i - 11 + j] = NEEDLE[j];
  }
}

static u64 length(const char *at) {
  const char *end = at;
  while (*end) end++;
  return (u64)(end - at);
}

static const char *find(const char *at, char wanted) {
  while (*at && *at != wanted) at++;
  return at;
}

static u64 count_words(const char *at) {
  u64 words = 0;
  for (int inside = 0; *at; at++) {
    int letter = *at > ' ';
    words += letter & !inside;
    inside = letter;
  }
  return words;
}

static u64 count_needles(const char *at, const char *needle) {
  u64 found = 0;
  for (at = find(at, *needle); *at; at = find(at + 1, *needle)) {
    u64 same = 1;
    while (needle[same] && at[same] == needle[same]) same++;
    found += !needle[same];
  }
  return found;
}

static u64 longest_line(const char *at) {
  u64 longest = 0;
  for (;;) {
    const char *end = find(at, '\n');
    if ((u64)(end - at) > longest) longest = (u64)(end - at);
    if (!*end) return longest;
    at = end + 1;
  }
}

u64 bench(void) {
  u64 checksum = length(text);
  checksum = checksum * 1000003 + count_words(text);
  checksum = checksum * 1000003 + longest_line(text);
  return checksum * 1000003 + count_needles(text, NEEDLE);
}

#include "check.h"

#define LONG_FILE 40000 /* more than the direct blocks hold */

static u64 free_blocks(void) {
  struct system_info info;
  system(&info);
  return info.disk_blocks_free;
}

static int create(const char *path) { return open(path, OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE); }

static bool put(const char *path, const char *text) {
  int file = create(path);
  bool ok = file >= 0 && write_all(file, text, strlen(text)) == 0;
  close(file);
  return ok;
}

static bool holds(const char *path, const char *text) {
  char found[64] = "";
  int file = open(path, OPEN_READ);
  if (file < 0) return false;
  i64 got = read(file, found, sizeof found - 1);
  close(file);
  return got == (i64)strlen(text) && !memcmp(found, text, (u64)got);
}

CHECK(check_file_contents) {
  static u32 part[300];
  u64 before = free_blocks(), at = 0;
  int file = create("/tmp/long");
  REQUIRE(file >= 0);
  for (u64 n = 0; n < LONG_FILE; n += sizeof part) {
    for (u64 i = 0; i < COUNT(part); i++) part[i] = (u32)((at + i) * 2654435761u);
    at += COUNT(part);
    REQUIRE(write_all(file, part, sizeof part) == 0);
  }
  struct file_status status;
  REQUIRE(fstat(file, &status) == 0 && status.size >= LONG_FILE && status.type == TYPE_FILE && status.links == 1);
  close(file);
  file = open("/tmp/long", OPEN_READ);
  for (u64 i = 0; i < at; i++) {
    u32 word;
    if (i % 256 == 0) REQUIRE(read(file, part, 1024) >= 4);
    word = part[i % 256];
    REQUIRE(word == (u32)(i * 2654435761u));
  }
  REQUIRE(read(file, part, 1) == 0);
  REQUIRE(write(file, part, 1) == E_BAD_FD);
  close(file);
  REQUIRE(unlink("/tmp/long") == 0);
  REQUIRE(free_blocks() == before);
  return NULL;
}

CHECK(check_file_names) {
  u64 before = free_blocks();
  REQUIRE(mkdir("/tmp/d") == 0 && mkdir("/tmp/d/e") == 0);
  REQUIRE(mkdir("/tmp/d") == E_EXISTS);
  REQUIRE(chdir("/tmp/d/e") == 0);
  REQUIRE(put("f", "hello"));
  REQUIRE(holds("/tmp/d/e/f", "hello") && holds("../e/./f", "hello") && holds("../../../tmp//d/e/f", "hello"));
  REQUIRE(link("f", "../g") == 0 && holds("/tmp/d/g", "hello"));
  REQUIRE(rename("f", "h") == 0 && !holds("f", "hello") && holds("h", "hello"));
  REQUIRE(put("h", "other") && holds("../g", "other"));
  REQUIRE(put("i", "third") && rename("i", "h") == 0 && holds("h", "third") && holds("../g", "other"));
  REQUIRE(unlink("/tmp/d/e") == E_NOT_EMPTY);
  REQUIRE(rename("/tmp/d", "/tmp/d/e/inside") == E_INVALID);
  REQUIRE(rename("/tmp/d/e", "/tmp/moved") == 0 && holds("/tmp/moved/h", "third") && holds("../moved/h", "third"));
  REQUIRE(open("nothing", OPEN_READ) == E_NO_ENTRY);
  REQUIRE(open("h/x", OPEN_READ) == E_NOT_DIR);
  REQUIRE(open("/tmp", OPEN_WRITE) == E_IS_DIR);
  REQUIRE(open("/tmp/a-name-that-is-longer-than-an-entry", OPEN_WRITE | OPEN_CREATE) == E_NO_ENTRY);
  REQUIRE(chdir("h") == E_NOT_DIR);
  REQUIRE(unlink("h") == 0 && chdir("/") == 0);
  REQUIRE(unlink("/tmp/moved") == 0 && unlink("/tmp/d/g") == 0 && unlink("/tmp/d") == 0);
  REQUIRE(unlink("/") != 0 && unlink("/tmp/.") == E_INVALID);
  REQUIRE(free_blocks() + 1 >= before); /* /tmp itself may have grown by a block */
  return NULL;
}

static void numbered(char *name, int i) {
  copy_text(name, "/tmp/n00", 16);
  name[6] = (char)('0' + i / 10);
  name[7] = (char)('0' + i % 10);
}

CHECK(check_many_files) {
  char name[16];
  for (int i = 0; i < 50; i++) {
    numbered(name, i);
    REQUIRE(put(name, name));
  }
  REQUIRE(sync() == 0);
  for (int i = 0; i < 50; i++) {
    numbered(name, i);
    REQUIRE(holds(name, name));
    REQUIRE(unlink(name) == 0);
  }
  return NULL;
}

/* Four processes append to one file at once; nothing is lost. */
CHECK(check_file_sharing) {
  int file = create("/tmp/shared");
  REQUIRE(file >= 0);
  for (int child = 0; child < 4; child++)
    if (fork() == 0) {
      int own = open("/tmp/shared", OPEN_WRITE | OPEN_APPEND);
      for (int i = 0; i < 25; i++) write(own, "12345678", 8);
      exit(0);
    }
  for (int child = 0; child < 4; child++) REQUIRE(wait(NULL, 0) > 0);
  struct file_status status;
  REQUIRE(fstat(file, &status) == 0 && status.size == 4 * 25 * 8);
  REQUIRE(unlink("/tmp/shared") == 0);
  REQUIRE(open("/tmp/shared", OPEN_READ) == E_NO_ENTRY);
  char found[9] = "";
  REQUIRE(read(file, found, 8) == 8 && !strcmp(found, "12345678")); /* open, so still there */
  REQUIRE(fstat(file, &status) == 0 && status.links == 0);
  return NULL;
}

#include "user.h"

static void line(const char *name, const struct file_status *s) {
  print("%c %2d %7d %s\n", s->type == TYPE_DIR ? 'd' : s->type == TYPE_FILE ? '-' : '?', s->links, s->size, name);
}

static void entry(const char *directory, const char *name) {
  char path[PATH_BYTES];
  struct file_status status;
  copy_text(path, directory, sizeof path);
  size_t length = strlen(path);
  if (length && path[length - 1] != '/') path[length++] = '/';
  copy_text(path + length, name, sizeof path - length);
  int file = open(path, OPEN_READ);
  if (file < 0) return;
  fstat(file, &status);
  line(name, &status);
  close(file);
}

static int list(const char *path) {
  struct file_status status;
  struct directory_entry e;
  int file = open(path, OPEN_READ);
  if (file < 0) return complain("ls", path, file);
  fstat(file, &status);
  if (status.type != TYPE_DIR) line(path, &status);
  else
    while (read(file, &e, sizeof e) == sizeof e)
      if (e.inode && strcmp(e.name, ".") && strcmp(e.name, "..")) entry(path, e.name);
  close(file);
  return 0;
}

int main(int argc, char **argv) {
  int code = 0;
  if (argc == 1) return list(".");
  for (int i = 1; i < argc; i++) {
    if (argc > 2) print("%s:\n", argv[i]);
    code |= list(argv[i]);
  }
  return code;
}

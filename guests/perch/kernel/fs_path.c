/* Names: directories, paths, and the operations that change them. */
#include "fs_internal.h"
#include "task.h"
#include "text.h"

#define ENTRY_BYTES sizeof(struct directory_entry)

static bool next_entry(struct inode *d, u64 *offset, struct directory_entry *entry) {
  i64 got = read_locked(d, *offset, (u64)entry, ENTRY_BYTES, false);
  if (got != (i64)ENTRY_BYTES) return false;
  *offset += ENTRY_BYTES;
  return true;
}

i64 directory_find(struct inode *d, const char *name, u32 *inode, u64 *offset) {
  struct directory_entry entry;
  if (d->disk.type != TYPE_DIR) return E_NOT_DIR;
  for (u64 at = 0; next_entry(d, &at, &entry);) {
    if (!entry.inode || strncmp(entry.name, name, NAME_BYTES)) continue;
    *inode = entry.inode;
    if (offset) *offset = at - ENTRY_BYTES;
    return 0;
  }
  return E_NO_ENTRY;
}

static i64 put_entry(struct inode *d, u64 offset, const struct directory_entry *entry) {
  i64 done = write_locked(d, offset, (u64)entry, ENTRY_BYTES, false);
  return done == (i64)ENTRY_BYTES ? 0 : E_NO_SPACE;
}

i64 directory_add(struct inode *d, const char *name, u32 inode) {
  struct directory_entry entry;
  u64 at = 0;
  while (next_entry(d, &at, &entry))
    if (!entry.inode) {
      at -= ENTRY_BYTES;
      break;
    }
  memset(&entry, 0, sizeof entry);
  entry.inode = inode;
  copy_text(entry.name, name, NAME_BYTES);
  return put_entry(d, at, &entry);
}

i64 directory_clear(struct inode *d, u64 offset) {
  struct directory_entry none = {0};
  return put_entry(d, offset, &none);
}

bool directory_is_empty(struct inode *d) {
  struct directory_entry entry;
  for (u64 at = 2 * ENTRY_BYTES; next_entry(d, &at, &entry);) /* after "." and ".." */
    if (entry.inode) return false;
  return true;
}

/* Takes the first name off a path; false when there is none, or it is too long (then `*rest` is NULL). */
static bool take_name(const char **rest, char name[NAME_BYTES]) {
  const char *at = *rest;
  while (*at == '/') at++;
  size_t length = 0;
  while (at[length] && at[length] != '/') length++;
  *rest = length < NAME_BYTES ? at + length : NULL;
  if (length == 0 || length >= NAME_BYTES) return false;
  memset(name, 0, NAME_BYTES);
  memcpy(name, at, length);
  return true;
}

static bool is_last(const char *rest) {
  while (*rest == '/') rest++;
  return !*rest;
}

/* Follows a path, all of it or up to its last name. */
static i64 follow(const char *path, bool stop_before_last, char name[NAME_BYTES], struct inode **found) {
  struct inode *at = inode_share(*path == '/' ? fs_root() : current()->directory);
  const char *rest = path;
  bool named = false;
  i64 error = *path ? 0 : E_NO_ENTRY;
  while (!error && take_name(&rest, name)) {
    named = true;
    if (stop_before_last && is_last(rest)) break;
    u32 number = 0;
    error = directory_find(at, name, &number, NULL);
    if (error) break;
    struct inode *next = inode_load(number);
    inode_put_locked(at);
    if (!next) return E_AGAIN;
    at = next;
  }
  if (!error && !rest) error = E_NO_ENTRY;
  if (!error && stop_before_last && (!named || at->disk.type != TYPE_DIR)) error = named ? E_NOT_DIR : E_EXISTS;
  if (error) inode_put_locked(at);
  else *found = at;
  return error;
}

i64 path_find(const char *path, struct inode **found) {
  char name[NAME_BYTES];
  return follow(path, false, name, found);
}

i64 path_parent(const char *path, struct inode **parent, char name[NAME_BYTES]) {
  return follow(path, true, name, parent);
}

static bool is_dots(const char *name) { return !strcmp(name, ".") || !strcmp(name, ".."); }

/* A new file or directory under a name that is free. */
static i64 create(const char *path, int type, struct inode **made) {
  char name[NAME_BYTES];
  struct inode *parent, *i;
  u32 number;
  if (fs_read_only) return E_READ_ONLY;
  i64 error = path_parent(path, &parent, name);
  if (error) return error;
  error = directory_find(parent, name, &number, NULL) == 0 ? E_EXISTS : 0;
  if (!error && parent->disk.links == 0) error = E_NO_ENTRY; /* it was removed while somebody's directory */
  if (!error && !(i = inode_allocate(type))) error = E_NO_SPACE;
  if (!error) {
    i->disk.links = 1;
    if (type == TYPE_DIR) {
      error = directory_add(i, ".", i->number);
      if (!error) error = directory_add(i, "..", parent->number);
    }
    if (!error) error = directory_add(parent, name, i->number);
    if (error) i->disk.links = 0;
    inode_store(i);
    if (error) inode_put_locked(i);
    else *made = i;
  }
  inode_put_locked(parent);
  return error;
}

static i64 open_locked(const char *path, int flags, struct inode **found) {
  i64 error = path_find(path, found);
  if (error == E_NO_ENTRY && flags & OPEN_CREATE) return create(path, TYPE_FILE, found);
  if (error) return error;
  bool changes = flags & (OPEN_WRITE | OPEN_TRUNCATE);
  if (changes && (*found)->disk.type == TYPE_DIR) error = E_IS_DIR;
  else if (changes && fs_read_only) error = E_READ_ONLY;
  if (error) inode_put_locked(*found);
  else if (flags & OPEN_TRUNCATE && (*found)->disk.size) file_truncate(*found);
  return error;
}

static i64 link_locked(const char *old, const char *new) {
  char name[NAME_BYTES];
  struct inode *i, *parent;
  u32 number;
  if (fs_read_only) return E_READ_ONLY;
  i64 error = path_find(old, &i);
  if (error) return error;
  if (i->disk.type == TYPE_DIR) error = E_IS_DIR;
  if (!error) error = path_parent(new, &parent, name);
  if (!error) {
    error = directory_find(parent, name, &number, NULL) == 0 ? E_EXISTS : directory_add(parent, name, i->number);
    if (!error) {
      i->disk.links++;
      inode_store(i);
    }
    inode_put_locked(parent);
  }
  inode_put_locked(i);
  return error;
}

static i64 unlink_locked(const char *path) {
  char name[NAME_BYTES];
  struct inode *parent, *i = NULL;
  u32 number;
  u64 offset;
  if (fs_read_only) return E_READ_ONLY;
  i64 error = path_parent(path, &parent, name);
  if (error) return error;
  error = is_dots(name) ? E_INVALID : directory_find(parent, name, &number, &offset);
  if (!error && !(i = inode_load(number))) error = E_AGAIN;
  if (!error && i->disk.type == TYPE_DIR && !directory_is_empty(i)) error = E_NOT_EMPTY;
  if (!error) error = directory_clear(parent, offset);
  if (!error) {
    i->disk.links--;
    inode_store(i);
  }
  if (i) inode_put_locked(i);
  inode_put_locked(parent);
  return error;
}

/* Whether `ancestor` is `d` or above it. */
static bool is_inside(struct inode *d, u32 ancestor) {
  u32 number = d->number;
  for (int depth = 0; depth < 64 && number != ancestor; depth++) {
    if (number == ROOT_INODE) return false;
    struct inode *i = inode_load(number);
    if (!i || directory_find(i, "..", &number, NULL)) number = ROOT_INODE;
    if (i) inode_put_locked(i);
  }
  return true;
}

/* Moves an entry; a file already there goes, a directory stays and is an error. */
static i64 move_entry(struct inode *from, const char *old, struct inode *to, const char *new) {
  u32 number, there;
  u64 offset, ignored;
  i64 error = directory_find(from, old, &number, &offset);
  if (error) return error;
  if (directory_find(to, new, &there, &ignored) == 0) return E_EXISTS;
  struct inode *i = inode_load(number);
  if (!i) return E_AGAIN;
  bool is_directory = i->disk.type == TYPE_DIR;
  if (is_directory && is_inside(to, number)) error = E_INVALID;
  if (!error) error = directory_add(to, new, number);
  if (!error) error = directory_clear(from, offset);
  if (!error && is_directory && directory_find(i, "..", &there, &offset) == 0) {
    struct directory_entry up = {.inode = to->number, .name = ".."};
    error = put_entry(i, offset, &up);
  }
  inode_put_locked(i);
  return error;
}

static i64 rename_locked(const char *old, const char *new) {
  char old_name[NAME_BYTES], new_name[NAME_BYTES];
  struct inode *from, *to, *target;
  if (fs_read_only) return E_READ_ONLY;
  i64 error = path_parent(old, &from, old_name);
  if (error) return error;
  error = path_parent(new, &to, new_name);
  if (!error) {
    if (is_dots(old_name) || is_dots(new_name)) error = E_INVALID;
    bool same = from == to && !strcmp(old_name, new_name);
    if (!error && !same && path_find(new, &target) == 0) { /* replaced, if it is a file and the source exists */
      u32 number;
      bool file = target->disk.type == TYPE_FILE;
      inode_put_locked(target);
      error = directory_find(from, old_name, &number, NULL);
      if (!error) error = file ? unlink_locked(new) : E_EXISTS;
    }
    if (!error && !same) error = move_entry(from, old_name, to, new_name);
    inode_put_locked(to);
  }
  inode_put_locked(from);
  return error;
}

i64 fs_open(const char *path, int flags, struct inode **found) {
  mutex_lock(&fs_mutex);
  i64 error = open_locked(path, flags, found);
  mutex_unlock(&fs_mutex);
  return error;
}

i64 fs_make_directory(const char *path) {
  struct inode *made;
  mutex_lock(&fs_mutex);
  i64 error = create(path, TYPE_DIR, &made);
  if (!error) inode_put_locked(made);
  mutex_unlock(&fs_mutex);
  return error;
}

i64 fs_unlink(const char *path) {
  mutex_lock(&fs_mutex);
  i64 error = unlink_locked(path);
  mutex_unlock(&fs_mutex);
  return error;
}

i64 fs_link(const char *old, const char *new) {
  mutex_lock(&fs_mutex);
  i64 error = link_locked(old, new);
  mutex_unlock(&fs_mutex);
  return error;
}

i64 fs_rename(const char *old, const char *new) {
  mutex_lock(&fs_mutex);
  i64 error = rename_locked(old, new);
  mutex_unlock(&fs_mutex);
  return error;
}

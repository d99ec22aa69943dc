#include "file.h"
#include "console.h"
#include "fs.h"
#include "pipe.h"
#include "spinlock.h"

#define FILES 128

static struct spinlock files_lock = SPINLOCK("open files");
static struct file table[FILES];

struct file *file_take(int type) {
  struct file *f = table;
  lock(&files_lock);
  while (f < table + FILES && f->type != TYPE_FREE) f++;
  if (f == table + FILES) f = NULL;
  else *f = (struct file){.type = type, .users = 1};
  unlock(&files_lock);
  return f;
}

struct file *file_share(struct file *f) {
  lock(&files_lock);
  f->users++;
  unlock(&files_lock);
  return f;
}

void file_close(struct file *f) {
  lock(&files_lock);
  struct file last = *f;
  bool unused = --f->users == 0;
  if (unused) f->type = TYPE_FREE;
  unlock(&files_lock);
  if (!unused) return;
  if (last.pipe) pipe_close(last.pipe, last.writable);
  if (last.inode) inode_put(last.inode);
}

i64 file_read(struct file *f, u64 to, u64 bytes) {
  if (!f->readable) return E_BAD_FD;
  if (f->type == TYPE_CONSOLE) return console_read(to, bytes);
  if (f->type == TYPE_PIPE) return pipe_read(f->pipe, to, bytes);
  return inode_read_next(f->inode, &f->offset, to, bytes);
}

i64 file_write(struct file *f, u64 from, u64 bytes) {
  if (!f->writable) return E_BAD_FD;
  if (f->type == TYPE_CONSOLE) return console_write(from, bytes);
  if (f->type == TYPE_PIPE) return pipe_write(f->pipe, from, bytes);
  return inode_write_next(f->inode, &f->offset, f->append, from, bytes);
}

void file_status(const struct file *f, struct file_status *status) {
  *status = (struct file_status){.type = (u16)f->type};
  if (!f->inode) return;
  *status = (struct file_status){f->inode->number, f->inode->disk.type, f->inode->disk.links, f->inode->disk.size};
}

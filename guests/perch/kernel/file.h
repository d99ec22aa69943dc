/* Open files: what a descriptor stands for, shared by everyone who inherited it. */
#ifndef FILE_H
#define FILE_H
#include "abi.h"
#include "types.h"

struct inode;
struct pipe;

struct file {
  int type; /* enum file_type; TYPE_FREE: this slot is free */
  u32 users;
  bool readable, writable, append;
  struct inode *inode;
  struct pipe *pipe;
  u64 offset;
};

struct file *file_take(int type); /* NULL: the table is full */
struct file *file_share(struct file *f);
void file_close(struct file *f);
i64 file_read(struct file *f, u64 to, u64 bytes);
i64 file_write(struct file *f, u64 from, u64 bytes);
void file_status(const struct file *f, struct file_status *status);
#endif

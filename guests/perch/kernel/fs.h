/*
 * Files and directories. One mutex for all of it: whoever calls a function here has the whole file system to itself,
 * which keeps every operation as simple as it reads.
 */
#ifndef FS_H
#define FS_H
#include "abi.h"
#include "disk_layout.h"
#include "types.h"

struct inode {
  u32 number; /* 0: this slot is free */
  u32 users;
  struct disk_inode disk;
};

void fs_start(void);
/* A name to an inode the caller must put, or an error. */
i64 fs_open(const char *path, int flags, struct inode **found);
i64 fs_make_directory(const char *path);
i64 fs_unlink(const char *path);
i64 fs_link(const char *old, const char *new);
i64 fs_rename(const char *old, const char *new);
void fs_sync(void);
void fs_count_blocks(u64 *all, u64 *free);
/* Reads one block past the cache, for `traptour`; gives its first 8 bytes. */
u64 fs_reread_block(u32 number);
/* The kernel's own task: writes changed blocks to the disk now and then. */
void fs_write_back_task(void);

struct inode *inode_share(struct inode *i);
void inode_put(struct inode *i);
struct inode *fs_root(void);
/* Into kernel memory; gives bytes moved or an error, like the next two. */
i64 inode_read(struct inode *i, u64 offset, void *to, u64 bytes);
/* For an open file: user memory, and the offset moves on in the same breath, so that processes sharing it get on. */
i64 inode_read_next(struct inode *i, u64 *offset, u64 to, u64 bytes);
i64 inode_write_next(struct inode *i, u64 *offset, bool append, u64 from, u64 bytes);
#endif

/* Between the parts of the file system; everything here wants fs_mutex held. */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H
#include "block_cache.h"
#include "fs.h"
#include "wait_queue.h"

extern struct mutex fs_mutex;
extern struct superblock superblock;
extern bool fs_read_only;

/* fs_blocks.c: which blocks are in use, and which hold a file's contents */
u32 block_allocate(void); /* 0: the disk is full */
void block_release(u32 number);
/* The disk block of a file's block `index`, made if asked; 0: none. */
u32 file_block(struct inode *i, u32 index, bool make);
void file_truncate(struct inode *i);

/* fs_inode.c */
struct inode *inode_load(u32 number); /* NULL: the table is full */
struct inode *inode_allocate(int type);
void inode_store(struct inode *i);
void inode_put_locked(struct inode *i);
i64 read_locked(struct inode *i, u64 offset, u64 to, u64 bytes, bool user);
i64 write_locked(struct inode *i, u64 offset, u64 from, u64 bytes, bool user);

/* fs_path.c */
i64 directory_find(struct inode *d, const char *name, u32 *inode, u64 *offset);
i64 directory_add(struct inode *d, const char *name, u32 inode);
i64 directory_clear(struct inode *d, u64 offset);
bool directory_is_empty(struct inode *d);
i64 path_find(const char *path, struct inode **found);
/* The directory a path's last name is in, and that name. */
i64 path_parent(const char *path, struct inode **parent, char name[NAME_BYTES]);
#endif

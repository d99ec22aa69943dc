/* Disk blocks in memory. Everything here wants the file system's mutex, and only tasks may call it. */
#ifndef BLOCK_CACHE_H
#define BLOCK_CACHE_H
#include "disk_layout.h"
#include "types.h"

struct block {
  u32 number;
  bool valid, dirty;
  u32 users;           /* between block_get and block_put it stays */
  struct block *next;  /* most recently used first */
  u8 *data;
};

void blocks_start(void);
struct block *block_get(u32 number);
/* The same, zeroed and dirty, without reading what the disk has there. */
struct block *block_get_new(u32 number);
void block_put(struct block *b);
void block_dirty(struct block *b);
/* Waits, without the mutex, until there is something to write. */
void blocks_wait_dirty(void);
/* Writes all dirty blocks and tells the disk to make them durable. */
void blocks_sync(void);
/* Forgets a clean block's contents, so that the next use reads the disk. */
void block_forget(u32 number);
#endif

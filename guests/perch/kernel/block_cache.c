#include "block_cache.h"
#include "page_alloc.h"
#include "abi.h"
#include "panic.h"
#include "text.h"
#include "wait_queue.h"
#include "virtio_disk.h"

#define BLOCKS 96
#define SECTORS_PER_BLOCK (BLOCK_BYTES / SECTOR_BYTES)

static struct block table[BLOCKS];
static struct block *most_recent;
static u32 dirty_count;
static struct spinlock dirty_lock = SPINLOCK("dirty blocks");
static struct wait_queue dirty_waiter;

static void change_dirty_count(int by) {
  lock(&dirty_lock);
  if (dirty_count == 0) wake_all(&dirty_waiter);
  dirty_count += (u32)by;
  unlock(&dirty_lock);
}

void blocks_wait_dirty(void) {
  lock(&dirty_lock);
  while (dirty_count == 0) wait_on(&dirty_waiter, &dirty_lock);
  unlock(&dirty_lock);
}

void blocks_start(void) {
  u8 *page = NULL;
  for (u32 i = 0; i < BLOCKS; i++) {
    u32 within = i * BLOCK_BYTES % PAGE_BYTES;
    if (within == 0) page = page_take();
    assert(page);
    table[i] = (struct block){.data = page + within, .next = most_recent};
    most_recent = &table[i];
  }
}

static void write_back(struct block *b) {
  disk_write((u64)b->number * SECTORS_PER_BLOCK, b->data, BLOCK_BYTES);
  b->dirty = false;
  change_dirty_count(-1);
}

static void to_front(struct block **link) {
  struct block *b = *link;
  *link = b->next;
  b->next = most_recent;
  most_recent = b;
}

/* The block if it is here, else the least recently used one nobody holds, now bearing the number. */
static struct block *find(u32 number) {
  struct block **oldest = NULL;
  for (struct block **link = &most_recent; *link; link = &(*link)->next) {
    if ((*link)->valid && (*link)->number == number) {
      to_front(link);
      return most_recent;
    }
    if (!(*link)->users) oldest = link;
  }
  if (!oldest) panic("all blocks of the cache are in use");
  to_front(oldest);
  struct block *b = most_recent;
  if (b->dirty) write_back(b);
  b->valid = false;
  b->number = number;
  return b;
}

struct block *block_get(u32 number) {
  struct block *b = find(number);
  b->users++;
  if (!b->valid) disk_read((u64)number * SECTORS_PER_BLOCK, b->data, BLOCK_BYTES);
  b->valid = true;
  return b;
}

struct block *block_get_new(u32 number) {
  struct block *b = find(number);
  b->users++;
  b->valid = true;
  memset(b->data, 0, BLOCK_BYTES);
  block_dirty(b);
  return b;
}

void block_put(struct block *b) {
  assert(b->users > 0);
  b->users--;
}

void block_dirty(struct block *b) {
  if (!b->dirty) change_dirty_count(1);
  b->dirty = true;
}

void blocks_sync(void) {
  if (dirty_count == 0) return;
  for (u32 i = 0; i < BLOCKS; i++)
    if (table[i].dirty) write_back(&table[i]);
  disk_flush();
}

void block_forget(u32 number) {
  for (u32 i = 0; i < BLOCKS; i++)
    if (table[i].valid && table[i].number == number && !table[i].dirty && !table[i].users) table[i].valid = false;
}

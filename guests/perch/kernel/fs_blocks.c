#include "fs_internal.h"
#include "panic.h"
#include "text.h"

#define BITS_PER_BLOCK (BLOCK_BYTES * 8)

u32 block_allocate(void) {
  for (u32 number = superblock.data_start; number < superblock.block_count;) {
    struct block *map = block_get(superblock.bitmap_start + number / BITS_PER_BLOCK);
    u32 end = MIN(superblock.block_count, (number / BITS_PER_BLOCK + 1) * BITS_PER_BLOCK);
    for (; number < end; number++) {
      u8 *byte = &map->data[number % BITS_PER_BLOCK / 8], bit = (u8)(1 << number % 8);
      if (*byte & bit) continue;
      *byte |= bit;
      block_dirty(map);
      block_put(map);
      block_put(block_get_new(number)); /* contents of a deleted file must not show */
      return number;
    }
    block_put(map);
  }
  return 0;
}

void block_release(u32 number) {
  struct block *map = block_get(superblock.bitmap_start + number / BITS_PER_BLOCK);
  u8 *byte = &map->data[number % BITS_PER_BLOCK / 8], bit = (u8)(1 << number % 8);
  if (!(*byte & bit)) panic("block %d is freed twice", number);
  *byte &= (u8)~bit;
  block_dirty(map);
  block_put(map);
}

void fs_count_blocks(u64 *all, u64 *free) {
  mutex_lock(&fs_mutex);
  *all = superblock.block_count;
  *free = 0;
  for (u32 number = 0; number < superblock.block_count; number += BITS_PER_BLOCK) {
    struct block *map = block_get(superblock.bitmap_start + number / BITS_PER_BLOCK);
    u32 count = MIN(BITS_PER_BLOCK, superblock.block_count - number);
    for (u32 i = 0; i < count; i++) *free += !(map->data[i / 8] >> i % 8 & 1);
    block_put(map);
  }
  mutex_unlock(&fs_mutex);
}

static bool fill(u32 *slot, bool make) {
  if (!*slot && make) *slot = block_allocate();
  return *slot;
}

u32 file_block(struct inode *i, u32 index, bool make) {
  if (index < DIRECT_BLOCKS) return fill(&i->disk.direct[index], make) ? i->disk.direct[index] : 0;
  index -= DIRECT_BLOCKS;
  u32 *table = &i->disk.indirect[index / ENTRIES_PER_BLOCK];
  if (!fill(table, make)) return 0;
  struct block *b = block_get(*table);
  u32 *slot = &((u32 *)b->data)[index % ENTRIES_PER_BLOCK];
  u32 before = *slot, number = fill(slot, make) ? *slot : 0;
  if (number != before) block_dirty(b);
  block_put(b);
  return number;
}

static void release_table(u32 table) {
  struct block *b = block_get(table);
  for (u32 i = 0; i < ENTRIES_PER_BLOCK; i++) {
    u32 number = ((u32 *)b->data)[i];
    if (number) block_release(number);
  }
  block_put(b);
  block_release(table);
}

void file_truncate(struct inode *i) {
  for (u32 n = 0; n < DIRECT_BLOCKS; n++)
    if (i->disk.direct[n]) block_release(i->disk.direct[n]);
  for (u32 n = 0; n < INDIRECT_BLOCKS; n++)
    if (i->disk.indirect[n]) release_table(i->disk.indirect[n]);
  memset(i->disk.direct, 0, sizeof i->disk.direct);
  memset(i->disk.indirect, 0, sizeof i->disk.indirect);
  i->disk.size = 0;
  inode_store(i);
}

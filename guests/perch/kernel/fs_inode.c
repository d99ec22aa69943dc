#include "fs_internal.h"
#include "panic.h"
#include "print.h"
#include "space.h"
#include "text.h"
#include "timer.h"
#include "task.h"
#include "virtio_disk.h"

#define INODES_IN_USE 64
#define WRITE_BACK_MS 500

struct mutex fs_mutex = MUTEX("files");
struct superblock superblock;
bool fs_read_only;

static struct inode table[INODES_IN_USE];
static struct inode *root;

void fs_start(void) {
  blocks_start();
  mutex_lock(&fs_mutex);
  struct block *b = block_get(0);
  memcpy(&superblock, b->data, sizeof superblock);
  block_put(b);
  if (superblock.magic != FS_MAGIC) panic("the disk holds no perch file system (magic %p)", superblock.magic);
  if ((u64)superblock.block_count * (BLOCK_BYTES / SECTOR_BYTES) > disk_sectors())
    panic("the disk is shorter than its file system: %d blocks, %ld sectors", superblock.block_count, disk_sectors());
  fs_read_only = disk_is_read_only();
  root = inode_load(ROOT_INODE);
  mutex_unlock(&fs_mutex);
}

struct inode *fs_root(void) { return root; }

static struct block *block_of_inode(u32 number) { return block_get(superblock.inode_start + number / INODES_PER_BLOCK); }

static struct disk_inode *place(struct block *b, u32 number) {
  return &((struct disk_inode *)b->data)[number % INODES_PER_BLOCK];
}

struct inode *inode_load(u32 number) {
  struct inode *unused = NULL;
  for (struct inode *i = table; i < table + INODES_IN_USE; i++) {
    if (i->number == number) {
      i->users++;
      return i;
    }
    if (!i->number) unused = i;
  }
  if (!unused) return NULL;
  struct block *b = block_of_inode(number);
  unused->disk = *place(b, number);
  block_put(b);
  unused->number = number;
  unused->users = 1;
  return unused;
}

void inode_store(struct inode *i) {
  struct block *b = block_of_inode(i->number);
  *place(b, i->number) = i->disk;
  block_dirty(b);
  block_put(b);
}

struct inode *inode_allocate(int type) {
  for (u32 number = ROOT_INODE + 1; number < superblock.inode_count; number++) {
    struct block *b = block_of_inode(number);
    bool is_free = place(b, number)->type == TYPE_FREE;
    block_put(b);
    if (!is_free) continue;
    struct inode *i = inode_load(number);
    if (!i) return NULL;
    i->disk = (struct disk_inode){.type = (u16)type};
    inode_store(i);
    return i;
  }
  return NULL;
}

struct inode *inode_share(struct inode *i) {
  __atomic_fetch_add(&i->users, 1, __ATOMIC_RELAXED);
  return i;
}

void inode_put_locked(struct inode *i) {
  if (__atomic_sub_fetch(&i->users, 1, __ATOMIC_RELAXED)) return;
  if (i->disk.links == 0) { /* nobody can find it any more */
    file_truncate(i);
    i->disk.type = TYPE_FREE;
    inode_store(i);
  }
  i->number = 0;
}

void inode_put(struct inode *i) {
  mutex_lock(&fs_mutex);
  inode_put_locked(i);
  mutex_unlock(&fs_mutex);
}

i64 read_locked(struct inode *i, u64 offset, u64 to, u64 bytes, bool user) {
  u64 size = i->disk.size, done = 0;
  if (offset >= size) return 0;
  bytes = MIN(bytes, size - offset);
  while (done < bytes) {
    u64 within = (offset + done) % BLOCK_BYTES, count = MIN(bytes - done, BLOCK_BYTES - within);
    u32 number = file_block(i, (u32)((offset + done) / BLOCK_BYTES), false);
    if (!number) panic("inode %d has no block at offset %ld", i->number, offset + done);
    struct block *b = block_get(number);
    bool ok = true;
    if (user) ok = copy_to_user(to + done, b->data + within, count);
    else memcpy((void *)(to + done), b->data + within, count);
    block_put(b);
    if (!ok) return E_FAULT;
    done += count;
  }
  return (i64)done;
}

i64 write_locked(struct inode *i, u64 offset, u64 from, u64 bytes, bool user) {
  u64 done = 0;
  i64 error = 0;
  while (done < bytes && !error) {
    u64 at = offset + done, within = at % BLOCK_BYTES, count = MIN(bytes - done, BLOCK_BYTES - within);
    u32 number = at / BLOCK_BYTES < MAX_FILE_BLOCKS ? file_block(i, (u32)(at / BLOCK_BYTES), true) : 0;
    if (!number) {
      error = E_NO_SPACE;
      break;
    }
    struct block *b = block_get(number);
    if (user && !copy_from_user(b->data + within, from + done, count)) error = E_FAULT;
    else if (!user) memcpy(b->data + within, (void *)(from + done), count);
    block_dirty(b);
    block_put(b);
    if (!error) done += count;
  }
  i->disk.size = (u32)MAX(i->disk.size, offset + done);
  inode_store(i); /* also for blocks it got */
  return done ? (i64)done : error;
}

i64 inode_read(struct inode *i, u64 offset, void *to, u64 bytes) {
  mutex_lock(&fs_mutex);
  i64 done = read_locked(i, offset, (u64)to, bytes, false);
  mutex_unlock(&fs_mutex);
  return done;
}

i64 inode_read_next(struct inode *i, u64 *offset, u64 to, u64 bytes) {
  mutex_lock(&fs_mutex);
  i64 done = read_locked(i, *offset, to, bytes, true);
  if (done > 0) *offset += (u64)done;
  mutex_unlock(&fs_mutex);
  return done;
}

i64 inode_write_next(struct inode *i, u64 *offset, bool append, u64 from, u64 bytes) {
  if (fs_read_only) return E_READ_ONLY;
  mutex_lock(&fs_mutex);
  if (append) *offset = i->disk.size;
  i64 done = write_locked(i, *offset, from, bytes, true);
  if (done > 0) *offset += (u64)done;
  mutex_unlock(&fs_mutex);
  return done;
}

void fs_sync(void) {
  mutex_lock(&fs_mutex);
  blocks_sync();
  mutex_unlock(&fs_mutex);
}

u64 fs_reread_block(u32 number) {
  mutex_lock(&fs_mutex);
  block_forget(number);
  struct block *b = block_get(number);
  u64 value = *(u64 *)b->data;
  block_put(b);
  mutex_unlock(&fs_mutex);
  return value;
}

void fs_write_back_task(void) {
  for (;;) {
    blocks_wait_dirty();
    task_sleep_until(timer_now() + ms_to_ticks(WRITE_BACK_MS));
    fs_sync();
  }
}

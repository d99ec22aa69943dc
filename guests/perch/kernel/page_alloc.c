#include "page_alloc.h"
#include "abi.h"
#include "memory_map.h"
#include "panic.h"
#include "riscv.h"
#include "spinlock.h"
#include "text.h"

/*
 * Pages that were never used lie above `frontier` and need no list, so starting costs nothing however much RAM there is;
 * a page's count is first written when the frontier passes it.
 */
struct free_page {
  struct free_page *next;
};

extern u8 kernel_end_of_image[];

static struct spinlock pages_lock = SPINLOCK("pages");
static u16 *users; /* by page number from `first` */
static u64 first, frontier, limit;
static struct free_page *freed;
static u64 freed_count;

void pages_start(u64 memory_bytes) {
  u64 count = memory_bytes / PAGE_BYTES;
  users = (u16 *)kernel_end_of_image;
  first = ((u64)(users + count) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
  frontier = first;
  limit = RAM_BASE + memory_bytes;
  assert(first < limit);
}

static u16 *users_of(const void *page) {
  u64 address = (u64)page;
  if (address < first || address >= frontier || address % PAGE_BYTES) panic("page %p is not ours", address);
  return &users[(address - first) / PAGE_BYTES];
}

void *page_take(void) {
  void *page = NULL;
  lock(&pages_lock);
  if (freed) {
    page = freed;
    freed = freed->next;
    freed_count--;
  } else if (frontier < limit) {
    page = (void *)frontier;
    frontier += PAGE_BYTES;
  }
  if (page) *users_of(page) = 1;
  unlock(&pages_lock);
  return page;
}

void *page_take_zeroed(void) {
  void *page = page_take();
  return page ? memset(page, 0, PAGE_BYTES) : NULL;
}

void page_share(void *page) {
  lock(&pages_lock);
  u16 *count = users_of(page);
  assert(*count > 0 && *count < 0xffff);
  ++*count;
  unlock(&pages_lock);
}

void page_drop(void *page) {
  lock(&pages_lock);
  u16 *count = users_of(page);
  assert(*count > 0);
  if (--*count == 0) {
    struct free_page *entry = page;
    entry->next = freed;
    freed = entry;
    freed_count++;
  }
  unlock(&pages_lock);
}

u32 page_users(const void *page) {
  lock(&pages_lock);
  u32 count = *users_of(page);
  unlock(&pages_lock);
  return count;
}

u64 pages_total(void) { return (limit - first) / PAGE_BYTES; }

u64 pages_free(void) {
  lock(&pages_lock);
  u64 count = (limit - frontier) / PAGE_BYTES + freed_count;
  unlock(&pages_lock);
  return count;
}

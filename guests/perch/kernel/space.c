#include "space.h"
#include "memory_map.h"
#include "page_alloc.h"
#include "panic.h"
#include "riscv.h"
#include "text.h"

#define USER_ROOT_INDEX (USER_BASE / GIGAPAGE_BYTES)
#define USER_DATA (PTE_READ | PTE_WRITE | PTE_USER | PTE_DIRTY)

static u64 page_of(u64 address) { return address & ~(PAGE_BYTES - 1); }
static u64 page_up(u64 address) { return page_of(address + PAGE_BYTES - 1); }

/* Every root repeats the kernel's entries; only the user gigabyte is its own. */
bool space_create(struct space *s) {
  *s = (struct space){.root = page_take(), .heap_start = USER_BASE, .heap_end = USER_BASE};
  if (!s->root) return false;
  memcpy(s->root, kernel_root, PAGE_BYTES);
  s->root[USER_ROOT_INDEX] = 0;
  return true;
}

/* Calls `visit` for every present page until it says no. */
static bool each_page(struct space *s, bool (*visit)(void *with, u64 address, pte *entry), void *with) {
  if (!(s->root[USER_ROOT_INDEX] & PTE_VALID)) return true;
  pte *middle = (pte *)pte_page(s->root[USER_ROOT_INDEX]);
  for (u64 i = 0; i < TABLE_ENTRIES; i++) {
    if (!(middle[i] & PTE_VALID)) continue;
    pte *last = (pte *)pte_page(middle[i]);
    for (u64 j = 0; j < TABLE_ENTRIES; j++)
      if (last[j] & PTE_VALID && !visit(with, USER_BASE + i * MEGAPAGE_BYTES + j * PAGE_BYTES, &last[j])) return false;
  }
  return true;
}

static bool drop_page(void *with, u64 address, pte *entry) {
  (void)with, (void)address;
  page_drop((void *)pte_page(*entry));
  *entry = 0;
  return true;
}

void space_destroy(struct space *s) {
  if (!s->root) return;
  each_page(s, drop_page, NULL);
  if (s->root[USER_ROOT_INDEX] & PTE_VALID) {
    pte *middle = (pte *)pte_page(s->root[USER_ROOT_INDEX]);
    for (u64 i = 0; i < TABLE_ENTRIES; i++)
      if (middle[i] & PTE_VALID) page_drop((void *)pte_page(middle[i]));
    page_drop(middle);
  }
  page_drop(s->root);
  *s = (struct space){0};
}

static bool share_page(void *with, u64 address, pte *entry) {
  struct space *to = with;
  pte *copy = page_table_entry(to->root, address, 0, true);
  if (!copy) return false;
  if (*entry & PTE_WRITE && !(*entry & PTE_COMMON)) *entry = (*entry & ~(PTE_WRITE | PTE_DIRTY)) | PTE_COPY;
  *copy = *entry;
  page_share((void *)pte_page(*entry));
  to->pages++;
  return true;
}

bool space_fork(struct space *to, struct space *from) {
  if (!space_create(to)) return false;
  to->heap_start = from->heap_start;
  to->heap_end = from->heap_end;
  if (each_page(from, share_page, to)) return true;
  space_destroy(to);
  return false;
}

static void unmap(struct space *s, u64 from, u64 to) {
  for (; from < to; from += PAGE_BYTES) {
    pte *entry = page_table_entry(s->root, from, 0, false);
    if (!entry || !(*entry & PTE_VALID)) continue;
    drop_page(NULL, from, entry);
    s->pages--;
  }
}

u64 space_grow(struct space *s, i64 bytes) {
  u64 old = s->heap_end, now = old + (u64)bytes;
  if (bytes > (i64)(USER_TOP - USER_BASE) || bytes < -(i64)(USER_TOP - USER_BASE)) return 0;
  if (now < s->heap_start || now > USER_STACK_BASE - PAGE_BYTES) return 0;
  if (now < old) unmap(s, page_up(now), page_up(old));
  s->heap_end = now;
  return old;
}

u64 space_share(struct space *s, u64 pages) {
  u64 start = page_up(s->heap_end), end = start + pages * PAGE_BYTES;
  if (pages == 0 || pages > 256 || end > USER_STACK_BASE - PAGE_BYTES) return 0;
  s->heap_end = end;
  for (u64 at = start; at < end; at += PAGE_BYTES)
    if (!space_page(s, at, USER_DATA | PTE_COMMON)) return 0;
  return start;
}

void *space_page(struct space *s, u64 address, u64 flags) {
  pte *entry = page_table_entry(s->root, address, 0, true);
  if (!entry) return NULL;
  if (*entry & PTE_VALID) {
    /* Two segments on one page: it gets what both ask for. */
    *entry |= flags & PTE_FLAGS;
    return (void *)pte_page(*entry);
  }
  void *page = page_take_zeroed();
  if (!page) return NULL;
  *entry = pte_make((u64)page, flags);
  s->pages++;
  return page;
}

static bool belongs(const struct space *s, u64 address) {
  return (address >= s->heap_start && address < s->heap_end) || (address >= USER_STACK_BASE && address < USER_TOP);
}

static bool copy_page(pte *entry) {
  void *old = (void *)pte_page(*entry);
  u64 flags = (*entry & PTE_FLAGS & ~PTE_COPY) | PTE_WRITE | PTE_DIRTY;
  if (page_users(old) == 1) { /* the other side is gone or has its copy */
    *entry = pte_make((u64)old, flags);
    return true;
  }
  void *page = page_take();
  if (!page) return false;
  memcpy(page, old, PAGE_BYTES);
  *entry = pte_make((u64)page, flags);
  page_drop(old);
  return true;
}

bool space_fault(struct space *s, u64 address, enum access access, u64 asid) {
  if (!s->root || address < USER_BASE || address >= USER_TOP) return false;
  pte *entry = page_table_entry(s->root, address, 0, false);
  bool table_was_there = entry != NULL;
  if (table_was_there && *entry & PTE_VALID) {
    if (access != ACCESS_STORE || !(*entry & PTE_COPY) || !copy_page(entry)) return false;
  } else if (access == ACCESS_FETCH || !belongs(s, address) || !space_page(s, page_of(address), USER_DATA)) {
    return false;
  }
  /* Also after filling an empty entry: a hart may remember that there was nothing. A new table needs the wider fence. */
  if (table_was_there) flush_page(page_of(address), asid);
  else flush_space(asid);
  return true;
}

/* user_copy.S; the trap handler sends a fault there that cannot be resolved to its failing exit. */
i64 user_copy(void *to, const void *from, u64 bytes);
i64 user_copy_text(char *to, const char *from, u64 room);

static bool is_user_range(u64 address, u64 bytes) {
  return address >= USER_BASE && address < USER_TOP && bytes <= USER_TOP - address;
}

bool copy_from_user(void *to, u64 from, u64 bytes) {
  if (bytes == 0) return true;
  return is_user_range(from, bytes) && user_copy(to, (const void *)from, bytes) == 0;
}

bool copy_to_user(u64 to, const void *from, u64 bytes) {
  if (bytes == 0) return true;
  return is_user_range(to, bytes) && user_copy((void *)to, from, bytes) == 0;
}

bool copy_text_from_user(char *to, u64 from, u64 room) {
  return is_user_range(from, 1) && user_copy_text(to, (const char *)from, MIN(room, USER_TOP - from)) == 0;
}

/* A process's memory: program and heap from USER_BASE up, stack below USER_TOP, pages filled in when first touched. */
#ifndef SPACE_H
#define SPACE_H
#include "page_table.h"

struct space {
  pte *root;
  u64 heap_start;
  u64 heap_end;
  u32 pages; /* resident */
};

bool space_create(struct space *s);
void space_destroy(struct space *s);
/* A copy that shares every page until one side writes it. The source's translations must be flushed afterwards. */
bool space_fork(struct space *to, struct space *from);
/* Moves the end of the heap; pages come later, by fault. Gives the old end, or 0. */
u64 space_grow(struct space *s, i64 bytes);
/* Maps fresh zeroed pages that stay common across fork; gives their address, or 0. */
u64 space_share(struct space *s, u64 pages);
/* Makes one page present (for exec, which fills it); gives its kernel address, or NULL. */
void *space_page(struct space *s, u64 address, u64 flags);

enum access { ACCESS_LOAD, ACCESS_STORE, ACCESS_FETCH };
/* Resolves a page fault of the current process: a page not yet filled, or one to copy. False: its own mistake. */
bool space_fault(struct space *s, u64 address, enum access access, u64 asid);

/* Copies between the kernel and the current process; false when the pointer is bad. */
bool copy_from_user(void *to, u64 from, u64 bytes);
bool copy_to_user(u64 to, const void *from, u64 bytes);
/* A terminated string of less than `room` characters. */
bool copy_text_from_user(char *to, u64 from, u64 room);
#endif

/* Physical pages of RAM behind the kernel image, each with a count of its users (copy-on-write shares them). */
#ifndef PAGE_ALLOC_H
#define PAGE_ALLOC_H
#include "types.h"

void pages_start(u64 memory_bytes);
/* A page with one user and old contents, or NULL. */
void *page_take(void);
void *page_take_zeroed(void);
void page_share(void *page);
/* One user less; the last one frees it. */
void page_drop(void *page);
u32 page_users(const void *page);
u64 pages_total(void);
u64 pages_free(void);
#endif

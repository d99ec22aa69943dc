/*
 * Sv39: three levels of tables, 512 entries of 8 bytes each.
 *
 *   virtual address   38       30 29       21 20       12 11        0
 *                    | index 2   | index 1   | index 0   | offset    |
 *
 *   entry  63    54 53                    10 9   8 7 6 5 4 3 2 1 0
 *         | zero   | physical page number   |RSW | D A G U X W R V |
 *
 * An entry with R, W and X clear points to the next table; any other valid one is a leaf: 4 KiB, 2 MiB or 1 GiB.
 * RSW is left to software: here, what fork does with the page.
 */
#ifndef PAGE_TABLE_H
#define PAGE_TABLE_H
#include "abi.h"
#include "types.h"

typedef u64 pte;

#define PTE_VALID (1UL << 0)
#define PTE_READ (1UL << 1)
#define PTE_WRITE (1UL << 2)
#define PTE_EXECUTE (1UL << 3)
#define PTE_USER (1UL << 4)
#define PTE_GLOBAL (1UL << 5)
#define PTE_ACCESSED (1UL << 6)
#define PTE_DIRTY (1UL << 7)
#define PTE_COPY (1UL << 8)   /* writable once copied: copy-on-write */
#define PTE_COMMON (1UL << 9) /* stays shared across fork */
#define PTE_FLAGS 0x3ffUL

#define MEGAPAGE_BYTES (PAGE_BYTES << 9)
#define GIGAPAGE_BYTES (PAGE_BYTES << 18)
#define TABLE_ENTRIES 512

static inline u64 pte_page(pte entry) { return (entry >> 10 & 0xfffffffffffUL) << 12; }
static inline pte pte_make(u64 page, u64 flags) { return page >> 12 << 10 | flags | PTE_VALID | PTE_ACCESSED; }
static inline bool pte_is_table(pte entry) {
  return (entry & (PTE_VALID | PTE_READ | PTE_WRITE | PTE_EXECUTE)) == PTE_VALID;
}
static inline u64 table_index(u64 address, int level) { return address >> (12 + 9 * level) & 0x1ff; }

/* The entry for `address` at `level` (0: 4 KiB), making the tables above it if asked; NULL without one or without memory. */
pte *page_table_entry(pte *root, u64 address, int level, bool make);

/* Maps the kernel's half one to one; done once, before translation is on. */
void kernel_space_start(u64 memory_bytes);
extern pte *kernel_root;
#endif

#include "page_table.h"
#include "memory_map.h"
#include "page_alloc.h"
#include "panic.h"

pte *kernel_root;

extern u8 kernel_end_of_text[], kernel_end_of_rodata[];

pte *page_table_entry(pte *root, u64 address, int level, bool make) {
  pte *table = root;
  for (int at = 2; at > level; at--) {
    pte *entry = &table[table_index(address, at)];
    if (!(*entry & PTE_VALID)) {
      void *page = make ? page_take_zeroed() : NULL;
      if (!page) return NULL;
      *entry = (u64)page >> 12 << 10 | PTE_VALID;
    } else if (!pte_is_table(*entry)) {
      return NULL;
    }
    table = (pte *)pte_page(*entry);
  }
  return &table[table_index(address, level)];
}

/* A and D are set from the start: the kernel does not use them, and hardware that traps on clear ones need not. */
static void map_kernel(u64 from, u64 to, u64 flags) {
  while (from < to) {
    bool mega = from % MEGAPAGE_BYTES == 0 && to - from >= MEGAPAGE_BYTES;
    pte *entry = page_table_entry(kernel_root, from, mega ? 1 : 0, true);
    assert(entry);
    *entry = pte_make(from, flags | PTE_GLOBAL | PTE_DIRTY);
    from += mega ? MEGAPAGE_BYTES : PAGE_BYTES;
  }
}

static void map_device(u64 base) {
  u64 megapage = base & ~(MEGAPAGE_BYTES - 1);
  map_kernel(megapage, megapage + MEGAPAGE_BYTES, PTE_READ | PTE_WRITE);
}

void kernel_space_start(u64 memory_bytes) {
  kernel_root = page_take_zeroed();
  assert(kernel_root);
  map_device(FINISHER_BASE);
  map_device(CLINT_BASE);
  map_device(PLIC_BASE);
  map_device(PLIC_BASE + MEGAPAGE_BYTES);
  map_device(UART_BASE); /* and virtio, on the same megapage */
  map_kernel(RAM_BASE, (u64)kernel_end_of_text, PTE_READ | PTE_EXECUTE);
  map_kernel((u64)kernel_end_of_text, (u64)kernel_end_of_rodata, PTE_READ);
  map_kernel((u64)kernel_end_of_rodata, RAM_BASE + memory_bytes, PTE_READ | PTE_WRITE);
}

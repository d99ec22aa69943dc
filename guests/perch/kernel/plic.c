#include "plic.h"
#include "memory_map.h"
#include "riscv.h"

/* Two contexts per hart, M-mode's and S-mode's. */
#define CONTEXT(hart) (2 * (hart) + 1)
#define PRIORITY(irq) (PLIC_BASE + 4 * (u64)(irq))
#define ENABLE(context) (PLIC_BASE + 0x2000 + 0x80 * (context))
#define THRESHOLD(context) (PLIC_BASE + 0x200000 + 0x1000 * (context))
#define CLAIM(context) (THRESHOLD(context) + 4)

static u64 context;

void plic_start(u64 hart) {
  context = CONTEXT(hart);
  mmio_write32(THRESHOLD(context), 0);
  csr_set(CSR_sie, 1UL << IRQ_S_EXTERNAL);
}

void plic_enable(u32 irq) {
  mmio_write32(PRIORITY(irq), 1);
  u64 word = ENABLE(context) + irq / 32 * 4;
  mmio_write32(word, mmio_read32(word) | 1u << irq % 32);
}

u32 plic_claim(void) { return mmio_read32(CLAIM(context)); }
void plic_complete(u32 irq) { mmio_write32(CLAIM(context), irq); }

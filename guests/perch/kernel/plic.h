/* The interrupt controller: which device interrupts whom. Device interrupts go to the boot hart. */
#ifndef PLIC_H
#define PLIC_H
#include "types.h"

void plic_start(u64 hart);
void plic_enable(u32 irq);
/* The interrupt to serve, or 0; give it back with plic_complete. */
u32 plic_claim(void);
void plic_complete(u32 irq);
#endif

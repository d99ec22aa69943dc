/* Sizes that both C and assembly need. */
#ifndef LIMITS_H
#define LIMITS_H

#define MAX_HARTS 8
#define MAX_TASKS 64
#ifndef __ASSEMBLER__
#define PAGE_BYTES 4096UL
#endif
#endif

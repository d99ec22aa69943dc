/* The privileged architecture's names: CSR access, status bits, causes. */
#ifndef RISCV_H
#define RISCV_H

/* By number: older assemblers do not know these names. */
#define CSR_MENVCFG 0x30a
#define CSR_STIMECMP 0x14d

#define STATUS_SIE (1UL << 1)
#define STATUS_SPIE (1UL << 5)
#define STATUS_SPP (1UL << 8)
#define STATUS_MPP (3UL << 11)
#define STATUS_MPP_S (1UL << 11)
#define STATUS_FS (3UL << 13)
#define STATUS_FS_CLEAN (2UL << 13)
#define STATUS_FS_DIRTY (3UL << 13)
#ifdef __ASSEMBLER__
#define STATUS_SUM (1 << 18)
#else
#define STATUS_SUM (1UL << 18)
#endif

#define MENVCFG_STCE (1UL << 63)

#define INTERRUPT (1UL << 63)
#define IRQ_S_SOFT 1
#define IRQ_M_SOFT 3
#define IRQ_S_TIMER 5
#define IRQ_M_TIMER 7
#define IRQ_S_EXTERNAL 9

#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_ACCESS 7
#define CAUSE_ECALL_U 8
#define CAUSE_ECALL_S 9
#define CAUSE_FETCH_PAGE 12
#define CAUSE_LOAD_PAGE 13
#define CAUSE_STORE_PAGE 15

#define SATP_SV39 (8UL << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xffffUL

#ifndef __ASSEMBLER__
#include "types.h"

#define csr_read(name) \
  ({ u64 csr_value; __asm__ volatile("csrr %0, %1" : "=r"(csr_value) : "i"(name) : "memory"); csr_value; })
#define csr_write(name, value) __asm__ volatile("csrw %0, %1" ::"i"(name), "rK"((u64)(value)) : "memory")
#define csr_set(name, bits) __asm__ volatile("csrs %0, %1" ::"i"(name), "rK"((u64)(bits)) : "memory")
#define csr_clear(name, bits) __asm__ volatile("csrc %0, %1" ::"i"(name), "rK"((u64)(bits)) : "memory")

enum csr {
  CSR_sstatus = 0x100, CSR_sie = 0x104, CSR_stvec = 0x105, CSR_scounteren = 0x106,
  CSR_sscratch = 0x140, CSR_sepc = 0x141, CSR_scause = 0x142, CSR_stval = 0x143, CSR_sip = 0x144,
  CSR_satp = 0x180,
  CSR_mstatus = 0x300, CSR_misa = 0x301, CSR_medeleg = 0x302, CSR_mideleg = 0x303, CSR_mie = 0x304,
  CSR_mtvec = 0x305, CSR_mcounteren = 0x306,
  CSR_mscratch = 0x340, CSR_mepc = 0x341, CSR_mcause = 0x342, CSR_mtval = 0x343, CSR_mip = 0x344,
  CSR_pmpcfg0 = 0x3a0, CSR_pmpaddr0 = 0x3b0, CSR_pmpaddr1 = 0x3b1,
  CSR_time = 0xc01, CSR_instret = 0xc02,
};

static inline void fence_all(void) { __asm__ volatile("fence" ::: "memory"); }
/* All addresses of all address spaces. */
static inline void flush_translations(void) { __asm__ volatile("sfence.vma" ::: "memory"); }
static inline void flush_space(u64 asid) { __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory"); }
/* Only what a last-level entry says about this address. */
static inline void flush_page(u64 address, u64 asid) {
  __asm__ volatile("sfence.vma %0, %1" ::"r"(address), "r"(asid) : "memory");
}
/* Instructions written as data are seen by the fetches that follow. */
static inline void fence_instructions(void) { __asm__ volatile("fence.i" ::: "memory"); }
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" ::: "memory"); }
/* The `pause` hint: an ordinary fence to a hart that does not know it. */
static inline void relax(void) { __asm__ volatile(".word 0x0100000f" ::: "memory"); }

static inline u32 mmio_read32(u64 address) { return *(volatile u32 *)address; }
static inline void mmio_write32(u64 address, u32 value) { *(volatile u32 *)address = value; }
static inline u8 mmio_read8(u64 address) { return *(volatile u8 *)address; }
static inline void mmio_write8(u64 address, u8 value) { *(volatile u8 *)address = value; }
#endif
#endif

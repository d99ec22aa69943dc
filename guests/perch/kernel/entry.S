/*
 * The first instructions, in M-mode, on every hart at once, nothing set up: a0 is the hart's number and a1 the device
 * tree, or whatever the loader left there.
 */
#include "limits.h"
#include "memory_map.h"

.section .entry, "ax"
.global _entry
_entry:
  csrw mie, zero
  csrr a0, mhartid
  li t0, MAX_HARTS
  bgeu a0, t0, halt

  la sp, machine_stacks
  li t0, MACHINE_STACK_BYTES
  addi t1, a0, 1
  mul t1, t1, t0
  add sp, sp, t1

  /* Whoever comes first boots; the others wait in machine_start until there is a kernel. */
  la t0, boot_lottery
  li t1, 1
  amoswap.w.aq a2, t1, (t0)
  bnez a2, 2f
  la t0, bss_start
  la t1, bss_end
1:
  bgeu t0, t1, 2f
  sd zero, 0(t0)
  addi t0, t0, 8
  j 1b
2:
  seqz a2, a2
  call machine_start /* (hart, device tree, boots) */

halt:
  wfi
  j halt

/* Leaves M-mode: continues in S-mode at kernel_start(hart, device tree, boots) on the hart's idle stack. */
.global machine_leave
machine_leave:
  la sp, idle_stacks
  li t0, TASK_STACK_BYTES
  addi t1, a0, 1
  mul t1, t1, t0
  add sp, sp, t1
  mv tp, zero
  mret

/* u64 machine_try_menvcfg(u64 bits): sets them and gives menvcfg, or 0 where there is no such CSR. */
.global machine_try_menvcfg
machine_try_menvcfg:
  csrr t0, mtvec
  la t1, 1f
  csrw mtvec, t1
  mv t1, a0
  li a0, 0
  csrs 0x30a, t1
  csrr a0, 0x30a
.balign 4
1:
  csrw mtvec, t0
  ret

/* bool machine_try_stimecmp(void): no deadline yet; false where there is no such CSR. */
.global machine_try_stimecmp
machine_try_stimecmp:
  csrr t0, mtvec
  la t1, 1f
  csrw mtvec, t1
  li a0, 0
  li t1, -1
  csrw 0x14d, t1
  li a0, 1
.balign 4
1:
  csrw mtvec, t0
  ret

/*
 * Traps that reach M-mode once the kernel runs: software interrupts, timer interrupts without Sstc, ecall from S.
 * mscratch holds this hart's machine stack. Only what a C function may change is saved.
 */
.balign 4
.global machine_vector
machine_vector:
  csrrw sp, mscratch, sp
  addi sp, sp, -128
  sd ra, 0(sp)
  sd t0, 8(sp)
  sd t1, 16(sp)
  sd t2, 24(sp)
  sd a0, 32(sp)
  sd a1, 40(sp)
  sd a2, 48(sp)
  sd a3, 56(sp)
  sd a4, 64(sp)
  sd a5, 72(sp)
  sd a6, 80(sp)
  sd a7, 88(sp)
  sd t3, 96(sp)
  sd t4, 104(sp)
  sd t5, 112(sp)
  sd t6, 120(sp)
  call machine_trap /* (a0, a1 of the caller) gives the caller's new a0 */
  ld ra, 0(sp)
  ld t0, 8(sp)
  ld t1, 16(sp)
  ld t2, 24(sp)
  ld a1, 40(sp)
  ld a2, 48(sp)
  ld a3, 56(sp)
  ld a4, 64(sp)
  ld a5, 72(sp)
  ld a6, 80(sp)
  ld a7, 88(sp)
  ld t3, 96(sp)
  ld t4, 104(sp)
  ld t5, 112(sp)
  ld t6, 120(sp)
  addi sp, sp, 128
  csrrw sp, mscratch, sp
  mret

.section .machine_stacks, "aw", @nobits
.balign 8192
machine_stacks:
  .skip MACHINE_STACK_BYTES * MAX_HARTS

.section .noinit, "aw", @nobits
.balign 16
.global idle_stacks
idle_stacks:
  .skip TASK_STACK_BYTES * MAX_HARTS
.balign TASK_STACK_BYTES
.global task_stacks
task_stacks:
  .skip TASK_STACK_BYTES * MAX_TASKS

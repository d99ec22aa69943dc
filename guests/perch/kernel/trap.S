/*
 * Where every trap into S-mode arrives. sscratch tells the two cases apart: in user mode it holds the address of the
 * process's trap frame at the top of its kernel stack, in the kernel it is zero.
 */
#include "riscv.h"
#include "trap_frame.h"

.macro save_registers
  sd x1, FRAME_X(1)(sp)
  .irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd x\n, FRAME_X(\n)(sp)
  .endr
  csrr t0, sepc
  csrr t1, sstatus
  sd t0, FRAME_EPC(sp)
  sd t1, FRAME_STATUS(sp)
.endm

/* All but sp and tp. An LR must not outlive the trap: the store conditional drops the reservation. */
.macro restore_registers
  ld t0, FRAME_EPC(sp)
  ld t1, FRAME_STATUS(sp)
  csrw sepc, t0
  csrw sstatus, t1
  addi t0, sp, FRAME_EPC
  sc.d zero, zero, (t0)
  ld x1, FRAME_X(1)(sp)
  .irp n, 3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld x\n, FRAME_X(\n)(sp)
  .endr
.endm

.text
.balign 4
.global trap_vector
trap_vector:
  csrrw sp, sscratch, sp
  bnez sp, from_user

from_kernel:
  csrrw sp, sscratch, sp
  addi sp, sp, -FRAME_BYTES
  save_registers
  addi t0, sp, FRAME_BYTES
  sd t0, FRAME_X(2)(sp)
  mv a0, sp
  call kernel_trap
  restore_registers /* tp stays: the kernel may have moved to another hart meanwhile */
  addi sp, sp, FRAME_BYTES
  sret

from_user:
  save_registers
  csrrw t0, sscratch, zero
  sd t0, FRAME_X(2)(sp)
  ld tp, FRAME_HART(sp)
  mv a0, sp
  call user_trap
  mv a0, sp

.global return_to_user
return_to_user:
  mv sp, a0
  csrw sscratch, sp
  restore_registers
  ld x4, FRAME_X(4)(sp)
  ld x2, FRAME_X(2)(sp)
  sret

/* A new process starts here, as if switch_context had been called by it. */
.global task_first_run
task_first_run:
  snez a0, s1
  call task_started
  mv a0, s0
  beqz s1, return_to_user
  jr s1 /* a kernel task */

/* switch_context(struct context *from, struct context *to): what a C function may not change, and where to go on. */
.global switch_context
switch_context:
  sd ra, 0(a0)
  sd sp, 8(a0)
  sd s0, 16(a0)
  sd s1, 24(a0)
  sd s2, 32(a0)
  sd s3, 40(a0)
  sd s4, 48(a0)
  sd s5, 56(a0)
  sd s6, 64(a0)
  sd s7, 72(a0)
  sd s8, 80(a0)
  sd s9, 88(a0)
  sd s10, 96(a0)
  sd s11, 104(a0)
  ld ra, 0(a1)
  ld sp, 8(a1)
  ld s0, 16(a1)
  ld s1, 24(a1)
  ld s2, 32(a1)
  ld s3, 40(a1)
  ld s4, 48(a1)
  ld s5, 56(a1)
  ld s6, 64(a1)
  ld s7, 72(a1)
  ld s8, 80(a1)
  ld s9, 88(a1)
  ld s10, 96(a1)
  ld s11, 104(a1)
  ret

/* float_save(u64 to[33]) and float_load(const u64 from[33]): f0..f31 and fcsr. The kernel itself uses none of them. */
.option push
.option arch, +d
.global float_save
float_save:
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fsd f\n, (\n * 8)(a0)
  .endr
  csrr t0, fcsr
  sd t0, 256(a0)
  ret
.global float_load
float_load:
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fld f\n, (\n * 8)(a0)
  .endr
  ld t0, 256(a0)
  csrw fcsr, t0
  ret
.option pop

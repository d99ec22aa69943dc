/*
 * The only kernel code that touches user memory. sstatus.SUM is set just for it. A fault in here is first treated like
 * the program's own (fill, copy-on-write); if it cannot be resolved the trap handler continues at user_copy_failed.
 */
#include "riscv.h"

.text
.balign 4
.global user_copy_begin
user_copy_begin:

/* i64 user_copy(to, from, bytes): 0, or -1 */
.global user_copy
user_copy:
  li t0, STATUS_SUM
  csrs sstatus, t0
  or t1, a0, a1
  andi t1, t1, 7
  bnez t1, 2f
  li t2, 8
1:
  bltu a2, t2, 2f
  ld t1, 0(a1)
  sd t1, 0(a0)
  addi a0, a0, 8
  addi a1, a1, 8
  addi a2, a2, -8
  j 1b
2:
  beqz a2, 3f
  lb t1, 0(a1)
  sb t1, 0(a0)
  addi a0, a0, 1
  addi a1, a1, 1
  addi a2, a2, -1
  j 2b
3:
  csrc sstatus, t0
  li a0, 0
  ret

/* i64 user_copy_text(to, from, room): 0 when the terminating zero was copied, or -1 */
.global user_copy_text
user_copy_text:
  li t0, STATUS_SUM
  csrs sstatus, t0
1:
  beqz a2, user_copy_failed
  lb t1, 0(a1)
  sb t1, 0(a0)
  addi a0, a0, 1
  addi a1, a1, 1
  addi a2, a2, -1
  bnez t1, 1b
  csrc sstatus, t0
  li a0, 0
  ret

.global user_copy_end
user_copy_end:
.global user_copy_failed
user_copy_failed:
  li t0, STATUS_SUM
  csrc sstatus, t0
  li a0, -1
  ret

/*
 * Accesses that are meant to fault, for the probe system call. u64 guarded_load(address): the cause of the trap, or -1
 * when there was none. The handler continues at guarded_trapped with the cause in a0.
 */
.global guarded_begin
guarded_begin:
.global guarded_load
guarded_load:
  ld t0, 0(a0)
  li a0, -1
  ret
.global guarded_store
guarded_store:
  sw zero, 0(a0)
  li a0, -1
  ret
.global guarded_break
guarded_break:
  ebreak
  li a0, -1
  ret
.global guarded_end
guarded_end:
.global guarded_trapped
guarded_trapped:
  ret

/* Hart 0 runs the program; the others sleep. A trap is a failure. */
.section .start, "ax"
.global _start
_start:
  csrr t0, mhartid
  bnez t0, 2f
  la t0, trapped
  csrw mtvec, t0
  li t0, 0x6000 /* mstatus.FS: floating point on */
  csrs mstatus, t0
  la sp, stack_end
  la t0, bss_start
  la t1, bss_end
1:
  bgeu t0, t1, 3f
  sd zero, 0(t0)
  addi t0, t0, 8
  j 1b
2:
  wfi
  j 2b
3:
  call run
.balign 4
trapped:
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call report_trap

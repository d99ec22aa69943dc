/* A program begins with argc in a0, argv in a1 and a stack. */
.section .start, "ax"
.global _start
_start:
  call main
  call exit

/** Guest loops that never end, as assembly text: what the speed of an engine is measured on. */
export const programs: Readonly<Record<string, string>> = {
  // Word arithmetic, branches and table accesses, as C compiled for speed mixes them.
  'integer mix': `
      la s0, table
      li s1, 0
      li s2, 12345
    again:
      andi t0, s1, 255
      slli t1, t0, 3
      add t1, t1, s0
      ld t2, 0(t1)
      xor t2, t2, s2
      mulw s2, s2, s1
      addiw s2, s2, 77
      sd t2, 0(t1)
      sltu t3, t2, s2
      beqz t3, skip
      srli t4, t2, 7
      add s2, s2, t4
    skip:
      lw t5, 4(t1)
      addw s2, s2, t5
      addi s1, s1, 1
      bnez s1, again
      j again
      .align 12
    table:
      .zero 2048`,
  memcpy: `
      la s0, from
      la s1, to
    again:
      mv a0, s1
      mv a1, s0
      addi a2, a1, 2044
    copy:
      ld t0, 0(a1)
      ld t1, 8(a1)
      ld t2, 16(a1)
      ld t3, 24(a1)
      sd t0, 0(a0)
      sd t1, 8(a0)
      sd t2, 16(a0)
      sd t3, 24(a0)
      addi a1, a1, 32
      addi a0, a0, 32
      bltu a1, a2, copy
      j again
      .align 12
    from:
      .zero 4096
    to:
      .zero 4096`,
  sieve: `
      la s0, flags
      li s1, 8192
    again:
      mv t0, s0
      add t1, s0, s1
      li t2, 1
    fill:
      sb t2, 0(t0)
      addi t0, t0, 1
      bltu t0, t1, fill
      li t3, 2
    outer:
      add t0, s0, t3
      lbu t4, 0(t0)
      beqz t4, next
      add t0, t0, t3
    strike:
      bgeu t0, t1, next
      sb zero, 0(t0)
      add t0, t0, t3
      j strike
    next:
      addi t3, t3, 1
      bltu t3, s1, outer
      j again
      .align 12
    flags:
      .zero 8192`,
  'recursive calls': `
      la sp, stack_end
    again:
      li a0, 12
      call fib
      j again
    fib:
      li t0, 2
      blt a0, t0, leaf
      addi sp, sp, -32
      sd ra, 0(sp)
      sd s0, 8(sp)
      sd s1, 16(sp)
      mv s0, a0
      addi a0, a0, -1
      call fib
      mv s1, a0
      addi a0, s0, -2
      call fib
      add a0, a0, s1
      ld ra, 0(sp)
      ld s0, 8(sp)
      ld s1, 16(sp)
      addi sp, sp, 32
      ret
    leaf:
      ret
      .align 12
      .zero 4096
    stack_end:
      .zero 16`,
  'double arithmetic': `
      la s0, numbers
      la s2, third
      fld fa1, 0(s2)
      fdiv.d fa2, fa1, fa1
    again:
      mv t0, s0
      addi t1, s0, 512
    each:
      fld fa0, 0(t0)
      fmul.d fa3, fa0, fa1
      fadd.d fa3, fa3, fa2
      fsub.d fa0, fa0, fa3
      fadd.d fa0, fa0, fa1
      fsd fa0, 0(t0)
      addi t0, t0, 8
      bltu t0, t1, each
      j again
      .align 12
    third:
      .dword 0x3fd5555555555555
    numbers:
      .zero 512`,
  // What leaves the loop: stores to a page with code (one in four here), TLB misses (one in four), csr reads (one in four).
  'stores beside code': `
      la s0, word
    again:
      sd s1, 0(s0)
      addi s1, s1, 1
      xor s2, s2, s1
      j again
      .align 3
    word:
      .dword 0`,
  'TLB misses': `
      li s0, 0x80000000
      li s2, 0x3000
      li s3, 0x7ffff8
    again:
      add t0, s0, s1
      ld t1, 0(t0)
      add s1, s1, s2
      addi s1, s1, 0x7f0
      and s1, s1, s3
      j again`,
  'CSR reads': `
    again:
      csrr t0, mscratch
      addi s1, s1, 1
      xor s2, s2, s1
      j again`,
};

import { expect, test } from 'vitest';
import { lockstep } from './lockstep.ts';
import { assembleGuest } from './pair.ts';

const open = `
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
`;

test('an M-mode guest drops to U-mode under Sv39 and comes back by ecall', () => {
  const { traps, right } = lockstep(
    assembleGuest(`
    ${open}
    la t0, handler
    csrw mtvec, t0
    # one gigapage of RAM, user and supervisor views of it
    la t1, root
    li t2, (0x80000000 >> 12) << 10 | 0x1f
    sd t2, 16(t1)
    li t2, (0x80000000 >> 12) << 10 | 0xf
    sd t2, 24(t1)
    srli t1, t1, 12
    li t2, 8 << 60
    or t1, t1, t2
    csrw satp, t1
    sfence.vma
    la t0, user
    csrw mepc, t0
    mret
  user:
    la s0, data
    ld s1, 0(s0)
    addi s1, s1, 1
    sd s1, 0(s0)
    ecall
    csrr s2, time
    ld s3, 0(x0)
    li t0, 0xc0000000
    ld s4, 0(t0)
    li a7, 1
    ecall
  handler:
    csrr s5, mcause
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    li t1, 1
    beq a7, t1, end
    mret
  end:
    li t0, FINISHER
    sw s1, 0(t0)
    j end
    .balign 4096
  root: .zero 4096
  data: .dword 41
  `),
    { every: 1 },
  );
  expect(traps.length).toBe(5);
  expect(right.finished).toBe(42);
});

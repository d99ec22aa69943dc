import { expect, test } from 'vitest';
import { assembleGuest, board, finish } from './pair.ts';

test.each(['bare', 'virtual'] as const)('a guest in M-mode counts and ends (%s)', (name) => {
  const made = board(name, assembleGuest(`
    li t0, 0
    li t1, 100
  1: addi t0, t0, 1
    bne t0, t1, 1b
    csrw mscratch, t0
    csrr s0, mscratch
    csrr s1, mstatus
    li t2, FINISHER
    sw s0, 0(t2)
  2: j 2b
  `));
  expect(finish(made)).toBe(100);
  expect(made.harts[0]!.privilege).toBe(3);
  console.log(name, made.harts[0]!.retired, made.machine?.exits.counts(), made.machine?.stats());
});

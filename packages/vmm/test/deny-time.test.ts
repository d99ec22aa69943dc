import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { denyTime } from './deny-time.ts';
import { assembleGuest, board, finish } from './pair.ts';

const readsTime = `
  la t0, handler
  csrw mtvec, t0
  li s0, 7
  csrr s0, cycle
  csrr s1, time
  li s2, 1
end:
  li t0, FINISHER
  sw s2, 0(t0)
1: j 1b
handler:
  csrr s3, mcause
  csrr s4, mtval
  li s2, 2
  j end
`;

test('without the policy the guest reads time', () => {
  expect(finish(board('virtual', assembleGuest(readsTime)))).toBe(1);
});

test('the policy of docs/how-to-add-a-policy.md denies time, lets cycle be, and logs who asked', () => {
  const log: string[] = [];
  const guest = board('virtual', assembleGuest(readsTime), { policy: denyTime((line) => log.push(line)) });
  expect(finish(guest)).toBe(2);
  expect(guest.harts[0]!.readX(19)).toBe(2n); // s3: mcause, illegal instruction
  expect(guest.harts[0]!.readX(20)).toBe(0xc01024f3n); // s4: mtval, the instruction
  expect(log).toHaveLength(1);
  expect(log[0]).toMatch(/^hart 0 read time at 0x8000/);
});

test('a verdict to stop ends the run', () => {
  const guest = board('virtual', assembleGuest(readsTime), {
    policy: { name: 'stop', onExit: ({ pc }) => (pc > 0n ? { kind: 'stop', why: 'enough' } : undefined) },
  });
  expect(guest.scheduler.runRound(1000).kind).toBe('requested');
  expect(guest.machine?.stopReason).toBe('enough');
});

test('the example in the documentation is the one tested here', () => {
  const text = readFileSync(new URL('../../../docs/how-to-add-a-policy.md', import.meta.url), 'utf8');
  const shown = /```ts\n([\s\S]*?)```/.exec(text)?.[1];
  expect(shown).toBe(readFileSync(new URL('./deny-time.ts', import.meta.url), 'utf8'));
});

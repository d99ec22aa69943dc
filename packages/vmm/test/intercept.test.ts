import { HostError } from '@trapline/core';
import { expect, test } from 'vitest';
import { type ExitEvent, ExitTape, type Policy } from '../src/index.ts';
import { assembleGuest, type Board, type BoardOptions, board, delegating, finish } from './pair.ts';

const calls = 200;

/** A kernel with its own page table that serves system calls of a program with another one, as xv6 does. */
const kernel = `
  ${delegating(0x100)}
  la t0, system_call
  csrw stvec, t0
  # Both tables map RAM one to one; the user's may be used by U-mode above the first 2 MiB.
  li t2, (0x80000000 >> 12) << 10 | 0xcf
  la t1, kernel_root
  sd t2, 16(t1)
  srli s2, t1, 12
  li t2, 8 << 60
  or s2, s2, t2
  la t1, middle
  li t3, (0x80000000 >> 12) << 10 | 0xcf
  sd t3, 0(t1)
  li t3, (0x80200000 >> 12) << 10 | 0xdf
  sd t3, 8(t1)
  srli t3, t1, 12
  slli t3, t3, 10
  ori t3, t3, 1
  la t1, user_root
  sd t3, 16(t1)
  srli s3, t1, 12
  or s3, s3, t2
  # The program: a system call ${calls} times.
  la t0, user
  la t1, user_end
  li t2, 0x80200000
1:
  lw t3, 0(t0)
  sw t3, 0(t2)
  addi t0, t0, 4
  addi t2, t2, 4
  bltu t0, t1, 1b
  csrw satp, s3
  li t0, 0x80200000
  csrw mepc, t0
  mret
system_call:
  csrrw a1, sscratch, a1
  csrw satp, s2
  sfence.vma
  csrr t0, scause
  csrr t1, sepc
  csrsi sstatus, 2
  csrci sstatus, 2
  addi s1, s1, 1
  addi t1, t1, 4
  csrw sepc, t1
  li t2, 0x100
  csrc sstatus, t2
  csrw satp, s3
  sfence.vma
  csrrw a1, sscratch, a1
  sret
machine:
  mv s1, s1
  li t0, FINISHER
  sw s1, 0(t0)
1: j 1b
  .balign 4
user:
  li t4, ${calls}
1:
  ecall
  addi t4, t4, -1
  bnez t4, 1b
  ebreak
user_end:
  .balign 4096
kernel_root: .zero 4096
user_root: .zero 4096
middle: .zero 4096
`;

const run = (options: BoardOptions, prepare: (guest: Board) => void = () => {}) => {
  const guest = board('virtual', assembleGuest(kernel), options);
  prepare(guest);
  expect(finish(guest)).toBe(calls);
  return { guest, exits: guest.machine!.exits.counts(), retired: guest.harts[0]!.retired };
};

/** Sensitive instructions of one system call and its return, the ecall itself apart. */
const perCall = 13;
const plain: Policy = { name: 'plain' };

test('all: every sensitive instruction exits', () => {
  const { exits } = run({ policy: plain, intercept: 'all' });
  expect(exits.ecall).toBe(calls);
  expect(exits.illegalInstruction).toBeGreaterThan(perCall * calls);
});

test('needed: a system call and its return leave the hart alone, and nothing else is different', () => {
  const all = run({ policy: plain, intercept: 'all' });
  const needed = run({ policy: plain, intercept: 'needed' });
  expect((needed.exits.ecall ?? 0) + needed.exits.illegalInstruction!).toBeLessThan(60);
  expect(needed.retired).toBe(all.retired);
  expect(needed.guest.clock.ticks()).toBe(all.guest.clock.ticks());
});

test('a listener hears of every exit, from when it starts to listen', () => {
  const events: ExitEvent[] = [];
  const { exits } = run({ policy: plain, intercept: 'needed' }, (guest) => {
    guest.machine!.exits.listen((event) => events.push(event));
  });
  expect(exits.illegalInstruction).toBeGreaterThan(perCall * calls);
  expect(events.filter(({ exit }) => exit === 'illegalInstruction')).toHaveLength(exits.illegalInstruction!);
});

test('a tape alone has every exit, and system calls still leave the hart alone', () => {
  const tape = new ExitTape(10_000);
  const events: ExitEvent[] = [];
  const stops: (() => void)[] = [];
  const recorded = run({ policy: plain, intercept: 'needed' }, (guest) => {
    stops.push(guest.machine!.exits.record(tape));
  });
  const heard = run({ policy: plain, intercept: 'needed' }, (guest) => {
    guest.machine!.exits.listen((event) => events.push(event));
  });
  expect(tape.next).toBe(events.length);
  expect(events.map((_, number) => tape.read(number))).toEqual(events);
  expect(recorded.exits).toEqual(heard.exits);
  expect(recorded.retired).toBe(heard.retired);
  expect(recorded.guest.clock.ticks()).toBe(heard.guest.clock.ticks());
});

test('a policy with onExit sees every sensitive instruction; with intercepts too, those it names', () => {
  const seen: string[] = [];
  const watching: Policy = {
    name: 'watching',
    onExit: (_, { decoded }) => {
      if (decoded !== undefined) seen.push(decoded.row.name);
      return undefined;
    },
  };
  run({ policy: watching, intercept: 'needed' });
  expect(seen.length).toBeGreaterThan(perCall * calls);
  seen.length = 0;
  run({ policy: { ...watching, intercepts: ['sscratch', 'sret'] }, intercept: 'needed' });
  expect(seen.filter((name) => name === 'sret')).toHaveLength(calls);
  expect(seen.filter((name) => name === 'csrrw').length).toBeGreaterThanOrEqual(2 * calls);
  expect(seen.length).toBeLessThan(3 * calls + 60);
});

test('a policy that wants to see deliveries sees ecalls', () => {
  let delivered = 0;
  const onDeliver = (): undefined => {
    delivered++;
  };
  run({ policy: { name: 'deliveries', onDeliver }, intercept: 'needed' });
  expect(delivered).toBeGreaterThanOrEqual(calls);
});

test('a name that is no CSR and no system instruction is a mistake', () => {
  expect(() =>
    board('virtual', assembleGuest('nop'), { policy: { name: 'x', intercepts: ['stap'] } }),
  ).toThrow(HostError);
});

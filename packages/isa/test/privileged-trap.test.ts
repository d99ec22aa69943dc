import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Cause,
  dataPrivilege,
  exception,
  exceptionPriority,
  Interrupt,
  interruptPriority,
  type Privilege,
  peekCsr,
  privilegeName,
  Touched,
  type Trap,
  takeTrap,
  trapName,
  trapTarget,
} from '../src/index.ts';
import { TestState, words } from './privileged-fixture.ts';

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const privilege = fc.constantFrom<Privilege>(0, 1, 3);
const exceptions = Object.values(Cause);
const interrupts = Object.values(Interrupt);
const trap = fc.oneof(
  fc.record({ interrupt: fc.constant(false), cause: fc.constantFrom(...exceptions), tval: u64 }),
  fc.record({ interrupt: fc.constant(true), cause: fc.constantFrom(...interrupts), tval: fc.constant(0n) }),
);

const bit = (value: bigint, n: number): number => Number((value >> BigInt(n)) & 1n);
const mstatus = (state: TestState): bigint => peekCsr(state, 0x300) as bigint;
const epcOf = { 1: 0x141, 3: 0x341 } as const;
const causeOf = { 1: 0x142, 3: 0x342 } as const;
const tvalOf = { 1: 0x143, 3: 0x343 } as const;

describe('delegation', () => {
  test('every exception and interrupt, from every mode, alone delegated, all others delegated', () => {
    const all: Trap[] = [
      ...exceptions.map((cause) => exception(cause)),
      ...interrupts.map((cause) => ({ interrupt: true, cause, tval: 0n })),
    ];
    for (const one of all)
      for (const from of [0, 1, 3] as const)
        for (const alone of [true, false]) {
          const mask = alone ? 1n << BigInt(one.cause) : ~(1n << BigInt(one.cause)) & 0xffffn;
          const state = new TestState(from).set(one.interrupt ? { mideleg: mask } : { medeleg: mask });
          const delegable = one.interrupt ? [1, 5, 9].includes(one.cause) : one.cause !== 11;
          expect(trapTarget(state, one)).toBe(alone && delegable && from !== 3 ? 1 : 3);
        }
  });

  test('medeleg does not delegate interrupts, nor mideleg exceptions', () => {
    const state = new TestState(0).set({ medeleg: 0xffffn });
    expect(trapTarget(state, { interrupt: true, cause: 5, tval: 0n })).toBe(3);
    const other = new TestState(0).set({ mideleg: 0xffffn });
    expect(trapTarget(other, exception(Cause.loadAccessFault))).toBe(3);
  });
});

describe('takeTrap', () => {
  test('saves the interrupted state in the target level, and nothing in the other', () => {
    fc.assert(
      fc.property(privilege, trap, u64, u64, u64, u64, (from, one, status, medeleg, mideleg, pc) => {
        const state = new TestState(from).set({ mstatus: status, medeleg, mideleg });
        const before = mstatus(state);
        const target = trapTarget(state, one) as 1 | 3;
        const other = target === 1 ? 3 : 1;
        takeTrap(state, pc & ~1n, one);
        expect(state.privilege).toBe(target);
        expect(peekCsr(state, epcOf[target])).toBe(pc & ~1n);
        expect(peekCsr(state, causeOf[target])).toBe(BigInt(one.cause) + (one.interrupt ? 1n << 63n : 0n));
        expect(peekCsr(state, tvalOf[target])).toBe(one.tval);
        for (const table of [epcOf, causeOf, tvalOf]) expect(peekCsr(state, table[other])).toBe(0n);
        const after = mstatus(state);
        // xPIE = xIE, xIE = 0, xPP = the mode left; every other bit as before.
        expect([bit(after, target), bit(after, target + 4)]).toEqual([0, bit(before, target)]);
        expect(target === 1 ? bit(after, 8) : Number((after >> 11n) & 3n)).toBe(from);
        const changed = target === 1 ? 0x122n : 0x1888n;
        expect(after & ~changed).toBe(before & ~changed);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [3, 'mtvec'],
    [1, 'stvec'],
  ] as const)('vectored mode %i: interrupts to base + 4 * cause, exceptions to the base', (level, name) => {
    const delegation: Record<string, bigint> = level === 1 ? { medeleg: 0xffffn, mideleg: 0xffffn } : {};
    for (const [mode, spread] of [
      [0n, 0n],
      [1n, 4n],
    ] as const) {
      for (const cause of level === 1 ? [1, 5, 9] : interrupts) {
        const state = new TestState(0).set({ [name]: 0x8000_0100n | mode, ...delegation });
        const pc = takeTrap(state, 0x10n, { interrupt: true, cause, tval: 0n });
        expect(pc).toBe(0x8000_0100n + spread * BigInt(cause));
      }
      const state = new TestState(0).set({ [name]: 0x8000_0100n | mode, ...delegation });
      expect(takeTrap(state, 0x10n, exception(Cause.storePageFault, 9n))).toBe(0x8000_0100n);
    }
  });
});

describe('mret and sret', () => {
  const outcome = (state: TestState, word: number) => state.execute(word);
  const touched = Touched.translation | Touched.interrupts;

  test('undo a trap: privilege, enables and pc come back', () => {
    fc.assert(
      fc.property(privilege, trap, u64, u64, u64, u64, (from, one, status, medeleg, mideleg, pc) => {
        const state = new TestState(from).set({ mstatus: status & ~(1n << 22n), medeleg, mideleg });
        const before = mstatus(state);
        takeTrap(state, pc & ~1n, one);
        const target = state.privilege as 1 | 3;
        expect(outcome(state, target === 3 ? words.mret : words.sret)).toEqual({
          kind: 'jump',
          target: pc & ~1n,
          touched,
        });
        expect(state.privilege).toBe(from);
        const after = mstatus(state);
        expect(bit(after, target)).toBe(bit(before, target));
        expect(bit(after, target + 4)).toBe(1);
        expect(target === 1 ? bit(after, 8) : Number((after >> 11n) & 3n)).toBe(0);
        expect(bit(after, 17)).toBe(from === 3 ? bit(before, 17) : 0);
      }),
      { numRuns: 500 },
    );
  });

  test('sret from M uses the supervisor stack and ends MPRV', () => {
    const state = new TestState(3).set({ mstatus: (1n << 17n) | (3n << 11n) | 0x120n, sepc: 0x4000n });
    expect(outcome(state, words.sret)).toEqual({ kind: 'jump', target: 0x4000n, touched });
    expect(state.privilege).toBe(1);
    expect(mstatus(state) & 0x3ffff_ffffn & ~(0xan << 32n)).toBe((3n << 11n) | 0x22n);
  });

  test('who may', () => {
    const legal = (from: Privilege, word: number, status = 0n): boolean => {
      const state = new TestState(from).set({ mstatus: status });
      const result = outcome(state, word);
      if (result.kind === 'trap') {
        expect(result.trap).toEqual(exception(Cause.illegalInstruction, BigInt(word)));
        expect(state.privilege).toBe(from);
      }
      return result.kind === 'jump';
    };
    const modes = [0, 1, 3] as const;
    expect(modes.map((m) => legal(m, words.mret))).toEqual([false, false, true]);
    expect(modes.map((m) => legal(m, words.sret))).toEqual([false, true, true]);
    expect(modes.map((m) => legal(m, words.sret, 1n << 22n))).toEqual([false, false, true]);
  });
});

test('MPRV lends data accesses the mode of MPP', () => {
  for (const mpp of [0n, 1n, 3n]) {
    expect(dataPrivilege(new TestState(3).set({ mstatus: (1n << 17n) | (mpp << 11n) }))).toBe(Number(mpp));
    expect(dataPrivilege(new TestState(3).set({ mstatus: mpp << 11n }))).toBe(3);
  }
});

test('names and priorities cover every cause once', () => {
  expect([...exceptionPriority].sort((a, b) => a - b)).toEqual(exceptions);
  expect([...interruptPriority].sort((a, b) => a - b)).toEqual(interrupts);
  expect(trapName(exception(Cause.loadPageFault))).toBe('load page fault');
  expect(trapName({ interrupt: true, cause: 5 })).toBe('supervisor timer interrupt');
  expect(trapName({ interrupt: false, cause: 10 })).toBe('reserved exception 10');
  expect(trapName({ interrupt: true, cause: 2 })).toBe('reserved interrupt 2');
  expect(([0, 1, 3] as const).map(privilegeName)).toEqual(['U', 'S', 'M']);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anyWord,
  codeBase,
  codeBytes,
  dataBase,
  poke,
  runFrom,
  type Start,
  startOf,
  subject,
} from './engine-twins.ts';

// Random programs: the interpreter ends where the reference evaluator does, whatever the budget is cut into.

const reference = subject('reference');

const programs = startOf(fc.array(anyWord, { minLength: 1, maxLength: 24 }));
/** Across a page boundary, at every distance. */
const straddling = fc
  .tuple(programs, fc.integer({ min: 0, max: 24 }))
  .map(([start, halfwords]): Start => ({ ...start, pc: codeBase + 0x1000n - 2n * BigInt(halfwords) }));

const budgets = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** `used` counts the last run only. */
const ignoringUsed = (outcome: ReturnType<typeof runFrom>) => ({ ...outcome, used: 0 });

describe.each(['interpreter', 'translator'] as const)('%s', (engine) => {
  const tested = subject(engine);

  describe('random programs', () => {
    test.each([
      ['within a page', programs],
      ['over a page boundary', straddling],
    ])('%s', (_, starts) => {
      fc.assert(
        fc.property(starts, budgets, (start, pieces) => {
          const expected = runFrom(reference, start, [sum(pieces)]);
          expect(runFrom(tested, start, [sum(pieces)])).toEqual(expected);
          expect(ignoringUsed(runFrom(tested, start, pieces))).toEqual(ignoringUsed(expected));
        }),
        { numRuns: 1500 },
      );
    });
  });

  test('a budget of n retires exactly n instructions', () => {
    // addi, c.addi, a taken branch back over both, in turns.
    const start: Start = {
      x: new Array<bigint>(32).fill(0n),
      f: new Array<bigint>(32).fill(0n),
      fcsr: 0,
      floatState: 0,
      pc: codeBase,
      code: [0x0010_0093 | (1 << 15), 0x0085, 0xfe00_0de3],
    };
    for (let n = 1; n <= 40; n++) {
      const got = runFrom(tested, start, [n]);
      expect(got.retired).toBe(BigInt(n));
      expect(got.used).toBe(n);
      expect(got.x[1]).toBe(`0x${(n - Math.floor(n / 3)).toString(16)}`);
      expect(got).toEqual(runFrom(reference, start, [n]));
    }
  });

  test('registers keep their values across a million iterations run in optimised code', () => {
    const { hart } = tested;
    // 1: addi x1, x1, 1; xor x2, x2, x1; bnez x1, 1b
    runFrom(
      tested,
      {
        x: new Array<bigint>(32).fill(0n),
        f: [],
        fcsr: 0,
        floatState: 0,
        pc: codeBase,
        code: [0x0010_8093, 0x0011_4133, 0xfe00_9ce3],
      },
      [3],
    );
    for (let round = 0; round < 10; round++) hart.run(900_000);
    expect(hart.registers.readX(1)).toBe(3_000_001n);
    let xors = 0n;
    for (let n = 1n; n <= 3_000_001n; n++) xors ^= n;
    expect(hart.registers.readX(2)).toBe(xors);
  });

  describe('code that changes', () => {
    const x = (values: Readonly<Record<number, bigint>>) =>
      Array.from({ length: 32 }, (_, n) => values[n] ?? 0n);
    const base = { f: [], fcsr: 0, floatState: 0 };
    const addi1 = (amount: number): number => (amount << 20) | (1 << 15) | (1 << 7) | 0x13;

    test('a store to the very next instruction is seen', () => {
      // sw x2, 8(x3); nop; addi x1, x1, 1 -> becomes addi x1, x1, 100
      const start: Start = {
        ...base,
        x: x({ 2: BigInt(addi1(100)), 3: codeBase }),
        pc: codeBase,
        code: [0x0021_a423, 0x13, addi1(1)],
      };
      runFrom(tested, start, [3]); // decoded before, then written as data
      const got = runFrom(tested, start, [3]);
      expect(got.x[1]).toBe('0x64');
      expect(got).toEqual(runFrom(reference, start, [3]));
    });

    test('a store to the second half of an instruction is seen, one into data beside code changes nothing', () => {
      // addi x1, x1, 1; sh x2, 2(x3); sh x2, 0x100(x3); j back to the start
      const start: Start = {
        ...base,
        x: x({ 2: 0x0640n | 8n, 3: codeBase }),
        pc: codeBase,
        code: [addi1(1), 0x0021_9123, 0x1021_9023, 0xff5f_f06f],
      };
      for (const budget of [1, 2, 3, 4, 5, 6, 9, 400, 4000]) {
        expect(runFrom(tested, start, [budget])).toEqual(runFrom(reference, start, [budget]));
      }
    });

    test('the half of a straddling instruction in the next page may change', () => {
      const pc = codeBase + 0x1000n - 2n;
      // addi x1, x1, imm over the boundary; then sh x2, 0(x3) rewrites its second half; then jump back
      const start: Start = {
        ...base,
        x: x({ 2: BigInt(addi1(7) >>> 16), 3: pc + 2n }),
        pc,
        code: [addi1(1), 0x0021_9023, 0xff9f_f06f],
      };
      for (const budget of [1, 2, 3, 4, 5, 30]) {
        expect(runFrom(tested, start, [budget])).toEqual(runFrom(reference, start, [budget]));
      }
    });

    test('a device writes over code', () => {
      const start: Start = { ...base, x: x({}), pc: codeBase, code: [addi1(1), addi1(2)] };
      runFrom(tested, start, [2]);
      poke(tested, codeBase + 4n, codeBytes([addi1(5)]));
      tested.hart.pc = codeBase;
      tested.hart.run(2);
      expect(tested.hart.registers.readX(1)).toBe(3n + 6n);
    });

    test('random programs that write into themselves', () => {
      const nearCode = fc.integer({ min: -8, max: 60 }).map((n) => codeBase + BigInt(n));
      const starts = fc.tuple(programs, fc.array(nearCode, { minLength: 31, maxLength: 31 })).map(
        ([start, aims]): Start => ({
          ...start,
          x: [0n, ...aims.map((aim, n) => (n % 3 === 0 ? start.x[n + 1]! : aim))],
        }),
      );
      fc.assert(
        fc.property(starts, budgets, (start, pieces) => {
          expect(runFrom(tested, start, [sum(pieces)])).toEqual(runFrom(reference, start, [sum(pieces)]));
        }),
        { numRuns: 1000 },
      );
    });
  });

  test('traps leave pc at the instruction, with what came before done', () => {
    // addi x1, x1, 1; lw x2, 0(x3) from nowhere
    const start: Start = {
      x: Array.from({ length: 32 }, (_, n) => (n === 3 ? 0x1234_5678n : 0n)),
      f: [],
      fcsr: 0,
      floatState: 0,
      pc: codeBase,
      code: [0x0010_8093, 0x0001_a103],
    };
    const got = runFrom(tested, start, [10]);
    expect(got.exit).toEqual({ kind: 'trap', trap: { interrupt: false, cause: 5, tval: 0x1234_5678n } });
    expect([got.pc, got.x[1], got.retired, dataBase > codeBase]).toEqual(['0x80004004', '0x1', 1n, true]);
  });
});

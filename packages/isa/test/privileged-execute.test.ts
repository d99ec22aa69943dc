import { describe, expect, test } from 'vitest';
import { decode, executeSystem, type Outcome, type Privilege } from '../src/index.ts';
import { csrWord, illegalWith, TestState, words } from './privileged-fixture.ts';

const modes = [0, 1, 3] as const;
const run = (privilege: Privilege, word: number, csrs: Record<string, bigint> = {}): Outcome =>
  new TestState(privilege)
    .set(csrs)
    .execute(word, { pc: 0x8000_0004n, rs1: 0x1234_5678n, rs2: 0xabcd_1234n });

/** Which modes may; where not, it must be the illegal-instruction exception with the instruction's bits. */
function legalIn(word: number, csrs: Record<string, bigint> = {}): boolean[] {
  return modes.map((mode) => {
    const outcome = run(mode, word, csrs);
    if (outcome.kind === 'trap') expect(outcome).toEqual(illegalWith(word));
    return outcome.kind !== 'trap';
  });
}

describe('calls and breakpoints', () => {
  test('ecall: cause by mode, tval 0', () => {
    const causes = { 0: 8, 1: 9, 3: 11 } as const;
    for (const mode of modes)
      expect(run(mode, words.ecall)).toEqual({
        kind: 'trap',
        trap: { interrupt: false, cause: causes[mode], tval: 0n },
      });
  });

  test('ebreak, also compressed: tval is the pc', () => {
    for (const word of [words.ebreak, words.cEbreak])
      for (const mode of modes)
        expect(run(mode, word)).toEqual({
          kind: 'trap',
          trap: { interrupt: false, cause: 3, tval: 0x8000_0004n },
        });
  });
});

describe('waits and fences', () => {
  const TW = 1n << 21n;
  const TVM = 1n << 20n;

  test('wfi', () => {
    expect(run(3, words.wfi)).toEqual({ kind: 'wait' });
    expect(legalIn(words.wfi)).toEqual([false, true, true]);
    expect(legalIn(words.wfi, { mstatus: TW })).toEqual([false, false, true]);
  });

  test.each([
    ['sfence.vma', words.sfenceVma],
    ['sinval.vma', words.sinvalVma],
  ] as const)('%s: operands, and who may', (_, word) => {
    expect(run(1, word(0, 0))).toEqual({ kind: 'fence', va: undefined, asid: undefined });
    expect(run(1, word(5, 0))).toEqual({ kind: 'fence', va: 0x1234_5678n, asid: undefined });
    expect(run(1, word(0, 6))).toEqual({ kind: 'fence', va: undefined, asid: 0x1234 });
    expect(run(1, word(5, 6))).toEqual({ kind: 'fence', va: 0x1234_5678n, asid: 0x1234 });
    expect(legalIn(word(5, 6))).toEqual([false, true, true]);
    expect(legalIn(word(0, 0), { mstatus: TVM })).toEqual([false, false, true]);
  });

  test.each([words.sfenceWInval, words.sfenceInvalIr])(
    'ordering fence %i: not for U, whatever TVM',
    (word) => {
      expect(run(1, word)).toEqual({ kind: 'retire', rd: undefined, touched: 0 });
      expect(legalIn(word, { mstatus: TVM })).toEqual([false, true, true]);
    },
  );

  test('fence.i', () => {
    for (const mode of modes) expect(run(mode, words.fenceI)).toEqual({ kind: 'fenceI' });
  });
});

describe('cache blocks', () => {
  const CBZE = 1n << 7n;
  const CBCFE = 1n << 6n;

  test.each([
    ['zero', CBZE],
    ['clean', CBCFE],
    ['flush', CBCFE],
  ] as const)('cbo.%s needs its bit in menvcfg, and for U in senvcfg too', (operation, bit) => {
    const word = words.cbo(operation, 10);
    expect(run(3, word)).toEqual({ kind: 'cacheBlock', operation, address: 0x1234_5678n });
    expect(legalIn(word)).toEqual([false, false, true]);
    expect(legalIn(word, { senvcfg: bit })).toEqual([false, false, true]);
    expect(legalIn(word, { menvcfg: bit })).toEqual([false, true, true]);
    expect(legalIn(word, { menvcfg: bit, senvcfg: bit })).toEqual([true, true, true]);
    const others = ~bit & 0xf1n;
    expect(legalIn(word, { menvcfg: others, senvcfg: others })).toEqual([false, false, true]);
  });

  test('cbo.inval by CBIE of both: illegal, flush or invalidation', () => {
    const word = words.cbo('inval', 10);
    const kinds = ['illegal', 'flush', 'reserved', 'inval'];
    const result = (mode: Privilege, m: number, s: number): string => {
      const outcome = run(mode, word, { menvcfg: BigInt(m) << 4n, senvcfg: BigInt(s) << 4n });
      return outcome.kind === 'cacheBlock' ? outcome.operation : 'illegal';
    };
    for (const m of [0, 1, 3])
      for (const s of [0, 1, 3]) {
        expect(result(3, m, s)).toBe('inval');
        expect(result(1, m, s)).toBe(kinds[m]);
        expect(result(0, m, s)).toBe(kinds[Math.min(m, s)]);
      }
  });
});

test('an instruction that is not a system instruction is a mistake of the caller', () => {
  const nop = decode(0x00000013);
  expect(nop).toBeDefined();
  const operands = { pc: 0n, rs1: 0n, rs2: 0n };
  if (nop) expect(() => executeSystem(new TestState(), nop, operands)).toThrow(/addi is not a system/);
});

test('a CSR sequence of a kernel: swap sscratch, read cause, set and clear SIE', () => {
  const state = new TestState(1).set({ sscratch: 0x77n, scause: 8n, mstatus: 2n });
  expect(state.execute(csrWord('csrrw', 2, 'sscratch', 2), { rs1: 0x88n })).toMatchObject({ rd: 0x77n });
  expect(state.execute(csrWord('csrrs', 5, 'scause', 0))).toMatchObject({ rd: 8n });
  const sstatus = 2n << 32n;
  expect(state.execute(csrWord('csrrci', 5, 'sstatus', 2))).toMatchObject({ rd: sstatus | 2n, touched: 4 });
  expect(state.execute(csrWord('csrrsi', 0, 'sstatus', 2))).toMatchObject({ rd: sstatus, touched: 4 });
  expect(state.read('sscratch')).toBe(0x88n);
});

import { encode } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeBase, dataBase, runFrom, type Start, subject } from './engine-twins.ts';

// LR and SC pairs of any width and distance, with a store or a trap in between, on warm and cold TLBs.

const reference = subject('reference');

const suffix = fc.constantFrom('w', 'd');
const distance = fc.integer({ min: -2, max: 2 }).map((n) => BigInt(4 * n));
const between = fc.constantFrom('nothing', 'store', 'load');
const words = {
  nothing: [],
  store: [encode('sw', { rs1: 12, rs2: 13, imm: 0 })],
  load: [encode('ld', { rd: 14, rs1: 12, imm: 0 })],
};

const starts = fc
  .record({ lr: suffix, sc: suffix, from: distance, to: distance, between })
  .map((pair): Start => {
    const at = dataBase + 0x40n;
    const registers: Readonly<Record<number, bigint>> = {
      10: at + pair.from,
      11: at + pair.to,
      12: at + 4n,
      13: 0x1122_3344_5566_7788n,
    };
    const once = [
      encode(`lr.${pair.lr}`, { rd: 5, rs1: 10, aq: 0, rl: 0 }),
      ...words[pair.between],
      encode(`sc.${pair.sc}`, { rd: 6, rs1: 11, rs2: 13, aq: 0, rl: 0 }),
      // The reservation is gone now.
      encode(`sc.${pair.sc}`, { rd: 7, rs1: 11, rs2: 12, aq: 0, rl: 0 }),
    ];
    return {
      x: Array.from({ length: 32 }, (_, n) => registers[n] ?? 0n),
      f: [],
      fcsr: 0,
      floatState: 0,
      pc: codeBase,
      code: [...once, ...once],
    };
  });

describe.each(['interpreter', 'translator'] as const)('%s', (engine) => {
  const tested = subject(engine);

  test('pairs', () => {
    fc.assert(
      fc.property(starts, fc.integer({ min: 1, max: 8 }), (start, budget) => {
        expect(runFrom(tested, start, [budget])).toEqual(runFrom(reference, start, [budget]));
      }),
      { numRuns: 1000 },
    );
  });

  test('a pair in order succeeds once', () => {
    const start: Start = {
      x: Array.from({ length: 32 }, (_, n) => (n === 10 ? dataBase : 0n)),
      f: [],
      fcsr: 0,
      floatState: 0,
      pc: codeBase,
      code: [
        encode('lr.d', { rd: 5, rs1: 10, aq: 0, rl: 0 }),
        encode('sc.d', { rd: 6, rs1: 10, rs2: 10, aq: 0, rl: 0 }),
        encode('sc.d', { rd: 7, rs1: 10, rs2: 0, aq: 0, rl: 0 }),
        encode('ld', { rd: 8, rs1: 10, imm: 0 }),
      ],
    };
    const { x } = runFrom(tested, start, [4]);
    expect([x[6], x[7], x[8]]).toEqual(['0x0', '0x1', `0x${dataBase.toString(16)}`]);
  });
});

import type { FloatOp } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatOperation } from '../src/float/operation.ts';

const NX = 1;
const NV = 16;
const quiet = 0x7ff8_0000_0000_0000n;
const signalling = 0x7ff0_0000_0000_0001n;
const infinity = 0x7ff0_0000_0000_0000n;
const minusZero = 1n << 63n;

const view = new DataView(new ArrayBuffer(8));
function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
function numberOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

const run = (name: FloatOp, ...args: bigint[]) => floatOperation(name, 'd', args, 0);

describe('fminm and fmaxm (Zfa, "Minimum and Maximum Instructions")', () => {
  it.each<[FloatOp, bigint, bigint, bigint, number]>([
    ['minm', quiet, bitsOf(1), quiet, 0],
    ['minm', bitsOf(1), quiet | minusZero, quiet, 0],
    ['maxm', signalling, bitsOf(1), quiet, NV],
    ['maxm', quiet, signalling, quiet, NV],
    ['minm', 0n, minusZero, minusZero, 0],
    ['minm', minusZero, 0n, minusZero, 0],
    ['maxm', 0n, minusZero, 0n, 0],
    ['maxm', minusZero, 0n, 0n, 0],
    ['minm', infinity, bitsOf(-2), bitsOf(-2), 0],
    ['maxm', infinity, bitsOf(-2), infinity, 0],
  ])('%s(%d, %d)', (name, a, b, value, flags) => {
    expect(run(name, a, b)).toEqual({ value, flags });
  });

  it('agree with Math.min and Math.max', () => {
    const double = fc.double();
    fc.assert(
      fc.property(double, double, (a, b) => {
        expect(numberOf(run('minm', bitsOf(a), bitsOf(b)).value)).toBe(Math.min(a, b));
        expect(numberOf(run('maxm', bitsOf(a), bitsOf(b)).value)).toBe(Math.max(a, b));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('fcvtmod.w.d (Zfa, "Modular Convert-to-Integer Instruction")', () => {
  it.each<[number, bigint, number]>([
    [1.5, 1n, NX],
    [-1.5, 0xffff_ffff_ffff_ffffn, NX],
    [2 ** 31 - 1, 0x7fff_ffffn, 0],
    [2 ** 31, 0xffff_ffff_8000_0000n, NV],
    [2 ** 32 + 7.5, 7n, NV],
    [-(2 ** 32) - 7, 0xffff_ffff_ffff_fff9n, NV],
    [2 ** 83 + 2 ** 31, 0xffff_ffff_8000_0000n, NV],
    [2 ** 84, 0n, NV],
    [Number.NaN, 0n, NV],
    [Number.POSITIVE_INFINITY, 0n, NV],
    [-0.25, 0n, NX],
    [-0, 0n, 0],
  ])('%d', (a, value, flags) => {
    expect(run('cvtmodw', bitsOf(a))).toEqual({ value, flags });
  });

  // ECMAScript's ToInt32 is the operation this instruction was made for.
  it('gives what `| 0` gives', () => {
    const operand = fc.oneof(
      fc.double(),
      fc.double({ min: -(2 ** 90), max: 2 ** 90 }),
      fc.double({ min: -(2 ** 34), max: 2 ** 34 }),
    );
    fc.assert(
      fc.property(operand, (a) => {
        expect(BigInt.asIntN(64, run('cvtmodw', bitsOf(a)).value)).toBe(BigInt(a | 0));
      }),
      { numRuns: 4000 },
    );
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fusedDouble, fusedSingle } from '../src/codegen/fused.ts';
import { floatOperation } from '../src/float/operation.ts';
import { ModuleBuilder } from '../src/wasm/module.ts';

// Fused multiply-add out of plain arithmetic rounds as the exact one does, near ties above all.

type Fused = (a: number, b: number, c: number) => number;

function compiled(fused: typeof fusedDouble): Fused {
  const module = new ModuleBuilder();
  const { index } = module.function('fused', ['f64', 'f64', 'f64'], 'f64', (fn, a, b, c) => [
    fused(fn, a, b, c),
  ]);
  module.export('fused', 'function', index);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()));
  return instance.exports.fused as Fused;
}

const bits64 = (value: number): bigint => new BigUint64Array(new Float64Array([value]).buffer)[0]!;
const bits32 = (value: number): bigint => BigInt(new Uint32Array(new Float32Array([value]).buffer)[0]!);

/** Significands of few ones, or almost all ones: their products and sums end in ties and near ties. */
const sparse = (bits: number): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.array(fc.integer({ min: 0, max: bits - 1 }), { maxLength: 4 }), fc.boolean())
    .map(([ones, negated]) => {
      const set = ones.reduce((sum, at) => sum | (1n << BigInt(at)), 1n << BigInt(bits - 1));
      return negated ? (2n << BigInt(bits - 1)) - (set & ((1n << BigInt(bits - 1)) - 1n)) - 1n : set;
    });
const anySignificand = (bits: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: 1n << BigInt(bits - 1), max: (1n << BigInt(bits)) - 1n });

const number = (bits: number, exponents: number): fc.Arbitrary<number> =>
  fc
    .tuple(
      fc.oneof(sparse(bits), anySignificand(bits)),
      fc.integer({ min: -exponents, max: exponents }),
      fc.boolean(),
    )
    .map(
      ([significand, exponent, negative]) =>
        (negative ? -1 : 1) * Number(significand) * 2 ** (exponent - bits),
    );

type Case = readonly [a: number, b: number, c: number];

const cases = (bits: number, exponents: number): fc.Arbitrary<Case> =>
  fc
    .tuple(
      number(bits, exponents),
      number(bits, exponents),
      number(bits, 2 * exponents),
      fc.integer({ min: 0, max: 3 }),
    )
    // Often the addend is next to the product, so that their lower halves decide.
    .map(([a, b, c, near]) => [a, b, near === 0 ? -(a * b) * (1 + c * 2 ** -60) : c]);

/** Products half way between two numbers, and an addend that alone breaks the tie. */
const ties = (bits: number): fc.Arbitrary<Case> =>
  fc
    .tuple(
      fc.integer({ min: 1, max: bits - 1 }),
      fc.integer({ min: 1, max: 3 * bits }),
      fc.constantFrom(1, -1),
      fc.constantFrom(1, -1),
    )
    .map(([at, below, sign, tiny]) => [
      sign * (1 + 2 ** -at),
      1 + 2 ** (at - bits),
      tiny * 2 ** (-bits - below),
    ]);

test('doubles', () => {
  const fused = compiled(fusedDouble);
  fc.assert(
    fc.property(fc.oneof(cases(53, 60), ties(53)), ([a, b, c]) => {
      const exact = floatOperation('fma', 'd', [bits64(a), bits64(b), bits64(c)], 0).value;
      expect(bits64(fused(a, b, c))).toBe(exact);
    }),
    { numRuns: 20_000 },
  );
});

test('singles', () => {
  const fused = compiled(fusedSingle);
  fc.assert(
    fc.property(fc.oneof(cases(24, 30), ties(24)), ([a, b, wide]) => {
      const c = Math.fround(wide);
      const exact = floatOperation('fma', 's', [bits32(a), bits32(b), bits32(c)], 0).value;
      expect(bits32(Math.fround(fused(a, b, c)))).toBe(exact);
    }),
    { numRuns: 20_000 },
  );
});

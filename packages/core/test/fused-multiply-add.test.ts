import { assemble, type FloatFormat } from '@trapline/isa';
import { describe, expect, test } from 'vitest';
import { fusesMultiplyAdd } from '../src/codegen/host-fused.ts';
import { codeBase, runFrom, type Start, subject } from './engine-twins.ts';
import { floatOperands, randomBits } from './float-operands.ts';

// Fused multiply-add gives the reference's bits and flags both by the host's own, where that rounds once, and without it.

const reference = subject('reference');
const inWords = { s: { tag: 0xffff_ffff_0000_0000n, sign: 1n << 31n }, d: { tag: 0n, sign: 1n << 63n } };

const asNumber = (bits: bigint, format: FloatFormat): number =>
  format === 'd'
    ? new Float64Array(new BigUint64Array([bits]).buffer)[0]!
    : new Float32Array(new Uint32Array([Number(bits)]).buffer)[0]!;
const asBits = (value: number, format: FloatFormat): bigint =>
  format === 'd'
    ? new BigUint64Array(new Float64Array([value]).buffer)[0]!
    : BigInt(new Uint32Array(new Float32Array([value]).buffer)[0]!);

/** Operands of which every other triple cancels, all but a few last bits. */
function* cases(format: FloatFormat, count: number): Generator<readonly bigint[]> {
  const next = randomBits(7n);
  const operand = floatOperands(format, next);
  for (let n = 0; n < count; n++) {
    const [a, b, c] = [operand(), operand(), operand()];
    const product = asNumber(a, format) * asNumber(b, format);
    const cancelling = (asBits(product, format) ^ inWords[format].sign) + (next() % 3n) - 1n;
    yield [a, b, n % 2 === 0 ? c : BigInt.asUintN(format === 'd' ? 64 : 32, cancelling)];
  }
}

const programs = ['fmadd', 'fmsub', 'fnmsub', 'fnmadd'].flatMap((name) =>
  (['s', 'd'] as const).map((format) => [`${name}.${format}`, format] as const),
);
const ways = (fusesMultiplyAdd() ? [true, false] : [false]).flatMap((fused) =>
  (['interpreter', 'translator'] as const).map((engine) => [engine, fused] as const),
);

describe.each(ways)('%s, by the host: %s', (engine, fusedMultiplyAdd) => {
  const tested = subject(engine, { fusedMultiplyAdd });

  test.each(programs)('%s', (name, format) => {
    const { bytes } = assemble(`${name} f0, f1, f2, f3`, { base: Number(codeBase) });
    let n = 0;
    for (const operands of cases(format, 1500)) {
      const f = Array.from({ length: 32 }, (_, at) => (operands[at - 1] ?? 0n) | inWords[format].tag);
      const fcsr = n++ % 8 === 0 ? 0 : 1;
      const start: Start = {
        x: new Array<bigint>(32).fill(0n),
        f,
        fcsr,
        floatState: 3,
        pc: codeBase,
        code: [],
        bytes,
      };
      const [got, expected] = [runFrom(tested, start, [1]), runFrom(reference, start, [1])];
      expect([got.f[0], got.fcsr], operands.map((each) => each.toString(16)).join()).toEqual([
        expected.f[0],
        expected.fcsr,
      ]);
    }
  });
});

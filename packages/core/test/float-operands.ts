import type { FloatFormat } from '@trapline/isa';

/** A small seeded generator (SplitMix64): the same operands on every run. */
export function randomBits(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}

const layout = { s: { fraction: 23n, exponent: 8n }, d: { fraction: 52n, exponent: 11n } } as const;

/** Integers at which some integer type ends, and their neighbours. */
const integerEdges = [0n, 1n, 1n << 31n, 1n << 32n, 1n << 63n, (1n << 64n) - 1n, 1n << 24n, 1n << 53n];

/**
 * Floating-point operands crowded where mistakes live: zeros, subnormals, the ends of the exponent range, NaNs, numbers near
 * integers and their halves, significands of few bits (ties and exact results), neighbours of the previous operand.
 */
export function floatOperands(format: FloatFormat, next: () => bigint): () => bigint {
  const { fraction, exponent } = layout[format];
  const bias = (1n << (exponent - 1n)) - 1n;
  const top = (1n << exponent) - 1n;
  const mask = (1n << fraction) - 1n;
  const pick = (n: bigint): bigint => next() % n;
  const fractions = [
    () => next() & mask,
    () => 0n,
    () => mask,
    () => 1n << pick(fraction),
    () => mask ^ ((1n << pick(fraction)) - 1n),
    () => (1n << pick(fraction)) | (1n << pick(fraction)),
    () => pick(4n),
    () => mask - pick(4n),
  ];
  const exponents = [
    () => pick(top + 1n),
    () => 0n,
    () => pick(4n),
    () => top - pick(4n),
    () => bias + pick(8n) - 4n,
    () => bias + pick(68n) - 2n,
    () => bias - fraction + pick(4n),
  ];
  let previous = 0n;
  return () => {
    const bits =
      pick(8n) === 0n
        ? previous ^ pick(4n)
        : (pick(2n) << (fraction + exponent)) |
          (exponents[Number(pick(BigInt(exponents.length)))]!() << fraction) |
          fractions[Number(pick(BigInt(fractions.length)))]!();
    previous = bits;
    return bits;
  };
}

/** Integer register values: few bits, many bits, near the ends of the types, any. */
export function integerOperands(next: () => bigint): () => bigint {
  const kinds = [
    () => next(),
    () => next() >> (next() % 64n),
    () => integerEdges[Number(next() % BigInt(integerEdges.length))]! + (next() % 5n) - 2n,
    () => (1n << (next() % 64n)) + (1n << (next() % 64n)),
  ];
  return () => {
    const value = kinds[Number(next() % 4n)]!();
    return BigInt.asUintN(64, next() % 2n === 0n ? value : -value);
  };
}

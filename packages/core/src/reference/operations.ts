import type { BinaryOp, UnaryOp } from '@trapline/isa';

/** What the words of `semantics.ts` mean, on unsigned 64-bit bigints. The oracle of every other engine: plain, not fast. */
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const extend =
  (bits: number) =>
  (value: bigint): bigint =>
    u64(BigInt.asIntN(bits, value));
const truth = (condition: boolean): bigint => (condition ? 1n : 0n);

const bytesOf = (value: bigint): bigint[] =>
  Array.from({ length: 8 }, (_, i) => (value >> BigInt(8 * i)) & 0xffn);
const fromBytes = (bytes: readonly bigint[]): bigint =>
  bytes.reduce((sum, byte, i) => sum | (byte << BigInt(8 * i)), 0n);

const bitsIn = (value: bigint, width: number): string => value.toString(2).padStart(width, '0');
const leadingZeros = (value: bigint, width: number): bigint =>
  value === 0n ? BigInt(width) : BigInt(bitsIn(value, width).indexOf('1'));
const trailingZeros = (value: bigint, width: number): bigint =>
  value === 0n ? BigInt(width) : BigInt(width - 1 - bitsIn(value, width).lastIndexOf('1'));
const population = (value: bigint): bigint => BigInt(value.toString(2).replaceAll('0', '').length);

export const unaryOperations: Readonly<Record<UnaryOp, (a: bigint) => bigint>> = {
  not: (a) => u64(~a),
  neg: (a) => u64(-a),
  sext8: extend(8),
  sext16: extend(16),
  sext32: extend(32),
  zext8: (a) => a & 0xffn,
  zext16: (a) => a & 0xffffn,
  zext32: u32,
  clz: (a) => leadingZeros(a, 64),
  clz32: (a) => leadingZeros(u32(a), 32),
  ctz: (a) => trailingZeros(a, 64),
  ctz32: (a) => trailingZeros(u32(a), 32),
  cpop: population,
  cpop32: (a) => population(u32(a)),
  rev8: (a) => fromBytes(bytesOf(a).reverse()),
  orcb: (a) => fromBytes(bytesOf(a).map((byte) => (byte === 0n ? 0n : 0xffn))),
};

const allOnes = (1n << 64n) - 1n;
const mostNegative = -(1n << 63n);

const rotate = (a: bigint, left: bigint, width: bigint): bigint =>
  BigInt.asUintN(Number(width), (a << left) | (a >> ((width - left) % width)));
const rotateLeft = (a: bigint, by: bigint, width: bigint): bigint => {
  const amount = by & (width - 1n);
  return amount === 0n ? a : rotate(a, amount, width);
};
const rotateRight = (a: bigint, by: bigint, width: bigint): bigint =>
  rotateLeft(a, (width - (by & (width - 1n))) & (width - 1n), width);

/** "M" Extension: division by zero gives all ones and the dividend, overflow the dividend and 0. */
const signedDivision = (a: bigint, b: bigint): readonly [quotient: bigint, remainder: bigint] => {
  const [dividend, divisor] = [s64(a), s64(b)];
  if (divisor === 0n) return [allOnes, a];
  if (dividend === mostNegative && divisor === -1n) return [a, 0n];
  return [u64(dividend / divisor), u64(dividend % divisor)];
};

export const binaryOperations: Readonly<Record<BinaryOp, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => u64(a + b),
  sub: (a, b) => u64(a - b),
  mul: (a, b) => u64(a * b),
  mulh: (a, b) => u64((s64(a) * s64(b)) >> 64n),
  mulhu: (a, b) => (a * b) >> 64n,
  mulhsu: (a, b) => u64((s64(a) * b) >> 64n),
  div: (a, b) => signedDivision(a, b)[0],
  divu: (a, b) => (b === 0n ? allOnes : a / b),
  rem: (a, b) => signedDivision(a, b)[1],
  remu: (a, b) => (b === 0n ? a : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => u64(a << (b & 63n)),
  shr: (a, b) => a >> (b & 63n),
  sar: (a, b) => u64(s64(a) >> (b & 63n)),
  rotl: (a, b) => rotateLeft(a, b, 64n),
  rotr: (a, b) => rotateRight(a, b, 64n),
  rotl32: (a, b) => rotateLeft(u32(a), b, 32n),
  rotr32: (a, b) => rotateRight(u32(a), b, 32n),
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  lt: (a, b) => truth(s64(a) < s64(b)),
  ltu: (a, b) => truth(a < b),
  ge: (a, b) => truth(s64(a) >= s64(b)),
  geu: (a, b) => truth(a >= b),
};

import { exactly, Flag, type FloatResult, type Format, Rounding } from './format.ts';
import { bitLength, roundPack } from './round.ts';
import { type Finite, isSignalling, type NotNan, unpack } from './unpack.ts';

const zero = (format: Format, negative: boolean): FloatResult => exactly(negative ? format.signBit : 0n);

const infinity = (format: Format, negative: boolean): FloatResult =>
  exactly(negative ? format.signBit | format.infinity : format.infinity);

const invalid = (format: Format): FloatResult => ({ value: format.canonicalNan, flags: Flag.NV });

/** The result for operands of which one is a NaN: canonical, invalid when one is signalling. */
export function nanOf(format: Format, ...operands: readonly bigint[]): FloatResult {
  return operands.some((bits) => isSignalling(format, bits)) ? invalid(format) : exactly(format.canonicalNan);
}

export function add(format: Format, a: bigint, b: bigint, rm: number): FloatResult {
  const left = unpack(format, a);
  const right = unpack(format, b);
  if (left.kind === 'nan' || right.kind === 'nan') return nanOf(format, a, b);
  return addUnpacked(format, left, right, rm);
}

function addUnpacked(format: Format, left: NotNan, right: NotNan, rm: number): FloatResult {
  if (left.kind === 'infinite') {
    const opposite = right.kind === 'infinite' && right.negative !== left.negative;
    return opposite ? invalid(format) : infinity(format, left.negative);
  }
  if (right.kind === 'infinite') return infinity(format, right.negative);
  return addFinite(format, left, right, rm);
}

function addFinite(format: Format, left: Finite, right: Finite, rm: number): FloatResult {
  if (left.significand === 0n && right.significand === 0n && left.negative === right.negative)
    return zero(format, left.negative);
  const [high, low] = left.exponent >= right.exponent ? [left, right] : [right, left];
  const addend = nearby(high, low);
  const gap = BigInt(high.exponent - addend.exponent);
  const sum = signed(high.negative, high.significand << gap) + signed(addend.negative, addend.significand);
  if (sum === 0n) return zero(format, rm === Rounding.down);
  return roundPack(format, sum < 0n, sum < 0n ? -sum : sum, addend.exponent, rm);
}

const signed = (negative: boolean, magnitude: bigint): bigint => (negative ? -magnitude : magnitude);

/**
 * `low`, or a number of its sign that rounds the sum alike, closer to `high`: keeps the shift short. Significands have at most
 * 106 bits (a product), so beyond 192 places only the sign of `low` can matter.
 */
function nearby(high: Finite, low: Finite): Finite {
  if (low.significand === 0n) return { ...low, exponent: high.exponent };
  const near = high.significand === 0n || high.exponent - low.exponent <= 192;
  return near ? low : { ...low, exponent: high.exponent - 64, significand: 1n };
}

export function sub(format: Format, a: bigint, b: bigint, rm: number): FloatResult {
  return add(format, a, b ^ format.signBit, rm);
}

/** The exact product, undefined for zero times infinity. */
function product(left: NotNan, right: NotNan): NotNan | undefined {
  const negative = left.negative !== right.negative;
  if (left.kind === 'infinite' || right.kind === 'infinite')
    return isZero(left) || isZero(right) ? undefined : { kind: 'infinite', negative };
  return {
    kind: 'finite',
    negative,
    exponent: left.exponent + right.exponent,
    significand: left.significand * right.significand,
  };
}

const isZero = (datum: NotNan): boolean => datum.kind === 'finite' && datum.significand === 0n;

export function mul(format: Format, a: bigint, b: bigint, rm: number): FloatResult {
  const left = unpack(format, a);
  const right = unpack(format, b);
  if (left.kind === 'nan' || right.kind === 'nan') return nanOf(format, a, b);
  const exact = product(left, right);
  if (exact === undefined) return invalid(format);
  if (exact.kind === 'infinite') return infinity(format, exact.negative);
  if (exact.significand === 0n) return zero(format, exact.negative);
  return roundPack(format, exact.negative, exact.significand, exact.exponent, rm);
}

/** `a * b + c`, rounded once. */
export function fma(format: Format, a: bigint, b: bigint, c: bigint, rm: number): FloatResult {
  const left = unpack(format, a);
  const right = unpack(format, b);
  const addend = unpack(format, c);
  if (left.kind === 'nan' || right.kind === 'nan') return nanOf(format, a, b, c);
  const exact = product(left, right);
  // Zero times infinity is invalid even when the addend is a quiet NaN.
  if (exact === undefined) return invalid(format);
  if (addend.kind === 'nan') return nanOf(format, c);
  return addUnpacked(format, exact, addend, rm);
}

export function div(format: Format, a: bigint, b: bigint, rm: number): FloatResult {
  const left = unpack(format, a);
  const right = unpack(format, b);
  if (left.kind === 'nan' || right.kind === 'nan') return nanOf(format, a, b);
  const negative = left.negative !== right.negative;
  if (left.kind === 'infinite')
    return right.kind === 'infinite' ? invalid(format) : infinity(format, negative);
  if (right.kind === 'infinite') return zero(format, negative);
  if (right.significand === 0n)
    return isZero(left) ? invalid(format) : { ...infinity(format, negative), flags: Flag.DZ };
  if (left.significand === 0n) return zero(format, negative);
  return divFinite(format, negative, left, right, rm);
}

function divFinite(format: Format, negative: boolean, left: Finite, right: Finite, rm: number): FloatResult {
  // Whatever the significands, the quotient has a guard bit below its `precision` bits and one more to keep the remainder in.
  const extra = 2 * format.precision + 3;
  const dividend = left.significand << BigInt(extra);
  const quotient = dividend / right.significand;
  const sticky = quotient * right.significand === dividend ? 0n : 1n;
  return roundPack(format, negative, quotient | sticky, left.exponent - right.exponent - extra, rm);
}

export function sqrt(format: Format, a: bigint, rm: number): FloatResult {
  const radicand = unpack(format, a);
  if (radicand.kind === 'nan') return nanOf(format, a);
  if (isZero(radicand)) return exactly(a);
  if (radicand.negative) return invalid(format);
  if (radicand.kind === 'infinite') return exactly(a);
  const wanted = 2 * format.precision + 6 - bitLength(radicand.significand);
  const extra = wanted + ((radicand.exponent - wanted) & 1);
  const scaled = radicand.significand << BigInt(extra);
  const root = integerSqrt(scaled);
  const sticky = root * root === scaled ? 0n : 1n;
  return roundPack(format, false, root | sticky, (radicand.exponent - extra) / 2, rm);
}

/** The largest integer whose square is at most `value` (below 2**116, above 0). */
function integerSqrt(value: bigint): bigint {
  const guess = BigInt(Math.floor(Math.sqrt(Number(value)))) + 1n;
  // One step of Newton's iteration from 52 good bits; it never lands below the answer.
  let root = (guess + value / guess) >> 1n;
  while (root * root > value) root -= 1n;
  return root;
}

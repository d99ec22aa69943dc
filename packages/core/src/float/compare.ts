import { nanOf } from './arithmetic.ts';
import { exactly, Flag, type FloatResult, type Format } from './format.ts';
import { isNan, isSignalling } from './unpack.ts';

/** A number that orders as the patterns do (neither a NaN), with -0 just below +0. */
const rank = (format: Format, bits: bigint): bigint =>
  (bits & format.signBit) === 0n ? bits : -1n - (bits ^ format.signBit);

/** Orders two patterns that are no NaNs; the zeros are equal. */
function order(format: Format, a: bigint, b: bigint): -1 | 0 | 1 {
  if (a === b || ((a | b) & ~format.signBit) === 0n) return 0;
  return rank(format, a) < rank(format, b) ? -1 : 1;
}

type Comparison = (format: Format, a: bigint, b: bigint) => FloatResult;

/** With a NaN the answer is 0; a quiet one is invalid only in a `signalling` comparison ("Floating-Point Compare Instructions"). */
const comparison =
  (signalling: boolean, holds: (order: -1 | 0 | 1) => boolean): Comparison =>
  (format, a, b) => {
    if (!isNan(format, a) && !isNan(format, b)) return exactly(holds(order(format, a, b)) ? 1n : 0n);
    const raises = signalling || isSignalling(format, a) || isSignalling(format, b);
    return { value: 0n, flags: raises ? Flag.NV : 0 };
  };

export const eq = comparison(false, (order) => order === 0);
export const lt = comparison(true, (order) => order < 0);
export const le = comparison(true, (order) => order <= 0);
export const ltq = comparison(false, (order) => order < 0);
export const leq = comparison(false, (order) => order <= 0);

const lesser = (format: Format, a: bigint, b: bigint): bigint => (rank(format, a) <= rank(format, b) ? a : b);
const greater = (format: Format, a: bigint, b: bigint): bigint =>
  rank(format, a) <= rank(format, b) ? b : a;

/** minimumNumber and maximumNumber of IEEE 754-2019: a NaN loses to a number. */
const ofNumbers =
  (choose: (format: Format, a: bigint, b: bigint) => bigint): Comparison =>
  (format, a, b) => {
    const { value, flags } = nanOf(format, a, b);
    if (isNan(format, a)) return { value: isNan(format, b) ? value : b, flags };
    if (isNan(format, b)) return { value: a, flags };
    return exactly(choose(format, a, b));
  };

/** minimum and maximum of IEEE 754-2019: a NaN wins. */
const propagating =
  (choose: (format: Format, a: bigint, b: bigint) => bigint): Comparison =>
  (format, a, b) =>
    isNan(format, a) || isNan(format, b) ? nanOf(format, a, b) : exactly(choose(format, a, b));

export const min = ofNumbers(lesser);
export const max = ofNumbers(greater);
export const minm = propagating(lesser);
export const maxm = propagating(greater);

/** The one-hot mask of fclass ("Floating-Point Classify Instruction"). */
export function classify(format: Format, a: bigint): FloatResult {
  const magnitude = a & ~format.signBit;
  if (magnitude > format.infinity) return exactly(isSignalling(format, a) ? 1n << 8n : 1n << 9n);
  const size =
    magnitude === format.infinity ? 3n : magnitude > format.fractionMask ? 2n : magnitude === 0n ? 0n : 1n;
  return exactly(a === magnitude ? 1n << (4n + size) : 1n << (3n - size));
}

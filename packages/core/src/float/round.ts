import { Flag, type FloatResult, type Format, Rounding } from './format.ts';

/** How many bits a non-negative number has; 0 for 0. */
export function bitLength(value: bigint): number {
  let bits = 0;
  let rest = value;
  while (rest > 0xffff_ffffn) {
    rest >>= 32n;
    bits += 32;
  }
  return bits + 32 - Math.clz32(Number(rest));
}

/** `magnitude / 2**shift` as an integer, rounded as `rm` says, and whether anything was lost. */
export function shiftRounded(
  magnitude: bigint,
  shift: number,
  negative: boolean,
  rm: number,
): { readonly quotient: bigint; readonly inexact: boolean } {
  if (shift <= 0) return { quotient: magnitude << BigInt(-shift), inexact: false };
  const amount = BigInt(shift);
  const quotient = magnitude >> amount;
  const rest = magnitude - (quotient << amount);
  if (rest === 0n) return { quotient, inexact: false };
  const half = 1n << (amount - 1n);
  const away = roundsAway[rm]!(negative, (quotient & 1n) === 1n, rest === half ? 0 : rest > half ? 1 : -1);
  return { quotient: away ? quotient + 1n : quotient, inexact: true };
}

/** Whether an inexact result goes to the neighbour of greater magnitude; `half` compares what is lost with one half. */
type RoundsAway = (negative: boolean, odd: boolean, half: -1 | 0 | 1) => boolean;

const roundsAway: Readonly<Record<number, RoundsAway>> = {
  [Rounding.nearestEven]: (_negative, odd, half) => half > 0 || (half === 0 && odd),
  [Rounding.towardZero]: () => false,
  [Rounding.down]: (negative) => negative,
  [Rounding.up]: (negative) => !negative,
  [Rounding.nearestMaxMagnitude]: (_negative, _odd, half) => half >= 0,
};

/** The number `±magnitude * 2**exponent` (magnitude > 0) rounded into `format`, with OF, UF and NX. */
export function roundPack(
  format: Format,
  negative: boolean,
  magnitude: bigint,
  exponent: number,
  rm: number,
): FloatResult {
  const sign = negative ? format.signBit : 0n;
  const leading = bitLength(magnitude) + exponent - 1;
  const scale = Math.max(leading, format.minExponent);
  const { quotient, inexact } = shiftRounded(
    magnitude,
    scale - format.precision + 1 - exponent,
    negative,
    rm,
  );
  // The quotient's leading bit, when normal, adds the 1 the exponent field lacks; a rounding carry moves on to the next binade.
  const bits = (BigInt(scale - format.minExponent) << format.fractionBits) + quotient;
  if (bits >= format.infinity)
    return { value: sign | overflowed(format, negative, rm), flags: Flag.OF | Flag.NX };
  if (!inexact) return { value: sign | bits, flags: 0 };
  const tiny = leading < format.minExponent && isTiny(format, negative, magnitude, exponent, leading, rm);
  return { value: sign | bits, flags: tiny ? Flag.UF | Flag.NX : Flag.NX };
}

/** Where an overflow goes: to infinity, unless the mode rounds it back to the largest finite number. */
function overflowed(format: Format, negative: boolean, rm: number): bigint {
  const stays = rm === Rounding.towardZero || rm === (negative ? Rounding.up : Rounding.down);
  return stays ? format.infinity - 1n : format.infinity;
}

/** Tininess is detected after rounding: as if the exponent had no lower bound. */
function isTiny(
  format: Format,
  negative: boolean,
  magnitude: bigint,
  exponent: number,
  leading: number,
  rm: number,
): boolean {
  if (leading < format.minExponent - 1) return true;
  const { quotient } = shiftRounded(magnitude, leading - format.precision + 1 - exponent, negative, rm);
  return bitLength(quotient) <= format.precision;
}

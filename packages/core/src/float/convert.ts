import { nanOf } from './arithmetic.ts';
import { exactly, Flag, type FloatResult, type Format, Rounding } from './format.ts';
import { roundPack, shiftRounded } from './round.ts';
import { type Finite, unpack } from './unpack.ts';

/** An integer type of the F and D conversions. */
export interface IntegerType {
  readonly bits: 32 | 64;
  readonly signed: boolean;
}

/** An integer as a register holds it: 32-bit ones sign-extended, signed or not. */
const inRegister = ({ bits }: IntegerType, value: bigint): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(bits, value));

/** Float to integer; out of range saturates and a NaN gives the largest, both invalid (and then never inexact). */
export function toInteger(format: Format, type: IntegerType, a: bigint, rm: number): FloatResult {
  const least = type.signed ? -(1n << BigInt(type.bits - 1)) : 0n;
  const greatest = (1n << BigInt(type.signed ? type.bits - 1 : type.bits)) - 1n;
  const saturated = (value: bigint): FloatResult => ({ value: inRegister(type, value), flags: Flag.NV });
  const datum = unpack(format, a);
  if (datum.kind === 'nan') return saturated(greatest);
  if (datum.kind === 'infinite' || datum.exponent > 64) return saturated(datum.negative ? least : greatest);
  const { integer, inexact } = toIntegral(datum, rm);
  if (integer < least) return saturated(least);
  if (integer > greatest) return saturated(greatest);
  return { value: inRegister(type, integer), flags: inexact ? Flag.NX : 0 };
}

/** The integer a finite number rounds to; numbers with large exponents are the caller's business. */
function toIntegral(datum: Finite, rm: number): { readonly integer: bigint; readonly inexact: boolean } {
  const { quotient, inexact } = shiftRounded(datum.significand, -datum.exponent, datum.negative, rm);
  return { integer: datum.negative ? -quotient : quotient, inexact };
}

/** Integer to float; the operand's low `bits` count. */
export function fromInteger(format: Format, type: IntegerType, a: bigint, rm: number): FloatResult {
  const integer = type.signed ? BigInt.asIntN(type.bits, a) : BigInt.asUintN(type.bits, a);
  if (integer === 0n) return exactly(0n);
  return roundPack(format, integer < 0n, integer < 0n ? -integer : integer, 0, rm);
}

/** From one format to another. */
export function toFormat(from: Format, to: Format, a: bigint, rm: number): FloatResult {
  const datum = unpack(from, a);
  if (datum.kind === 'nan') return { value: to.canonicalNan, flags: datum.signalling ? Flag.NV : 0 };
  const sign = datum.negative ? to.signBit : 0n;
  if (datum.kind === 'infinite') return exactly(sign | to.infinity);
  if (datum.significand === 0n) return exactly(sign);
  return roundPack(to, datum.negative, datum.significand, datum.exponent, rm);
}

/** To an integral number of the same format (Zfa "Round-to-Integer Instructions"); only froundnx reports inexactness. */
export function roundToIntegral(format: Format, reportsInexact: boolean, a: bigint, rm: number): FloatResult {
  const datum = unpack(format, a);
  if (datum.kind === 'nan') return nanOf(format, a);
  if (datum.kind === 'infinite' || datum.exponent >= 0) return exactly(a);
  const { quotient, inexact } = shiftRounded(datum.significand, -datum.exponent, datum.negative, rm);
  const value =
    quotient === 0n
      ? a & format.signBit
      : roundPack(format, datum.negative, quotient, 0, Rounding.towardZero).value;
  return { value, flags: inexact && reportsInexact ? Flag.NX : 0 };
}

/** Zfa "Modular Convert-to-Integer Instruction": the low 32 bits of the truncated number, with fcvt.w.d's flags. */
export function toModularWord(format: Format, a: bigint): FloatResult {
  const word: IntegerType = { bits: 32, signed: true };
  const { flags } = toInteger(format, word, a, Rounding.towardZero);
  const datum = unpack(format, a);
  // Beyond 2**32 times the significand's last bit nothing is left of the low word.
  if (datum.kind !== 'finite' || datum.exponent >= 32) return { value: 0n, flags };
  return { value: inRegister(word, toIntegral(datum, Rounding.towardZero).integer), flags };
}

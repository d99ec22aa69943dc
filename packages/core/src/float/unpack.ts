import type { Format } from './format.ts';

/** A floating-point datum taken apart; a finite one is exactly `significand * 2**exponent`, negated when `negative`. */
export type Unpacked =
  | {
      readonly kind: 'finite';
      readonly negative: boolean;
      readonly exponent: number;
      readonly significand: bigint;
    }
  | { readonly kind: 'infinite'; readonly negative: boolean }
  | { readonly kind: 'nan'; readonly signalling: boolean };

export type NotNan = Exclude<Unpacked, { kind: 'nan' }>;
export type Finite = Extract<Unpacked, { kind: 'finite' }>;

export function unpack(format: Format, bits: bigint): Unpacked {
  const negative = (bits & format.signBit) !== 0n;
  const fraction = bits & format.fractionMask;
  const exponentField = bits & format.infinity;
  if (exponentField === format.infinity) {
    if (fraction === 0n) return { kind: 'infinite', negative };
    return { kind: 'nan', signalling: (fraction & format.quietBit) === 0n };
  }
  const subnormal = exponentField === 0n;
  const field = subnormal ? 1 : Number(exponentField >> format.fractionBits);
  return {
    kind: 'finite',
    negative,
    exponent: field + format.minExponent - format.precision,
    significand: subnormal ? fraction : fraction + format.fractionMask + 1n,
  };
}

export const isNan = (format: Format, bits: bigint): boolean => (bits & ~format.signBit) > format.infinity;

export const isSignalling = (format: Format, bits: bigint): boolean =>
  isNan(format, bits) && (bits & format.quietBit) === 0n;

import type { FloatFormat } from '@trapline/isa';

/** The numbers that make an IEEE 754 binary format. */
export interface Format {
  /** Bits of the pattern. */
  readonly width: number;
  /** Bits of a normal significand, the implicit one included. */
  readonly precision: number;
  /** Exponent of the leading bit of the smallest normal number. */
  readonly minExponent: number;
  /** `precision - 1`, as a shift amount. */
  readonly fractionBits: bigint;
  readonly fractionMask: bigint;
  readonly quietBit: bigint;
  readonly signBit: bigint;
  /** Positive infinity; also the mask of the exponent field. */
  readonly infinity: bigint;
  readonly canonicalNan: bigint;
}

function binaryFormat(width: number, precision: number): Format {
  const fractionBits = BigInt(precision - 1);
  const quietBit = 1n << (fractionBits - 1n);
  const signBit = 1n << BigInt(width - 1);
  const infinity = signBit - (1n << fractionBits);
  const minExponent = 2 - 2 ** (width - precision - 1);
  const fractionMask = (1n << fractionBits) - 1n;
  const canonicalNan = infinity | quietBit;
  return {
    width,
    precision,
    minExponent,
    fractionBits,
    fractionMask,
    quietBit,
    signBit,
    infinity,
    canonicalNan,
  };
}

export const formats: Readonly<Record<FloatFormat, Format>> = {
  s: binaryFormat(32, 24),
  d: binaryFormat(64, 53),
};

/** Accrued exceptions as `fflags` orders them ("Floating-Point Control and Status Register"). */
export const Flag = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const;

/** Rounding modes as `frm` numbers them. */
export const Rounding = { nearestEven: 0, towardZero: 1, down: 2, up: 3, nearestMaxMagnitude: 4 } as const;

/** What an operation gives: a bit pattern, and the `fflags` it accrues. */
export interface FloatResult {
  readonly value: bigint;
  readonly flags: number;
}

export const exactly = (value: bigint): FloatResult => ({ value, flags: 0 });

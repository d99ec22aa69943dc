import type { FloatFormat, FloatOp } from '@trapline/isa';
import { add, div, fma, mul, sqrt, sub } from './arithmetic.ts';
import { classify, eq, le, leq, lt, ltq, max, maxm, min, minm } from './compare.ts';
import {
  fromInteger,
  type IntegerType,
  roundToIntegral,
  toFormat,
  toInteger,
  toModularWord,
} from './convert.ts';
import { type FloatResult, type Format, formats } from './format.ts';

export type { FloatResult } from './format.ts';

/** Unused operands arrive as 0. */
type Operation = (format: Format, rm: number, a: bigint, b: bigint, c: bigint) => FloatResult;

const W: IntegerType = { bits: 32, signed: true };
const Wu: IntegerType = { bits: 32, signed: false };
const L: IntegerType = { bits: 64, signed: true };
const Lu: IntegerType = { bits: 64, signed: false };

const to =
  (type: IntegerType): Operation =>
  (format, rm, a) =>
    toInteger(format, type, a, rm);
const from =
  (type: IntegerType): Operation =>
  (format, rm, a) =>
    fromInteger(format, type, a, rm);
const compared =
  (compare: (format: Format, a: bigint, b: bigint) => FloatResult): Operation =>
  (format, _rm, a, b) =>
    compare(format, a, b);

const operations: Readonly<Record<FloatOp, Operation>> = {
  add: (format, rm, a, b) => add(format, a, b, rm),
  sub: (format, rm, a, b) => sub(format, a, b, rm),
  mul: (format, rm, a, b) => mul(format, a, b, rm),
  div: (format, rm, a, b) => div(format, a, b, rm),
  sqrt: (format, rm, a) => sqrt(format, a, rm),
  fma: (format, rm, a, b, c) => fma(format, a, b, c, rm),
  min: compared(min),
  max: compared(max),
  minm: compared(minm),
  maxm: compared(maxm),
  eq: compared(eq),
  lt: compared(lt),
  le: compared(le),
  ltq: compared(ltq),
  leq: compared(leq),
  class: compared(classify),
  toW: to(W),
  toWu: to(Wu),
  toL: to(L),
  toLu: to(Lu),
  fromW: from(W),
  fromWu: from(Wu),
  fromL: from(L),
  fromLu: from(Lu),
  toS: (format, rm, a) => toFormat(format, formats.s, a, rm),
  toD: (format, rm, a) => toFormat(format, formats.d, a, rm),
  round: (format, rm, a) => roundToIntegral(format, false, a, rm),
  roundnx: (format, rm, a) => roundToIntegral(format, true, a, rm),
  cvtmodw: (format, _rm, a) => toModularWord(format, a),
};

/**
 * One floating-point operation, exactly, as the F, D and Zfa extensions define it.
 *
 * Operands and result are bit patterns: singles as zero-extended 32 bits (already unboxed), integers as unsigned 64-bit
 * register values. `format` is that of the floating-point operands (of the result for `from…`), `rm` a valid
 * rounding mode 0..4, `flags` the fflags to accrue. NaN results are canonical; tininess is detected after rounding.
 */
export function floatOperation(
  name: FloatOp,
  format: FloatFormat,
  args: readonly bigint[],
  rm: number,
): FloatResult {
  return operations[name](formats[format], rm, args[0] ?? 0n, args[1] ?? 0n, args[2] ?? 0n);
}

import type { FloatFormat, FloatOp } from '@trapline/isa';
import type { FunctionBuilder } from '../wasm/module.ts';
import { f32, f64, i32, i64 } from '../wasm/ops.ts';
import {
  after,
  branchIf,
  choose,
  get,
  type Label,
  type Local,
  type Statement,
  set,
  type Term,
  unlikely,
  when,
} from '../wasm/term.ts';
import { bitsOfDouble, doubleOfBits } from './float-bits.ts';
import { doubles, fusedDouble, fusedSingle } from './fused.ts';
import type { I64 } from './integer.ts';

/**
 * Floating-point operations by the host's own arithmetic, where that provably gives the same bits and flags: rounding to
 * nearest even while inexact is already set, no NaN, and a result that is finite and clearly normal (so that neither overflow
 * nor underflow can be due). Everything else branches to `slow` before anything changed.
 */
export interface FloatContext {
  readonly fn: FunctionBuilder;
  readonly slow: Label;
  /** Branches to `slow` unless the instruction rounds to nearest even and fflags already holds NX. */
  requireNearestAndInexact(): readonly Statement[];
  /** The resolved rounding mode: 0..4, or more for a reserved one. */
  roundingMode(): Term<'i32'>;
  /** fflags holds NX. */
  inexact(): Term<'i32'>;
  /** `relaxed_madd` rounds once. */
  readonly fusedMultiplyAdd: boolean;
  /** 0, but not as a constant, which would be made anew at each use. */
  readonly zero?: Term<'f64'> | undefined;
}

type FloatType = 'f32' | 'f64';
type F = Term<FloatType>;

/** What the two formats have in common, so that each operation is written once. */
interface Native {
  readonly type: FloatType;
  readonly ops: Omit<typeof f64, 'const' | 'load' | 'store' | 'promote_f32' | 'reinterpret_i64'>;
  from(bits: I64): F;
  to(value: F): I64;
  /** Whether |value| is finite and at least twice the smallest normal number, from its bits. */
  normal(bits: I64): Term<'i32'>;
  /** Whether value is finite, from its bits. */
  finite(bits: I64): Term<'i32'>;
}

/** Tests of the exponent in the upper 32 bits of a number, that has so many bits: shifted left once, the sign is gone. */
const range = (upper: (bits: I64) => Term<'i32'>, exponentBits: number) => {
  const step = 2 ** (32 - exponentBits);
  const all = 2 ** 32 - step;
  const shifted = (bits: I64): Term<'i32'> => i32.shl(upper(bits), i32.const(1));
  return {
    normal: (bits: I64): Term<'i32'> =>
      i32.lt_u(i32.add(shifted(bits), i32.const(-2 * step)), i32.const(all - 2 * step)),
    finite: (bits: I64): Term<'i32'> => i32.lt_u(shifted(bits), i32.const(all)),
  };
};

const natives: Record<FloatFormat, Native> = {
  d: {
    type: 'f64',
    ops: f64 as unknown as Native['ops'],
    from: doubleOfBits,
    to: (value) => bitsOfDouble(value as Term<'f64'>),
    ...range((bits) => i32.wrap_i64(i64.shr_u(bits, i64.const(32))), 11),
  },
  s: {
    type: 'f32',
    ops: f32 as unknown as Native['ops'],
    from: (bits) => f32.reinterpret_i32(i32.wrap_i64(bits)),
    to: (value) => i64.extend_i32_u(i32.reinterpret_f32(value as Term<'f32'>)),
    ...range(i32.wrap_i64, 8),
  },
};

type FloatTerm = Term<'f64'>;
/** The builders of `Native.ops` are typed for f64 alone; the values are of `native.type`. */
const asF64 = (value: F): FloatTerm => value as FloatTerm;

const unless = (slow: Label, condition: Term<'i32'>): Statement =>
  unlikely(branchIf(slow, i32.eqz(condition)));

/** Evaluates operands into locals of the format's type. */
function operands<R>(
  { fn }: FloatContext,
  native: Native,
  args: readonly I64[],
  use: (load: readonly Statement[], values: readonly (() => FloatTerm)[]) => R,
): R {
  const locals: Local<FloatType>[] = [];
  const place = (at: number): R => {
    if (at === args.length) {
      const load = args.map((arg, n) => set(locals[n]!, native.from(arg)));
      return use(
        load,
        locals.map((local) => () => asF64(get(local))),
      );
    }
    return fn.scratch(native.type, (local) => {
      locals[at] = local;
      return place(at + 1);
    });
  };
  return place(0);
}

type NativeOp = (context: FloatContext, native: Native, args: readonly I64[]) => I64;

type Compute = (native: Native, values: readonly (() => FloatTerm)[]) => FloatTerm;
type Exact = (native: Native, result: () => FloatTerm, values: readonly (() => FloatTerm)[]) => Term<'i32'>;

/** Rounds; results that are not normal need `exact`, a reason why they are exact all the same. */
const rounded = (compute: Compute, exact: Exact): NativeOp =>
  checked(compute, ({ slow }, native, result, values) =>
    unlikely(
      when(i32.eqz(native.normal(native.to(result()))), [unless(slow, exact(native, result, values))]),
    ),
  );

/** Rounds; every result that is finite will do: what is not differs from itself by no number. */
const finite = (compute: Compute): NativeOp =>
  checked(compute, ({ slow, zero }, native, result) => {
    if (!zero || !isDouble(native)) return unless(slow, native.finite(native.to(result())));
    return unless(slow, f64.ge(f64.sub(result(), result()), zero));
  });

function checked(
  compute: Compute,
  check: (
    context: FloatContext,
    native: Native,
    result: () => FloatTerm,
    values: readonly (() => FloatTerm)[],
  ) => Statement,
): NativeOp {
  return (context, native, args) =>
    operands(context, native, args, (load, values) =>
      context.fn.scratch(native.type, (local) => {
        const result = (): FloatTerm => asF64(get(local));
        return after(
          [
            ...context.requireNearestAndInexact(),
            ...load,
            set(local, compute(native, values)),
            check(context, native, result, values),
          ],
          native.to(result()),
        );
      }),
    );
}

/** A zero, of either sign. */
const isZero = (native: Native, value: FloatTerm): Term<'i32'> =>
  native.ops.eq(value, asF64(native.from(i64.const(0))));

/** A zero product or quotient is exact when an operand is the reason. */
const zeroFrom =
  (...which: readonly number[]) =>
  (native: Native, result: () => FloatTerm, values: readonly (() => FloatTerm)[]): Term<'i32'> => {
    const zeros = which.map((n) => isZero(native, values[n]!()));
    const cause = zeros.reduce((a, b) => i32.or(a, b));
    return i32.and(isZero(native, result()), cause);
  };

/** Values of two operands that are not NaN. */
function ordered(compute: (native: Native, a: FloatTerm, b: FloatTerm) => I64): NativeOp {
  return (context, native, args) =>
    operands(context, native, args, (load, values) => {
      const [a, b] = [values[0]!, values[1]!];
      const { ne } = native.ops;
      const unordered = i32.or(ne(a(), a()), ne(b(), b()));
      return after([...load, branchIf(context.slow, unordered)], compute(native, a(), b()));
    });
}

const compared = (name: 'eq' | 'lt' | 'le'): NativeOp =>
  ordered((native, a, b) => i64.extend_i32_u(native.ops[name](a, b)));

interface IntegerRange {
  readonly low: number;
  /** Exclusive. */
  readonly high: number;
  convert(value: FloatTerm): I64;
}

/** To an integer: toward zero or to nearest even, in range, and exact unless inexact is already set. */
function toInteger({ low, high, convert }: IntegerRange): NativeOp {
  return (context, native, args) =>
    context.fn.scratch('f64', (given) =>
      context.fn.scratch('f64', (integral) => {
        const value = native.from(args[0]!);
        const wide = native.type === 'f64' ? asF64(value) : f64.promote_f32(value as Term<'f32'>);
        const inRange = i32.and(
          f64.ge(get(integral), f64.const(low)),
          f64.lt(get(integral), f64.const(high)),
        );
        return after(
          [
            branchIf(context.slow, i32.gt_u(context.roundingMode(), i32.const(1))),
            set(given, wide),
            set(integral, choose(context.roundingMode(), f64.trunc(get(given)), f64.nearest(get(given)))),
            unless(context.slow, inRange),
            unless(context.slow, i32.or(f64.eq(get(given), get(integral)), context.inexact())),
          ],
          convert(get(integral)),
        );
      }),
    );
}

const validRounding = ({ slow, roundingMode }: FloatContext): Statement =>
  branchIf(slow, i32.gt_u(roundingMode(), i32.const(4)));

type FromInteger = (native: Native, a: I64) => F;
const fromInteger =
  (compute: FromInteger, alwaysExact: (native: Native) => boolean): NativeOp =>
  (context, native, [a]) => {
    const gate = alwaysExact(native) ? [validRounding(context)] : context.requireNearestAndInexact();
    return after(gate, native.to(compute(native, a!)));
  };

const isDouble = (native: Native): boolean => native.type === 'f64';
const never = (): boolean => false;

/** A double from a single: exact. NaNs are canonical, and signalling ones raise a flag. */
const promote: NativeOp = (context, native, args) =>
  operands(context, native, args, (load, [a]) =>
    after(
      [validRounding(context), ...load, branchIf(context.slow, native.ops.ne(a!(), a!()))],
      bitsOfDouble(f64.promote_f32(a!() as unknown as Term<'f32'>)),
    ),
  );

const demote: NativeOp = (context, native, args) =>
  operands(context, native, args, (load, [a]) =>
    context.fn.scratch('i64', (result) =>
      after(
        [
          ...context.requireNearestAndInexact(),
          ...load,
          set(result, natives.s.to(f32.demote_f64(a!()))),
          unless(context.slow, i32.or(natives.s.normal(get(result)), isZero(native, a!()))),
        ],
        get(result),
      ),
    ),
  );

/** Loads the operands, as doubles, into locals. */
function asDoubles<R>(
  { fn }: FloatContext,
  native: Native,
  args: readonly I64[],
  use: (load: readonly Statement[], locals: readonly Local<'f64'>[]) => R,
): R {
  const widen = (value: F): FloatTerm =>
    native.type === 'f64' ? asF64(value) : f64.promote_f32(value as Term<'f32'>);
  return doubles(fn, args.length, (...locals) =>
    use(
      args.map((arg, n) => set(locals[n]!, widen(native.from(arg)))),
      locals,
    ),
  );
}

const magnitudeIn = (value: Local<'f64'>, low: number, high: number): Term<'i32'> =>
  i32.and(f64.ge(f64.abs(get(value)), f64.const(low)), f64.le(f64.abs(get(value)), f64.const(high)));

const fmaSingle: NativeOp = (context, native, args) =>
  asDoubles(context, native, args, (load, [a, b, c]) =>
    context.fn.scratch('f64', (exact) =>
      context.fn.scratch('i64', (bits) =>
        after(
          [
            ...context.requireNearestAndInexact(),
            ...load,
            set(exact, fusedSingle(context.fn, a!, b!, c!)),
            set(bits, native.to(f32.demote_f64(get(exact)))),
            // A double holds every product and sum of singles but for rounding: zero there is exact.
            unless(context.slow, i32.or(native.normal(get(bits)), f64.eq(get(exact), f64.const(0)))),
          ],
          get(bits),
        ),
      ),
    ),
  );

/** Where the error-free transformations hold; c may be arbitrarily small. */
const fusedRange = 2 ** 450;

const fmaDouble: NativeOp = (context, native, args) =>
  asDoubles(context, native, args, (load, [a, b, c]) =>
    context.fn.scratch('i64', (bits) => {
      const zero = (local: Local<'f64'>): Term<'i32'> => f64.eq(get(local), f64.const(0));
      const inRange = [
        magnitudeIn(a!, 1 / fusedRange, fusedRange),
        magnitudeIn(b!, 1 / fusedRange, fusedRange),
        f64.le(f64.abs(get(c!)), f64.const(fusedRange)),
      ].reduce((x, y) => i32.and(x, y));
      const whenZero = [
        set(bits, native.to(f64.add(f64.mul(get(a!), get(b!)), get(c!)))),
        unless(context.slow, native.finite(get(bits))),
      ];
      const otherwise = [
        unless(context.slow, inRange),
        set(bits, native.to(fusedDouble(context.fn, a!, b!, c!))),
        unless(context.slow, native.normal(get(bits))),
      ];
      const gate = context.requireNearestAndInexact();
      return after([...gate, ...load, when(i32.or(zero(a!), zero(b!)), whenZero, otherwise)], get(bits));
    }),
  );

/** Sums of this size have no bits small enough to be rounded away to zero: a zero result is one of cancellation. */
const cancels = { f64: 2 ** -900, f32: 2 ** -60 };

/** A zero is exact when there is no product, or an addend of which any difference from the product is a normal number. */
const exactZero = (
  native: Native,
  result: () => FloatTerm,
  [a, b, c]: readonly (() => FloatTerm)[],
): Term<'i32'> => {
  const { ge, abs } = native.ops;
  const least = (native.type === 'f64' ? f64 : f32).const(cancels[native.type]) as FloatTerm;
  const cancelled = ge(abs(c!()), least);
  const reasons = i32.or(i32.or(isZero(native, a!()), isZero(native, b!())), cancelled);
  return i32.and(isZero(native, result()), reasons);
};

const fmaByHost: NativeOp = rounded((n, [a, b, c]) => n.ops.relaxed_madd(a!(), b!(), c!()), exactZero);

const fma: NativeOp = (context, native, args) => {
  const compute = context.fusedMultiplyAdd ? fmaByHost : native.type === 'f64' ? fmaDouble : fmaSingle;
  return compute(context, native, args);
};

const word = (value: FloatTerm): I64 => i64.extend32_s(i64.trunc_f64_s(value));

/** The operations with a native path; the others always take the exact one. */
const nativeOps: Partial<Record<FloatOp, NativeOp>> = {
  // Sums in the subnormal range, zero included, are exact.
  add: finite((n, [a, b]) => n.ops.add(a!(), b!())),
  sub: finite((n, [a, b]) => n.ops.sub(a!(), b!())),
  mul: rounded((n, [a, b]) => n.ops.mul(a!(), b!()), zeroFrom(0, 1)),
  div: rounded((n, [a, b]) => n.ops.div(a!(), b!()), zeroFrom(0)),
  sqrt: rounded((n, [a]) => n.ops.sqrt(a!()), zeroFrom(0)),
  fma,
  min: ordered((native, a, b) => native.to(native.ops.min(a, b))),
  max: ordered((native, a, b) => native.to(native.ops.max(a, b))),
  eq: compared('eq'),
  lt: compared('lt'),
  le: compared('le'),
  ltq: compared('lt'),
  leq: compared('le'),
  toW: toInteger({ low: -(2 ** 31), high: 2 ** 31, convert: word }),
  toWu: toInteger({ low: 0, high: 2 ** 32, convert: word }),
  toL: toInteger({ low: -(2 ** 63), high: 2 ** 63, convert: i64.trunc_f64_s }),
  toLu: toInteger({ low: 0, high: 2 ** 64, convert: i64.trunc_f64_u }),
  fromW: fromInteger((n, a) => (n.ops.convert_i32_s as (a: Term<'i32'>) => F)(i32.wrap_i64(a)), isDouble),
  fromWu: fromInteger((n, a) => (n.ops.convert_i32_u as (a: Term<'i32'>) => F)(i32.wrap_i64(a)), isDouble),
  fromL: fromInteger((n, a) => n.ops.convert_i64_s(a), never),
  fromLu: fromInteger((n, a) => n.ops.convert_i64_u(a), never),
  toD: promote,
  toS: demote,
};

/** Whether `nativeFloat` has a path for the operation. */
export const hasNativeFloat = (name: FloatOp): boolean => name in nativeOps;

/** The operation's result by native arithmetic, or a branch to `context.slow`. */
export function nativeFloat(
  name: FloatOp,
  format: FloatFormat,
  args: readonly I64[],
  context: FloatContext,
): I64 {
  return nativeOps[name]!(context, natives[format], args);
}

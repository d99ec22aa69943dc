import type { BinaryOp, UnaryOp } from '@trapline/isa';
import type { FunctionBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { after, choose, get, type Local, pick, set, type Term, tee } from '../wasm/term.ts';

/** The operations of isa's terms on 64-bit patterns, as WebAssembly. */

export type I64 = Term<'i64'>;
type Condition = Term<'i32'>;

const c = i64.const;
const low32 = 0xffff_ffffn;

/** Evaluates `value` once and lets `use` read it many times. */
export function shared<R>(fn: FunctionBuilder, value: I64, use: (first: I64, again: () => I64) => R): R {
  return fn.scratch('i64', (local) => use(tee(local, value), () => get(local)));
}

/** Evaluates both values first, then `use` reads them at will. */
function both(fn: FunctionBuilder, a: I64, b: I64, use: (a: () => I64, b: () => I64) => I64): I64 {
  return fn.scratch('i64', (first: Local<'i64'>) =>
    fn.scratch('i64', (second: Local<'i64'>) =>
      after(
        [set(first, a), set(second, b)],
        use(
          () => get(first),
          () => get(second),
        ),
      ),
    ),
  );
}

const low = (a: I64): I64 => i64.and(a, c(low32));
const high = (a: I64): I64 => i64.shr_u(a, c(32));

/** The upper half of an unsigned product, by 32-bit pieces. */
function mulhu(fn: FunctionBuilder, a: () => I64, b: () => I64): I64 {
  return fn.scratch('i64', (cross) =>
    fn.scratch('i64', (middle) => {
      const first = set(cross, i64.add(i64.mul(high(a()), low(b())), high(i64.mul(low(a()), low(b())))));
      const second = set(middle, i64.add(i64.mul(low(a()), high(b())), low(get(cross))));
      const carry = i64.add(high(get(cross)), high(get(middle)));
      return after([first, second], i64.add(i64.mul(high(a()), high(b())), carry));
    }),
  );
}

/** `b` where `a` is negative, else 0: what turns an unsigned upper half into a signed one. */
const whereNegative = (a: I64, b: I64): I64 => i64.and(i64.shr_s(a, c(63)), b);

/** The divisor 0 and the overflowing division of M, around an instruction that would trap on them. */
function signedDivision(
  fn: FunctionBuilder,
  [x, y]: readonly [I64, I64],
  divide: (a: I64, b: I64) => I64,
  byZero: (a: I64) => I64,
  byMinusOne: (a: I64) => I64,
): I64 {
  return both(fn, x, y, (a, b) =>
    // -1 and 0 are the two divisors with b + 1 below 2, unsigned.
    choose(
      i64.lt_u(i64.add(b(), c(1)), c(2)),
      pick(i64.eqz(b()), byZero(a()), byMinusOne(a())),
      divide(a(), b()),
    ),
  );
}

function unsignedDivision(
  fn: FunctionBuilder,
  [x, y]: readonly [I64, I64],
  divide: (a: I64, b: I64) => I64,
  byZero: (a: I64) => I64,
): I64 {
  return both(fn, x, y, (a, b) => choose(i64.eqz(b()), byZero(a()), divide(a(), b())));
}

const rotate32 =
  (rotate: typeof i32.rotl) =>
  (_: FunctionBuilder, a: I64, b: I64): I64 =>
    i64.extend_i32_u(rotate(i32.wrap_i64(a), i32.wrap_i64(b)));

/** Comparisons, as conditions. */
export const comparisons = {
  eq: i64.eq,
  ne: i64.ne,
  lt: i64.lt_s,
  ltu: i64.lt_u,
  ge: i64.ge_s,
  geu: i64.ge_u,
} satisfies Partial<Record<BinaryOp, (a: I64, b: I64) => Condition>>;

type Arithmetic = Exclude<BinaryOp, keyof typeof comparisons>;

export const binaryOps: Record<Arithmetic, (fn: FunctionBuilder, a: I64, b: I64) => I64> = {
  add: (_, a, b) => i64.add(a, b),
  sub: (_, a, b) => i64.sub(a, b),
  mul: (_, a, b) => i64.mul(a, b),
  mulhu: (fn, x, y) => both(fn, x, y, (a, b) => mulhu(fn, a, b)),
  mulh: (fn, x, y) =>
    both(fn, x, y, (a, b) =>
      i64.sub(i64.sub(mulhu(fn, a, b), whereNegative(a(), b())), whereNegative(b(), a())),
    ),
  mulhsu: (fn, x, y) => both(fn, x, y, (a, b) => i64.sub(mulhu(fn, a, b), whereNegative(a(), b()))),
  div: (fn, x, y) =>
    signedDivision(
      fn,
      [x, y],
      i64.div_s,
      () => c(-1),
      (a) => i64.sub(c(0), a),
    ),
  rem: (fn, x, y) =>
    signedDivision(
      fn,
      [x, y],
      i64.rem_s,
      (a) => a,
      () => c(0),
    ),
  divu: (fn, x, y) => unsignedDivision(fn, [x, y], i64.div_u, () => c(-1)),
  remu: (fn, x, y) => unsignedDivision(fn, [x, y], i64.rem_u, (a) => a),
  and: (_, a, b) => i64.and(a, b),
  or: (_, a, b) => i64.or(a, b),
  xor: (_, a, b) => i64.xor(a, b),
  shl: (_, a, b) => i64.shl(a, b),
  shr: (_, a, b) => i64.shr_u(a, b),
  sar: (_, a, b) => i64.shr_s(a, b),
  rotl: (_, a, b) => i64.rotl(a, b),
  rotr: (_, a, b) => i64.rotr(a, b),
  rotl32: rotate32(i32.rotl),
  rotr32: rotate32(i32.rotr),
};

/** A count over the low word, as a 64-bit value. */
const count32 =
  (count: (a: Term<'i32'>) => Term<'i32'>) =>
  (_: FunctionBuilder, a: I64): I64 =>
    i64.extend_i32_u(count(i32.wrap_i64(a)));

/** Swaps neighbouring groups of `bits` bits; `mask` selects the lower group of each pair. */
function swapGroups(fn: FunctionBuilder, value: I64, bits: number, mask: bigint): I64 {
  return shared(fn, value, (first, again) => {
    const up = i64.shl(i64.and(first, c(mask)), c(bits));
    return i64.or(up, i64.and(i64.shr_u(again(), c(bits)), c(mask)));
  });
}

const reverseBytes = (fn: FunctionBuilder, a: I64): I64 =>
  i64.rotl(swapGroups(fn, swapGroups(fn, a, 8, 0x00ff_00ff_00ff_00ffn), 16, 0x0000_ffff_0000_ffffn), c(32));

/** Every nonzero byte becomes 255: its bits gather in bit 7 (without carrying on), then bit 7 spreads. */
function orCombine(fn: FunctionBuilder, value: I64): I64 {
  const lowBits = 0x7f7f_7f7f_7f7f_7f7fn;
  return shared(fn, value, (first, again) => {
    const gathered = i64.or(i64.add(i64.and(first, c(lowBits)), c(lowBits)), again());
    const flags = i64.and(i64.shr_u(gathered, c(7)), c(0x0101_0101_0101_0101n));
    return i64.mul(flags, c(255));
  });
}

export const unaryOps: Record<UnaryOp, (fn: FunctionBuilder, a: I64) => I64> = {
  not: (_, a) => i64.xor(a, c(-1)),
  neg: (_, a) => i64.sub(c(0), a),
  sext8: (_, a) => i64.extend8_s(a),
  sext16: (_, a) => i64.extend16_s(a),
  sext32: (_, a) => i64.extend32_s(a),
  zext8: (_, a) => i64.and(a, c(0xff)),
  zext16: (_, a) => i64.and(a, c(0xffff)),
  zext32: (_, a) => i64.extend_i32_u(i32.wrap_i64(a)),
  clz: (_, a) => i64.clz(a),
  clz32: count32(i32.clz),
  ctz: (_, a) => i64.ctz(a),
  ctz32: count32(i32.ctz),
  cpop: (_, a) => i64.popcnt(a),
  cpop32: count32(i32.popcnt),
  rev8: reverseBytes,
  orcb: orCombine,
};

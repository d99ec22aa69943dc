import type { FunctionBuilder } from '../wasm/module.ts';
import { f32, f64, i32, i64 } from '../wasm/ops.ts';
import { after, choose, get, type Local, pick, type Statement, set, type Term, when } from '../wasm/term.ts';

/**
 * a * b + c with one rounding, out of ordinary double arithmetic: error-free transformations and rounding to odd (Boldo and
 * Melquiond, "Emulation of a FMA and Correctly Rounded Sums: Proved Algorithms Using Rounding to Odd", 2008).
 */

type F64 = Term<'f64'>;
type Double = Local<'f64'>;

const add = f64.add;
const sub = f64.sub;
const mul = f64.mul;

/** Runs `body` with so many scratch doubles. */
export function doubles<R>(fn: FunctionBuilder, count: number, body: (...locals: Double[]) => R): R {
  const take = (taken: Double[]): R =>
    taken.length === count ? body(...taken) : fn.scratch('f64', (local) => take([...taken, local]));
  return take([]);
}

/** `sum` = a + b rounded, `error` = what rounding lost, exactly (Knuth). */
function twoSum(
  fn: FunctionBuilder,
  [sum, error]: readonly [Double, Double],
  a: Double,
  b: Double,
): Statement[] {
  return doubles(fn, 1, (part) => [
    set(sum!, add(get(a), get(b))),
    set(part!, sub(get(sum), get(a))),
    set(error, add(sub(get(a), sub(get(sum), get(part!))), sub(get(b), get(part!)))),
  ]);
}

/** Upper 26 and lower 27 bits of a significand (Veltkamp). */
function split(fn: FunctionBuilder, [high, low]: readonly [Double, Double], a: Double): Statement[] {
  return doubles(fn, 1, (scaled) => [
    set(scaled!, mul(get(a), f64.const(2 ** 27 + 1))),
    set(high, sub(get(scaled!), sub(get(scaled!), get(a)))),
    set(low, sub(get(a), get(high))),
  ]);
}

/** `product` = a * b rounded, `error` = what rounding lost, exactly (Dekker); the product must be far from the range's ends. */
function twoProduct(
  fn: FunctionBuilder,
  [product, error]: readonly [Double, Double],
  a: Double,
  b: Double,
): Statement[] {
  return doubles(fn, 4, (ah, al, bh, bl) => {
    const crossed = add(
      add(sub(mul(get(ah!), get(bh!)), get(product)), mul(get(ah!), get(bl!))),
      mul(get(al!), get(bh!)),
    );
    return [
      set(product, mul(get(a), get(b))),
      ...split(fn, [ah!, al!], a),
      ...split(fn, [bh!, bl!], b),
      set(error, add(crossed, mul(get(al!), get(bl!)))),
    ];
  });
}

/** Makes `sum` (with its `error`) the sum rounded to odd: an inexact sum with an even significand moves toward the error. */
function toOdd(fn: FunctionBuilder, sum: Double, error: Double): Statement[] {
  const zero = f64.const(0);
  return fn.scratch('i64', (bits) => {
    const outward = i32.eq(f64.gt(get(error), zero), f64.gt(get(sum), zero));
    const step = pick(outward, i64.const(1), i64.const(-1));
    const even = i64.eqz(i64.and(get(bits), i64.const(1)));
    return [
      set(bits, i64.reinterpret_f64(get(sum))),
      when(i32.and(f64.ne(get(error), zero), even), [
        set(sum, f64.reinterpret_i64(i64.add(get(bits), step))),
      ]),
    ];
  });
}

/** A value's neighbours on both sides, and further from it than half a unit in its last place. */
const outer = (value: F64): F64 => mul(value, f64.const(1 + 2 ** -52));
const inner = (value: F64): F64 => mul(value, f64.const(1 - 2 ** -52));

/** Of doubles whose product, and c, are far from the ends of the range. */
export function fusedDouble(fn: FunctionBuilder, a: Double, b: Double, c: Double): F64 {
  return doubles(fn, 5, (product, lost, sum, rest, result) =>
    after(
      [
        ...twoProduct(fn, [product!, lost!], a, b),
        ...twoSum(fn, [sum!, rest!], product!, c),
        // The exact result is `sum` and, up to half a unit, `rest`: rounding is settled when both neighbours round alike.
        set(rest!, add(get(rest!), get(lost!))),
        set(result!, add(get(sum!), outer(get(rest!)))),
      ],
      choose(
        f64.eq(get(result!), add(get(sum!), inner(get(rest!)))),
        get(result!),
        carefully(fn, product!, lost!, c),
      ),
    ),
  );
}

/** `product + lost + c`, rounded once whatever they are. */
function carefully(fn: FunctionBuilder, product: Double, lost: Double, c: Double): F64 {
  return doubles(fn, 6, (t, tlow, v, vlow, low, lowest) => {
    const parts = [
      ...twoSum(fn, [t!, tlow!], c, lost),
      ...twoSum(fn, [v!, vlow!], product, t!),
      ...twoSum(fn, [low!, lowest!], tlow!, vlow!),
      ...toOdd(fn, low!, lowest!),
    ];
    return after(parts, add(get(v!), get(low!)));
  });
}

/** Of doubles that hold singles: a double that rounds to the right single. */
export function fusedSingle(fn: FunctionBuilder, a: Double, b: Double, c: Double): F64 {
  return doubles(fn, 3, (product, sum, error) => {
    const rounds = (value: F64) => f32.demote_f64(value);
    const settled = f32.eq(rounds(outer(get(sum!))), rounds(inner(get(sum!))));
    const carefully = [...twoSum(fn, [sum!, error!], product!, c), ...toOdd(fn, sum!, error!)];
    return after(
      [
        // Exact: a double holds every product of singles.
        set(product!, mul(get(a), get(b))),
        set(sum!, add(get(product!), get(c))),
        when(i32.eqz(settled), carefully),
      ],
      get(sum!),
    );
  });
}

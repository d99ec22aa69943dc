import type { FunctionBuilder } from '../wasm/module.ts';
import { f64, i32, i64 } from '../wasm/ops.ts';
import { after, get, type Local, pick, type Statement, set, type Term, when } from '../wasm/term.ts';

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

/** Of doubles whose product, and c, are far from the ends of the range. */
export function fusedDouble(fn: FunctionBuilder, a: Double, b: Double, c: Double): F64 {
  return doubles(fn, 4, (u, ulow, t, tlow) =>
    doubles(fn, 2, (v, vlow) => {
      const parts = [
        ...twoProduct(fn, [u!, ulow!], a, b),
        ...twoSum(fn, [t!, tlow!], c, ulow!),
        ...twoSum(fn, [v!, vlow!], u!, t!),
        // The lower parts' sum takes the place of the locals no longer needed.
        ...twoSum(fn, [u!, ulow!], tlow!, vlow!),
        ...toOdd(fn, u!, ulow!),
      ];
      return after(parts, add(get(v!), get(u!)));
    }),
  );
}

/** Of doubles that hold singles: a double rounded to odd, which rounds to the right single. */
export function fusedSingle(fn: FunctionBuilder, a: Double, b: Double, c: Double): F64 {
  return doubles(fn, 3, (product, sum, error) =>
    after(
      [
        set(product!, mul(get(a), get(b))),
        ...twoSum(fn, [sum!, error!], product!, c),
        ...toOdd(fn, sum!, error!),
      ],
      get(sum!),
    ),
  );
}

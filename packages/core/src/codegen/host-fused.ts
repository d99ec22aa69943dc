import { ModuleBuilder } from '../wasm/module.ts';
import { f32, f64 } from '../wasm/ops.ts';
import { get } from '../wasm/term.ts';

let known: boolean | undefined;

/**
 * Whether the host's relaxed multiply-add is there and rounds once. One answer holds for every use: how a relaxed instruction
 * behaves is fixed for an environment (WebAssembly specification, "Relaxed Operations").
 */
export function fusesMultiplyAdd(): boolean {
  known ??= probe();
  return known;
}

function probe(): boolean {
  const module = new ModuleBuilder();
  const double = module.function('double', ['f64', 'f64', 'f64'], 'f64', (_, a, b, c) => [
    f64.relaxed_madd(get(a), get(b), get(c)),
  ]);
  const single = module.function('single', ['f32', 'f32', 'f32'], 'f32', (_, a, b, c) => [
    f32.relaxed_madd(get(a), get(b), get(c)),
  ]);
  module.export('double', 'function', double.index);
  module.export('single', 'function', single.index);
  const bytes = module.encode();
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return roundsOnce(exports.double as MultiplyAdd, 52) && roundsOnce(exports.single as MultiplyAdd, 23);
}

type MultiplyAdd = (a: number, b: number, c: number) => number;

/** (1 + e)(1 + e) - (1 + 2e) is e squared; where the product is rounded first, e squared is lost. */
function roundsOnce(multiplyAdd: MultiplyAdd, fraction: number): boolean {
  const e = 2 ** -(fraction - 3);
  return multiplyAdd(1 + e, 1 + e, -1 - 2 * e) === e * e;
}

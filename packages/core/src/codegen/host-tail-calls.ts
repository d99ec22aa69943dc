import { ModuleBuilder } from '../wasm/module.ts';
import { get, tailCall } from '../wasm/term.ts';

let known: boolean | undefined;

/** Whether the host has WebAssembly's tail calls. */
export function hasTailCalls(): boolean {
  known ??= probe();
  return known;
}

function probe(): boolean {
  const module = new ModuleBuilder();
  const forever = module.declare('forever', ['i32'], 'i32');
  module.define(forever, (_, n) => [tailCall(forever, get(n))]);
  return WebAssembly.validate(module.encode());
}

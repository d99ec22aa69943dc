import { refillParameters } from '../refill/refill.ts';
import type { ModuleBuilder } from '../wasm/module.ts';
import type { FunctionRef } from '../wasm/term.ts';

/**
 * Everything the interpreter module calls, under the module name `trapline`. Those named as `SlowPath`'s functions are these; statuses are
 * `Slow` numbers. The last three are functions of another module: see refill/.
 */
const importTypes = {
  /** (va, bytes, signed) -> status; the value is in `slowResult`. */
  loadSlow: { params: ['i64', 'i32', 'i32'], result: 'i32' },
  /** (va, bytes, value) -> status. */
  storeSlow: { params: ['i64', 'i32', 'i64'], result: 'i32' },
  /** (host offset, bytes): bytes of a watched page change now. */
  storeWatched: { params: ['i32', 'i32'], result: 'void' },
  /** (va, bytes) -> host offset, or -1: a trap. */
  resolveAtomic: { params: ['i64', 'i32'], result: 'i32' },
  loadReserved: { params: ['i64', 'i32'], result: 'i32' },
  storeConditional: { params: ['i64', 'i32', 'i64'], result: 'i32' },
  /** (pc) -> status `trap`: an illegal instruction whose bits are at pc. */
  illegal: { params: ['i64'], result: 'i32' },
  /** (operation, rounding mode, a, b, c) -> the result; accrues flags. */
  float: { params: ['i32', 'i32', 'i64', 'i64', 'i64'], result: 'i64' },
  /** (pc): makes the fetch TLB answer for pc. Gives 0, or 1 + the `Stop` to leave with. */
  fetch: { params: ['i64'], result: 'i32' },
  /** (slot): fills an undecoded slot. */
  decode: { params: ['i32'], result: 'void' },
  /** (slot, pc): decodes the instruction there, which goes on in the next page. 0, or 1 + the `Stop` to leave with. */
  straddle: { params: ['i32', 'i64'], result: 'i32' },
  /** (slot, pc, mode): control reached them often enough to be worth translating. */
  hot: { params: ['i32', 'i64', 'i32'], result: 'void' },
  /** `time` as the guest reads it now. */
  time: { params: [], result: 'i64' },
  /** (hart area, va) -> host offset, or 0: ask the slow path. */
  refillLoad: { params: refillParameters, result: 'i32' },
  refillStore: { params: refillParameters, result: 'i32' },
  refillFetch: { params: refillParameters, result: 'i32' },
} as const;

export const importModule = 'trapline';
export const memoryImport = 'memory';
export type ImportName = keyof typeof importTypes;
export const importNames = Object.keys(importTypes) as readonly ImportName[];

export type SlowImports = {
  readonly [N in ImportName]: FunctionRef<
    (typeof importTypes)[N]['params'],
    (typeof importTypes)[N]['result']
  >;
};

/** The host functions behind the imports. */
// biome-ignore lint/suspicious/noConfusingVoidType: what a function that gives nothing returns
type Value = { i32: number; i64: bigint; void: void };
type Parameters<P extends readonly (keyof Value)[]> = { -readonly [K in keyof P]: Value[P[K]] };
export type HostFunctions = {
  readonly [N in ImportName]: (
    ...args: Parameters<(typeof importTypes)[N]['params']>
  ) => Value[(typeof importTypes)[N]['result']];
};

/** Declares one of the imports. */
export function declareImport<N extends ImportName>(module: ModuleBuilder, name: N): SlowImports[N] {
  const { params, result } = importTypes[name];
  return module.importFunction(importModule, name, params, result) as SlowImports[N];
}

/** Declares the imports. */
export const declareImports = (module: ModuleBuilder): SlowImports =>
  Object.fromEntries(
    importNames.map((name) => [name, declareImport(module, name)]),
  ) as unknown as SlowImports;

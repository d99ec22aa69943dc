import { type CoreMemory, importLimits } from '../memory.ts';
import { type RefillAccess, refillModule } from './refill.ts';

/** Refills as modules of wasm may import them: see `refillParameters`. */
export type Refills = Readonly<Record<RefillAccess, (area: number, va: bigint) => number>>;

const modules = new Map<number | undefined, WebAssembly.Module>();

function moduleFor(sharedPages: number | undefined): WebAssembly.Module {
  const module = modules.get(sharedPages) ?? new WebAssembly.Module(refillModule(importLimits(sharedPages)));
  modules.set(sharedPages, module);
  return module;
}

/** Refills by their access, and those that only look. */
type Exports = Readonly<Record<RefillAccess | `examine.${RefillAccess}`, RefillFunction>>;
type RefillFunction = (area: number, va: bigint) => number;

const instances = new WeakMap<CoreMemory, Exports>();

function exportsOf(memory: CoreMemory): Exports {
  const known = instances.get(memory);
  if (known) return known;
  const module = moduleFor(memory.sharedPages);
  const instance = new WebAssembly.Instance(module, { trapline: { memory: memory.wasm } });
  const made = instance.exports as unknown as Exports;
  instances.set(memory, made);
  return made;
}

/** The refills for harts whose areas are in `memory`. */
export const refillsOf = (memory: CoreMemory): Refills => exportsOf(memory);

/** Walks as a refill does, without touching a TLB: what they find is in the `walked` fields of the area. */
export function examinersOf(memory: CoreMemory): Refills {
  const made = exportsOf(memory);
  return { load: made['examine.load'], store: made['examine.store'], fetch: made['examine.fetch'] };
}

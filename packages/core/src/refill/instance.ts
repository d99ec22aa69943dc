import type { CoreMemory } from '../memory.ts';
import { type RefillAccess, refillModule } from './refill.ts';

/** Refills as modules of wasm may import them: see `refillParameters`. */
export type Refills = Readonly<Record<RefillAccess, (area: number, va: bigint) => number>>;

const modules = new Map<number, WebAssembly.Module>();

function moduleFor(sharedPages: number): WebAssembly.Module {
  const size = { initial: sharedPages, maximum: sharedPages, shared: true };
  const module =
    modules.get(sharedPages) ?? new WebAssembly.Module(refillModule(sharedPages > 0 ? size : { initial: 1 }));
  modules.set(sharedPages, module);
  return module;
}

/** The refills for harts whose areas are in `memory`. */
export function refillsOf(memory: CoreMemory): Refills {
  const shared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
  const module = moduleFor(shared ? memory.bytes / 65536 : 0);
  const { exports } = new WebAssembly.Instance(module, { trapline: { memory: memory.wasm } });
  return exports as unknown as Refills;
}

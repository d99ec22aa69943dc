import { importModule, memoryImport } from '../interpreter/imports.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { type Region, regionCode } from './region-code.ts';

/** A module whose exports `r0`, `r1`, ... are the regions' functions `(hart area) -> Mode`; it imports the memory alone. */
export function regionModule(regions: readonly Region[], sharedPages?: number): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const limits =
    sharedPages === undefined ? { initial: 1 } : { initial: sharedPages, maximum: sharedPages, shared: true };
  module.importMemory(importModule, memoryImport, limits);
  regions.forEach((region, n) => {
    const made = module.function(`r${n}`, ['i32'], 'i32', (fn, base) => regionCode(region, fn, base));
    module.export(`r${n}`, 'function', made.index);
  });
  return module.encode();
}

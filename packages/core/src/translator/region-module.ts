import { importModule, memoryImport } from '../interpreter/imports.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { type Region, regionCode } from './region-code.ts';

export interface RegionModuleOptions {
  /** Set when the memory is shared: its size in 64 KiB pages. */
  readonly sharedPages?: number | undefined;
  /** The host's relaxed multiply-add rounds once, and may be used. */
  readonly fusedMultiplyAdd?: boolean;
}

/** A module whose exports `r0`, `r1`, ... are the regions' functions `(hart area) -> Mode`; it imports the memory alone. */
export function regionModule(
  regions: readonly Region[],
  { sharedPages, fusedMultiplyAdd }: RegionModuleOptions = {},
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const limits =
    sharedPages === undefined ? { initial: 1 } : { initial: sharedPages, maximum: sharedPages, shared: true };
  module.importMemory(importModule, memoryImport, limits);
  regions.forEach((region, n) => {
    const made = module.function(`r${n}`, ['i32'], 'i32', (fn, base) =>
      regionCode(region, fn, base, fusedMultiplyAdd ?? false),
    );
    module.export(`r${n}`, 'function', made.index);
  });
  return module.encode();
}

import { importModule, memoryImport } from '../interpreter/imports.ts';
import { importLimits } from '../memory.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { definePageFinders, knownPagesBytes } from './known-pages.ts';
import { type Region, type RegionOptions, regionCode } from './region-code.ts';

export interface RegionModuleOptions extends Omit<RegionOptions, 'finders'> {
  /** Set when the memory is shared: its size in 64 KiB pages. */
  readonly sharedPages: number | undefined;
}

/** A module whose exports `r0`, `r1`, ... are the regions' functions `(hart area) -> Mode`; it imports the memory alone. */
export function regionModule(
  regions: readonly Region[],
  options: RegionModuleOptions,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const { sharedPages, knownPages } = options;
  const limits = importLimits(sharedPages, knownPages + knownPagesBytes);
  module.importMemory(importModule, memoryImport, limits);
  const finders = definePageFinders(module);
  regions.forEach((region, n) => {
    const made = module.function(`r${n}`, ['i32'], 'i32', (fn, base) =>
      regionCode(region, fn, base, { ...options, finders }),
    );
    module.export(`r${n}`, 'function', made.index);
  });
  return module.encode();
}

import { declareImport, importModule, memoryImport } from '../interpreter/imports.ts';
import { importLimits } from '../memory.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { definePageFinders, knownPagesBytes } from './known-pages.ts';
import { nextExport, nextParameters } from './next-region.ts';
import { type Region, type RegionOptions, regionCode } from './region-code.ts';

export interface RegionModuleOptions extends Pick<RegionOptions, 'fusedMultiplyAdd' | 'knownPages'> {
  /** Set when the memory is shared: its size in 64 KiB pages. */
  readonly sharedPages: number | undefined;
  /** Whether regions call their successors. */
  readonly tailCalls: boolean;
}

/**
 * A module whose exports `r0`, `r1`, ... are the regions' functions `(hart area) -> Mode`. It imports the memory, the refills and, with tail
 * calls, `next`.
 */
export function regionModule(
  regions: readonly Region[],
  { sharedPages, knownPages, fusedMultiplyAdd, tailCalls }: RegionModuleOptions,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const limits = importLimits(sharedPages, knownPages + knownPagesBytes);
  module.importMemory(importModule, memoryImport, limits);
  const load = declareImport(module, 'refillLoad');
  const store = declareImport(module, 'refillStore');
  const next = tailCalls ? module.importFunction(importModule, nextExport, nextParameters, 'i32') : undefined;
  const finders = definePageFinders(module, { loadTlb: load, storeTlb: store });
  regions.forEach((region, n) => {
    const made = module.function(`r${n}`, ['i32'], 'i32', (fn, base) =>
      regionCode(region, fn, base, { fusedMultiplyAdd, knownPages, finders, next }),
    );
    module.export(`r${n}`, 'function', made.index);
  });
  return module.encode();
}

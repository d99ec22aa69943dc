import { hartOffsets } from '../hart-layout.ts';
import { counterOf, importRegions, type RegionPlaces, regionHandler } from '../interpreter/enter-region.ts';
import { tlbIndex } from '../interpreter/hart-access.ts';
import { importModule, memoryImport } from '../interpreter/imports.ts';
import { slotField, slotShift } from '../interpreter/slot.ts';
import { type MemoryLimits, ModuleBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  get,
  giveBack,
  type Statement,
  set,
  type Term,
  tailCallIndirect,
  tee,
  unreachable,
  when,
} from '../wasm/term.ts';

/** Type of `next`: (hart area, `Mode` a region was just left in) -> `Mode` the next one was left in, or if there is none the same. */
export const nextParameters = ['i32', 'i32'] as const;
export const nextExport = 'next';

/**
 * A module with `next`, which goes on where a region was left as the interpreter would, if that is where another one begins: looks for it in the
 * fetch TLB, and counts. What is not plain it leaves to the interpreter, with nothing done. It needs tail calls, and is needed once: a
 * copy of the table for each module of regions would cost more than it gains.
 */
export function nextRegionModule(
  memory: MemoryLimits,
  { heat, threshold }: Pick<RegionPlaces, 'heat' | 'threshold'>,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory(importModule, memoryImport, memory);
  const { table, signature } = importRegions(module);
  const next = module.function(nextExport, nextParameters, 'i32', (fn, base, mode) => {
    const [pc, entry, slot] = [fn.local('i64'), fn.local('i32'), fn.local('i32')];
    const [number, counter, count] = [fn.local('i32'), fn.local('i32'), fn.local('i32')];
    const unless = (condition: Term<'i32'>): Statement => when(i32.eqz(condition), [giveBack(get(mode))]);
    const tag = i64.or(i64.and(get(pc), i64.const(-4096)), i64.load(get(base), hartOffsets.fetchContext));
    const inPage = i32.and(i32.wrap_i64(get(pc)), i32.const(4095));
    return [
      unless(i32.load(get(base), hartOffsets.left)),
      set(pc, i64.load(get(base), hartOffsets.pc)),
      set(entry, i32.add(get(base), tlbIndex(get(pc)))),
      unless(i64.eq(i64.load(get(entry), hartOffsets.fetchTlb), tag)),
      unless(tee(slot, i32.load(get(entry), hartOffsets.fetchTlb + 12))),
      set(slot, i32.add(get(slot), i32.shl(inPage, i32.const(slotShift)))),
      set(number, i32.sub(i32.load16_u(get(slot), slotField.handler), i32.const(regionHandler))),
      unless(i32.ge_s(get(number), i32.const(0))),
      set(counter, counterOf(slot)),
      set(count, i32.add(i32.load16_u(get(counter), heat), i32.const(1))),
      unless(i32.ne(get(count), i32.const(threshold))),
      i32.store16(get(counter), get(count), heat),
      tailCallIndirect(table, signature, get(number), get(base)),
      unreachable,
    ];
  });
  module.export(nextExport, 'function', next.index);
  return module.encode();
}

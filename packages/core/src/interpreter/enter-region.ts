import { Stop } from '../engine.ts';
import type { ModuleBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  branch,
  branchIf,
  call,
  callIndirect,
  type FunctionType,
  get,
  giveBack,
  type Local,
  type Statement,
  set,
  type TableRef,
  type Term,
  when,
} from '../wasm/term.ts';
import { pcOf } from './fast-row.ts';
import { firstRowHandler } from './handlers.ts';
import { load32, load64, store32, store64 } from './hart-access.ts';
import { importModule } from './imports.ts';
import { countOne, handlerAt, type Run, storeHere, storeState } from './run-state.ts';
import { slotShift } from './slot.ts';

/**
 * Where the interpreter meets translated code. The slot a region starts at has a handler number of its own, `regionHandler +
 * n`; the number it replaced is in a table. Targets of jumps are counted, by a hash of their slots.
 */

/** Handler numbers from here on are regions'. */
export const regionHandler = 0x8000;
/** Regions that can exist at a time. */
export const maxRegions = 0x2000;
/** Counters of jump targets, two bytes each. */
export const heatCounters = 0x4000;
/** Of so many ways out of regions by `Mode.apart` the translator is told one. */
export const untoldApart = 64;
export const regionTableImport = 'regions';

/** Byte offsets of the shared tables, and the count that makes a jump target hot (at most 65535). */
export interface RegionPlaces {
  readonly heat: number;
  /** The handler number each region replaced, two bytes each. */
  readonly replaced: number;
  readonly threshold: number;
}

/** What the interpreter does with the instruction at pc; what a region returns. */
export const Mode = {
  plain: 0,
  /** Execute it, or the region that starts there. A jump led there: count it. */
  count: 1,
  /** Execute it, not a region that starts there: less budget is left than the region's first block needs. */
  step: 2,
  /** As `count`, and the indirect jump at `cameFrom` in a region led there. */
  indirect: 3,
  /** Execute it out of line: what the fast path needs is missing. */
  slow: 4,
  /** As `step`: what the region takes for one page is two, or has code in it. Now and then the translator is told. */
  apart: 6,
} as const;

/** The table of regions, and their type: (hart area) -> `Mode`. */
export interface RegionTable {
  readonly table: TableRef;
  readonly signature: FunctionType<readonly ['i32'], 'i32'>;
}

export type RegionSupport = RegionPlaces & RegionTable;

export function importRegions(module: ModuleBuilder): RegionTable {
  const table = module.importTable(importModule, regionTableImport, { initial: maxRegions });
  return { table, signature: module.type(['i32'], 'i32') };
}

/** Where the counter of a slot is, from the first one. */
export const counterOf = (slot: Local<'i32'>): Term<'i32'> =>
  i32.and(i32.shr_u(get(slot), i32.const(slotShift)), i32.const(2 * (heatCounters - 1)));

/** Counts `slot`; `hot` runs when that was the last one missing. */
function count(run: Run, { heat, threshold }: RegionSupport, hot: readonly Statement[]): Statement[] {
  const { index, slot, status } = run;
  return [
    set(index, counterOf(slot)),
    set(status, i32.add(i32.load16_u(get(index), heat), i32.const(1))),
    i32.store16(get(index), get(status), heat),
    when(i32.eq(get(status), i32.const(threshold)), [i32.store16(get(index), i32.const(0), heat), ...hot]),
  ];
}

/** After `lookup`: the handler to run, and whether out of line. */
export function arriving(run: Run, regions: RegionSupport): Statement[] {
  const { hart, mode, number, slot, to } = run;
  const is = (value: number): Term<'i32'> => i32.eq(get(mode), i32.const(value));
  const replaced = i32.load16_u(
    i32.shl(i32.sub(get(number), i32.const(regionHandler)), i32.const(1)),
    regions.replaced,
  );
  const isRow = i32.ge_u(get(number), i32.const(firstRowHandler));
  return [
    set(number, handlerAt(slot)),
    when(get(mode), [
      // The two modes that count are the odd ones.
      when(i32.and(get(mode), i32.const(1)), count(run, regions, [branch(to.hot)]), [
        when(i32.ge_u(get(number), i32.const(regionHandler)), [set(number, replaced)]),
        branchIf(to.slow, i32.and(is(Mode.slow), isRow)),
        when(is(Mode.apart), [
          store32(hart, 'apart', i32.add(load32(hart, 'apart'), i32.const(1))),
          branchIf(to.hot, i32.eqz(i32.rem_u(load32(hart, 'apart'), i32.const(untoldApart)))),
        ]),
      ]),
      set(mode, i32.const(Mode.plain)),
    ]),
  ];
}

/** After a jump within the page that may close a loop: `slot` is the target's. */
export function countNear(run: Run, regions: RegionSupport): Statement[] {
  const { number, slot, target, to } = run;
  return [
    branchIf(to.spent, i32.eqz(countOne(run))),
    ...count(run, regions, [set(target, pcOf(run)), branch(to.hot)]),
    set(number, handlerAt(slot)),
    branch(to.dispatch),
  ];
}

/** Runs the region that starts at `slot`, and goes on where it ended. */
export function runRegion(run: Run, { table, signature }: RegionSupport): Statement[] {
  const { hart, index, left, mode, number, target, to } = run;
  const used = i64.extend_i32_u(i32.sub(get(left), get(index)));
  const entry = i32.sub(get(number), i32.const(regionHandler));
  return [
    ...storeHere(run),
    set(mode, callIndirect(table, signature, entry, i32.const(hart.base))),
    set(index, load32(hart, 'left')),
    store64(hart, 'translated', i64.add(load64(hart, 'translated'), used)),
    set(left, get(index)),
    set(target, load64(hart, 'pc')),
    branchIf(to.again, get(left)),
    giveBack(i32.const(Stop.budget)),
  ];
}

/** The code at `target` became hot. */
export function reportHot(run: Run, _: RegionSupport): Statement[] {
  const { imports, mode, slot, target, to } = run;
  return [
    ...storeState(run),
    call(imports.hot, get(slot), get(target), get(mode)),
    set(mode, i32.const(Mode.plain)),
    branch(to.again),
  ];
}

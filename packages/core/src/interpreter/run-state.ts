import type { PageFault } from '../in-place/system.ts';
import type { ModuleBuilder } from '../wasm/module.ts';
import { i32 } from '../wasm/ops.ts';
import {
  type FunctionRef,
  get,
  type Local,
  label,
  type Statement,
  set,
  type TableRef,
  type Term,
  tee,
} from '../wasm/term.ts';
import type { RegionSupport } from './enter-region.ts';
import { type Loop, pcOf } from './fast-row.ts';
import { store32, store64 } from './hart-access.ts';
import type { SlowImports } from './imports.ts';
import { slotField } from './slot.ts';

/** The locals of `run`. */
export interface RunLocals {
  readonly slot: Local<'i32'>;
  readonly originSlot: Local<'i32'>;
  readonly origin: Local<'i64'>;
  readonly target: Local<'i64'>;
  /** Instructions still to retire. */
  readonly left: Local<'i32'>;
  readonly va: Local<'i64'>;
  readonly index: Local<'i32'>;
  readonly loaded: Local<'i64'>;
  readonly status: Local<'i32'>;
  /** The handler of `slot`; with regions only. */
  readonly number: Local<'i32'>;
  /** What `lookup` is to do besides, a `Mode`; with regions only. */
  readonly mode: Local<'i32'>;
}

/** Where `run` branches to. */
export const labels = () => ({
  again: label('again'),
  lookup: label('lookup'),
  dispatch: label('dispatch'),
  retire: label('retire'),
  counted: label('counted'),
  spent: label('spent'),
  jump: label('jump'),
  slow: label('slow'),
  miss: label('miss'),
  undecoded: label('undecoded'),
  straddling: label('straddling'),
  system: label('system'),
  illegal: label('illegal'),
  region: label('region'),
  hot: label('hot'),
});

/** `run` as its parts are generated. */
export interface Run extends Loop, RunLocals {
  readonly to: ReturnType<typeof labels>;
  readonly imports: SlowImports;
  readonly module: ModuleBuilder;
  readonly slowTable: TableRef;
  /** Executes a system instruction in place if it can. */
  readonly system: FunctionRef<readonly ['i32'], 'i32'>;
  /** Takes the trap of a page fault if it can. */
  readonly pageFault: PageFault;
  readonly regions: RegionSupport | undefined;
}

/** Counts an instruction; what is left then. */
export const countOne = ({ left }: Pick<Run, 'left'>): Term<'i32'> =>
  tee(left, i32.sub(get(left), i32.const(1)));

export const handlerAt = (slot: Local<'i32'>): Term<'i32'> => i32.load16_u(get(slot), slotField.handler);

export const storeState = ({ hart, left, target }: Run): Statement[] => [
  store64(hart, 'pc', get(target)),
  store32(hart, 'left', get(left)),
];

/** State for a host function that works on the instruction at `slot`. */
export const storeHere = (run: Run): Statement[] => [set(run.target, pcOf(run)), ...storeState(run)];

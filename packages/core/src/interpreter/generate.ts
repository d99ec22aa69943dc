import { type Instruction, pageFault as pageFaultCause } from '@trapline/isa';
import { Slow, Stop } from '../engine.ts';
import { hartBytes, hartOffsets } from '../hart-layout.ts';
import { definePageFault, defineSystem, type PageFault } from '../in-place/system.ts';
import { importLimits } from '../memory.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  after,
  block,
  branch,
  branchIf,
  branchTable,
  call,
  callIndirect,
  type FunctionRef,
  get,
  giveBack,
  type Label,
  label,
  loop,
  type Statement,
  set,
  type TableRef,
  type Term,
  tee,
  unreachable,
  when,
} from '../wasm/term.ts';
import {
  arriving,
  countNear,
  importRegions,
  Mode,
  type RegionPlaces,
  reportHot,
  runRegion,
} from './enter-region.ts';
import { fastRow, pcOf } from './fast-row.ts';
import { firstRowHandler, numberOf, rowHandlers, type special } from './handlers.ts';
import { type HartAccess, load32, load64, store32, store64, tlbIndex } from './hart-access.ts';
import { declareImports, importModule, memoryImport, type SlowImports } from './imports.ts';
import { type PairHandler, pairHandlers } from './pairs.ts';
import { countOne, handlerAt, labels, type Run, type RunLocals, storeHere, storeState } from './run-state.ts';
import { slotField, slotShift, straddlingDistance } from './slot.ts';
import { type FloatCall, FloatCalls, hasSlowPath, slowParameters, slowRow } from './slow-row.ts';

/** An interpreter for the hart whose area is at one place of memory. */
export interface Generated {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the numbers of the `float` import mean. */
  readonly floatCalls: readonly FloatCall[];
}

export interface GenerateOptions {
  /** Byte offset of the hart's area: a constant of the module, so that state has constant addresses. */
  readonly base: number;
  /** Set when the memory is shared: its size in 64 KiB pages. */
  readonly sharedPages?: number;
  /** The host's relaxed multiply-add rounds once, and may be used. */
  readonly fusedMultiplyAdd?: boolean;
  /** Set when hot code is to be counted, and regions of translated code entered. */
  readonly regions?: RegionPlaces;
}

/** The wasm module: exports `run() -> Stop`, which starts at the pc in the hart's area with the budget in `left`. */
export function generateInterpreter({
  base,
  sharedPages,
  regions,
  fusedMultiplyAdd = false,
}: GenerateOptions): Generated {
  const module = new ModuleBuilder();
  const hart: HartAccess = { base };
  const imports = declareImports(module);
  module.importMemory(importModule, memoryImport, importLimits(sharedPages, base + hartBytes));
  const support = regions && { ...regions, ...importRegions(module) };
  const floatCalls = new FloatCalls();
  const pageFault = definePageFault(module, hart);
  const slowTable = defineSlowRows(module, { hart, imports, floatCalls, pageFault });
  const system = defineSystem(module, hart, imports);
  const run = module.function('run', [], 'i32', (fn) => {
    const locals: RunLocals = {
      slot: fn.local('i32'),
      originSlot: fn.local('i32'),
      origin: fn.local('i64'),
      target: fn.local('i64'),
      left: fn.local('i32'),
      va: fn.local('i64'),
      index: fn.local('i32'),
      loaded: fn.local('i64'),
      status: fn.local('i32'),
      number: fn.local('i32'),
      mode: fn.local('i32'),
    };
    return runBody({
      ...locals,
      fn,
      fusedMultiplyAdd,
      hart,
      imports,
      to: labels(),
      module,
      slowTable,
      system,
      pageFault,
      regions: support,
    });
  });
  module.export('run', 'function', run.index);
  return { bytes: module.encode(), floatCalls: floatCalls.list };
}

/** A table with every handler's out-of-line function at the handler's number. */
function defineSlowRows(
  module: ModuleBuilder,
  parts: {
    readonly hart: HartAccess;
    readonly imports: SlowImports;
    readonly floatCalls: FloatCalls;
    readonly pageFault: PageFault;
  },
): TableRef {
  const impossible = module.function('impossible', slowParameters, 'i32', () => [unreachable, i32.const(0)]);
  const define = (row: Instruction): FunctionRef =>
    module.function(`slow.${row.name}`, slowParameters, 'i32', (fn, slot, pc, next) =>
      slowRow(row, { ...parts, fn, slot, pc, next, status: fn.local('i32'), loaded: fn.local('i64') }),
    );
  const functions: FunctionRef[] = new Array<FunctionRef>(firstRowHandler).fill(impossible);
  const byRow = new Map<unknown, FunctionRef>();
  for (const { row } of [...rowHandlers, ...pairHandlers.map(({ first }) => first)]) {
    if (!byRow.has(row)) byRow.set(row, hasSlowPath(row) ? define(row) : impossible);
    functions.push(byRow.get(row)!);
  }
  const table = module.table({ initial: functions.length, maximum: functions.length });
  module.elements(table, 0, functions);
  return table;
}

const instructionBits = ({ slot }: Run): Term<'i32'> => i32.load(get(slot), slotField.operand);

/** Nothing in the two inner loops calls: every call is between them and the outer one, so their locals stay in registers. */
function runBody(run: Run): Term[] {
  const { hart, target, left, to } = run;
  const around = (exit: Label, inner: Statement[], outside: Statement[]): Statement[] => [
    block(exit, inner),
    ...outside,
  ];
  let code: Statement[] = [loop(to.lookup, lookupLoop(run))];
  code = around(to.miss, code, afterMiss(run));
  code = around(to.slow, code, outOfLine(run));
  code = around(to.undecoded, code, decodeSlot(run));
  code = around(to.straddling, code, fetchStraddling(run));
  code = around(to.system, code, leaveForSystem(run));
  code = around(to.illegal, code, leaveIllegal(run));
  if (run.regions) {
    code = around(to.region, code, runRegion(run, run.regions));
    code = around(to.hot, code, reportHot(run, run.regions));
  }
  return [
    set(target, load64(hart, 'pc')),
    set(left, load32(hart, 'left')),
    ...(run.regions ? [set(run.mode, i32.const(Mode.count))] : []),
    loop(to.again, code),
    unreachable,
  ];
}

/** Finds the slot of `target`, runs from there, and comes back with the next target. */
function lookupLoop(run: Run): Statement[] {
  const { target, to } = run;
  return [
    block(to.jump, [
      ...lookup(run),
      ...(run.regions ? arriving(run, run.regions) : []),
      block(to.spent, [loop(to.dispatch, dispatchLoop(run))]),
      set(target, pcOf(run)),
      ...leaveAtTarget(run, Stop.budget),
    ]),
    ...(run.regions ? [set(run.mode, i32.const(Mode.count))] : []),
    ...spend(run, to.lookup),
    ...leaveAtTarget(run, Stop.budget),
  ];
}

/** Counts an instruction and goes on while there is budget. */
const spend = (run: Run, on: Label): Statement[] => [branchIf(on, countOne(run))];

/** The fetch TLB's entry for `target`; its spare word is the address of the page's first slot. */
function lookup({ hart, target, index, slot, origin, originSlot, to }: Run): Statement[] {
  const table = hart.base + hartOffsets.fetchTlb;
  const page = i64.and(get(target), i64.const(-4096));
  const wanted = i64.or(get(origin), load64(hart, 'fetchContext'));
  const inPage = i32.and(i32.wrap_i64(get(target)), i32.const(4095));
  return [
    set(index, tlbIndex(get(target))),
    set(origin, page),
    branchIf(to.miss, i64.ne(i64.load(get(index), table), wanted)),
    branchIf(to.miss, i32.eqz(tee(originSlot, i32.load(get(index), table + 12)))),
    set(slot, i32.add(get(originSlot), i32.shl(inPage, i32.const(slotShift)))),
  ];
}

function dispatchLoop(run: Run): Statement[] {
  const { slot, target, to } = run;
  const pageEnd = label('pageEnd');
  const straddling = label('straddling');
  const rows = rowHandlers.map(({ row }) => label(row.name));
  const pairs = pairHandlers.map(() => label('pair'));
  const specials: Record<keyof typeof special, Label> = {
    undecoded: to.undecoded,
    pageEnd,
    illegal: to.illegal,
    system: to.system,
    straddling,
  };
  const number = run.regions ? get(run.number) : handlerAt(slot);
  const beyond = run.regions ? to.region : to.undecoded;
  let code: Statement[] = [branchTable(number, [...Object.values(specials), ...rows, ...pairs], beyond)];
  rowHandlers.forEach((handler, n) => {
    code = [block(rows[n]!, code), ...fastRow(handler, run)];
  });
  pairHandlers.forEach((pair, n) => {
    code = [block(pairs[n]!, code), ...bothRows(pair, run)];
  });
  const ranOff = [block(pageEnd, code), set(target, pcOf(run)), branch(to.lookup)];
  const checked = [block(straddling, ranOff), ...runStraddling(run)];
  if (!run.regions) return [block(to.retire, [block(to.counted, checked)]), ...spend(run, to.dispatch)];
  const backward = [block(to.counted, checked), ...countNear(run, run.regions)];
  return [block(to.retire, backward), set(run.number, handlerAt(slot)), ...spend(run, to.dispatch)];
}

/** Executes an instruction and the one after it. */
function bothRows({ first, second }: PairHandler, run: Run): Statement[] {
  const { to, number, regions } = run;
  const then = label('then');
  return [
    block(then, fastRow(first, { ...run, to: { ...to, retire: then } })),
    branchIf(to.spent, i32.eqz(countOne(run))),
    ...(regions ? [set(number, i32.const(numberOf(second)))] : []),
    ...fastRow(second, run),
  ];
}

/** Puts the place of the instruction's second half, at a page's start, into `va`; whether the TLB does not know it. */
function secondIsMissing(run: Run): Term<'i32'> {
  const { hart, va, index } = run;
  const wanted = i64.or(get(va), load64(hart, 'fetchContext'));
  return after(
    [set(va, i64.add(pcOf(run), i64.const(2))), set(index, tlbIndex(get(va)))],
    i64.ne(i64.load(get(index), hart.base + hartOffsets.fetchTlb), wanted),
  );
}

/** If the second half is still what it was, executes the instruction in the slot after the page's end. */
function runStraddling(run: Run): Statement[] {
  const { hart, slot, origin, originSlot, va, index, number, regions, to } = run;
  const table = hart.base + hartOffsets.fetchTlb;
  const halfword = i32.load16_u(i32.add(i32.load(get(index), table + 8), i32.wrap_i64(get(va))));
  return [
    branchIf(to.straddling, secondIsMissing(run)),
    branchIf(to.straddling, i32.ne(halfword, i32.load(get(slot), slotField.operand))),
    set(origin, i64.sub(get(va), i64.const(2))),
    set(slot, tee(originSlot, i32.add(get(slot), i32.const(straddlingDistance)))),
    ...(regions ? [set(number, handlerAt(slot))] : []),
    branch(to.dispatch),
  ];
}

const leaveAtTarget = (run: Run, reason: number): Statement[] => [
  ...storeState(run),
  giveBack(i32.const(reason)),
];

/** Leaves unless an import's answer is 0; otherwise it is 1 + the reason. */
const leaveUnlessZero = ({ status }: Run, answer: Term<'i32'>): Statement =>
  when(tee(status, answer), [giveBack(i32.sub(get(status), i32.const(1)))]);

const afterMiss = (run: Run): Statement[] => [
  branchIf(run.to.again, call(run.imports.refillFetch, i32.const(run.hart.base), get(run.target))),
  ...storeState(run),
  when(call(run.pageFault, i32.const(pageFaultCause.fetch), get(run.target)), [
    store32(run.hart, 'left', countOne(run)),
    ...goOnInPlace(run),
  ]),
  leaveUnlessZero(run, call(run.imports.fetch, get(run.target))),
  branch(run.to.again),
];

const decodeSlot = (run: Run): Statement[] => [
  ...storeHere(run),
  call(run.imports.decode, get(run.slot)),
  branch(run.to.again),
];

function fetchStraddling(run: Run): Statement[] {
  const { hart, imports, target, slot, va, to } = run;
  const refill = call(imports.refillFetch, i32.const(hart.base), get(va));
  return [
    ...storeHere(run),
    when(secondIsMissing(run), [branchIf(to.again, refill)]),
    leaveUnlessZero(run, call(imports.straddle, get(slot), get(target))),
    branch(to.again),
  ];
}

/** A system instruction was executed, or a page fault taken, without TypeScript: on from where the hart's area says. */
const goOnInPlace = ({ hart, left, mode, regions, target, to }: Run): Statement[] => [
  set(left, load32(hart, 'left')),
  set(target, load64(hart, 'pc')),
  // Often a trap or a return from one: regions may well start there.
  ...(regions ? [set(mode, i32.const(Mode.count))] : []),
  branchIf(to.again, get(left)),
  giveBack(i32.const(Stop.budget)),
];

const leaveForSystem = (run: Run): Statement[] => [
  ...storeHere(run),
  when(call(run.system, get(run.slot)), goOnInPlace(run)),
  store32(run.hart, 'exitWord', instructionBits(run)),
  giveBack(i32.const(Stop.system)),
];

const illegalInstruction = 2;
const leaveIllegal = (run: Run): Statement[] => [
  ...storeHere(run),
  store32(run.hart, 'exitCause', i32.const(illegalInstruction)),
  store64(run.hart, 'exitTval', i64.extend_i32_u(instructionBits(run))),
  giveBack(i32.const(Stop.trap)),
];

/** The whole instruction at `slot` by its out-of-line function, then on from where that says. */
function outOfLine(run: Run): Statement[] {
  const { hart, slot, target, left, status, slowTable, module, regions, mode, to } = run;
  const signature = module.type(slowParameters, 'i32');
  const length = i64.load8_u(get(slot), slotField.length);
  const handler = regions ? get(run.number) : handlerAt(slot);
  const next = i64.add(get(target), length);
  const copy = hart.base + hartOffsets.slotCopy;
  const is = (value: number): Term<'i32'> => i32.eq(get(status), i32.const(value));
  return [
    ...storeHere(run),
    // A store may drop the very slot it is in.
    i64.store(i32.const(0), i64.load(get(slot)), copy),
    i64.store(i32.const(0), i64.load(get(slot), 8), copy + 8),
    set(status, callIndirect(slowTable, signature, handler, i32.const(copy), get(target), next)),
    when(is(Slow.trap), [giveBack(i32.const(Stop.trap))]),
    set(left, i32.sub(get(left), i32.const(1))),
    store32(hart, 'left', get(left)),
    when(i32.or(is(Slow.leave), load32(hart, 'stop')), [giveBack(i32.const(Stop.requested))]),
    set(target, load64(hart, 'pc')),
    ...(regions ? [set(mode, i32.const(Mode.count))] : []),
    branchIf(to.again, get(left)),
    giveBack(i32.const(Stop.budget)),
  ];
}

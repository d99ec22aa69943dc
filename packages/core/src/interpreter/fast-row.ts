import type { Access, Effect, Expr, Instruction } from '@trapline/isa';
import { boxSingle, compileCondition, compileExpr, type Environment } from '../codegen/expression.ts';
import { type FloatContext, hasNativeFloat, nativeFloat } from '../codegen/native-float.ts';
import { floatDirty } from '../hart-layout.ts';
import { floatUse, termsOf } from '../reference/row-facts.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  branch,
  branchIf,
  choose,
  get,
  type Label,
  type Local,
  type Statement,
  set,
  type Term,
  when,
} from '../wasm/term.ts';
import { jumpOf, type RowHandler } from './handlers.ts';
import {
  type HartAccess,
  hostOffset,
  load32,
  loadHost,
  readRegister,
  store32,
  storeHost,
  type Translation,
  translate,
  writeRegister,
} from './hart-access.ts';
import { fcsrOffset, slotBytes, slotField, slotShift } from './slot.ts';

/** The interpreter loop as a handler sees it: its locals and the places it may go. */
export interface Loop extends Translation {
  readonly fn: FunctionBuilder;
  readonly fusedMultiplyAdd: boolean;
  readonly hart: HartAccess;
  readonly slot: Local<'i32'>;
  /** Slot address and pc of one point: `pc = origin + ((slot - originSlot) >>> slotShift)`. */
  readonly origin: Local<'i64'>;
  readonly originSlot: Local<'i32'>;
  /** Where a jump that leaves the page goes. */
  readonly target: Local<'i64'>;
  readonly loaded: Local<'i64'>;
  readonly to: {
    /** The instruction is done, `slot` is the next one's. */
    readonly retire: Label;
    /** The same after a jump that may close a loop. */
    readonly counted: Label;
    /** The instruction is done, `target` is the next one's address. */
    readonly jump: Label;
    /** Nothing is done yet: do the whole instruction out of line. */
    readonly slow: Label;
  };
}

export const pcOf = ({
  slot,
  origin,
  originSlot,
}: Pick<Loop, 'slot' | 'origin' | 'originSlot'>): Term<'i64'> => {
  const distance = i32.shr_u(i32.sub(get(slot), get(originSlot)), i32.const(slotShift));
  return i64.add(get(origin), i64.extend_i32_u(distance));
};

export const fcsr = ({ base }: HartAccess): Term<'i32'> => i32.load(i32.const(0), base + fcsrOffset);

/** The rounding mode of the slot's instruction: its rm field, or frm where that is dynamic. */
export const roundingMode = (hart: HartAccess, slot: Local<'i32'>): Term<'i32'> => {
  const field = (): Term<'i32'> => i32.load8_u(get(slot), slotField.rm);
  const dynamic = i32.and(i32.shr_u(fcsr(hart), i32.const(5)), i32.const(7));
  return choose(i32.eq(field(), i32.const(7)), dynamic, field());
};

const floatContext = ({ fn, hart, slot, to, fusedMultiplyAdd }: Loop): FloatContext => ({
  fn,
  slow: to.slow,
  fusedMultiplyAdd,
  requireNearestAndInexact: () => [
    branchIf(to.slow, i32.ne(i32.and(fcsr(hart), i32.load(get(slot), slotField.operand)), i32.const(1))),
  ],
  roundingMode: () => roundingMode(hart, slot),
  inexact: () => i32.and(fcsr(hart), i32.const(1)),
});

function environment(loop: Loop, length: number): Environment {
  const { fn, hart, slot } = loop;
  const context = floatContext(loop);
  return {
    fn,
    x: (reg) => readRegister(hart, slot, reg),
    f: (reg) => readRegister(hart, slot, reg),
    imm: () => i64.load32_s(get(slot), slotField.operand),
    pc: () => pcOf(loop),
    next: () => i64.add(pcOf(loop), i64.const(length)),
    loaded: () => get(loop.loaded),
    float: (name, format, args) => nativeFloat(name, format, args, context),
  };
}

const usesOnlyNative = (term: Expr): boolean => {
  if (term.op !== 'float') return true;
  return hasNativeFloat(term.name) && term.args.every(usesOnlyNative);
};

const fastPaths = new Map<Instruction, boolean>();

/** Whether the loop has a path of its own for the row. */
export function hasFastPath(row: Instruction): boolean {
  const known = fastPaths.get(row) ?? termsOf(row).every(usesOnlyNative);
  fastPaths.set(row, known);
  return known;
}

type Of<K extends Access['kind']> = Extract<Access, { kind: K }>;
export type LoopAccess = Exclude<Access, { kind: 'compareAndSwap' }>;

/** Where an access was translated to, and what it reads into. */
export interface Translated extends Translation {
  readonly hart: HartAccess;
  readonly loaded: Local<'i64'>;
  readonly to: { readonly slow: Label };
}

/** Goes out of line unless the address just translated is a multiple of `bytes`. */
const aligned = ({ va, to }: Translated, bytes: number): Statement =>
  branchIf(to.slow, i32.and(i32.wrap_i64(get(va)), i32.const(bytes - 1)));

function store({ bytes, value }: Of<'store'>, env: Environment, loop: Translated): Statement[] {
  return [storeHost(hostOffset(loop), bytes, compileExpr(value, env))];
}

function amo({ bytes, next }: Of<'amo'>, env: Environment, loop: Translated): Statement[] {
  const old = set(loop.loaded, loadHost(hostOffset(loop), bytes, true));
  return [aligned(loop, bytes), old, storeHost(hostOffset(loop), bytes, compileExpr(next, env))];
}

function loadReserved({ bytes }: Of<'loadReserved'>, loop: Translated): Statement[] {
  return [
    aligned(loop, bytes),
    store32(loop.hart, 'reservation', hostOffset(loop)),
    store32(loop.hart, 'reservationBytes', i32.const(bytes)),
    set(loop.loaded, loadHost(hostOffset(loop), bytes, true)),
  ];
}

/** Stores when the reservation covers all bytes, and ends it either way. */
function storeConditional(
  { bytes, value }: Of<'storeConditional'>,
  env: Environment,
  loop: Translated,
): Statement[] {
  const { hart } = loop;
  // The distance into the reservation; before its start that is a huge number.
  const into = (): Term<'i64'> =>
    i64.sub(i64.extend_i32_u(hostOffset(loop)), i64.extend_i32_u(load32(hart, 'reservation')));
  const room = i64.extend_i32_s(i32.sub(load32(hart, 'reservationBytes'), i32.const(bytes)));
  const covered = i32.and(i64.ge_s(into(), i64.const(0)), i64.le_s(into(), room));
  return [
    aligned(loop, bytes),
    set(loop.loaded, i64.extend_i32_u(i32.eqz(covered))),
    store32(hart, 'reservationBytes', i32.const(0)),
    when(i64.eqz(get(loop.loaded)), [storeHost(hostOffset(loop), bytes, compileExpr(value, env))]),
  ];
}

/** The access at its host offset. */
export function afterTranslation(access: LoopAccess, env: Environment, loop: Translated): Statement[] {
  switch (access.kind) {
    case 'load':
      return [set(loop.loaded, loadHost(hostOffset(loop), access.bytes, access.signed))];
    case 'store':
      return store(access, env, loop);
    case 'amo':
      return amo(access, env, loop);
    case 'loadReserved':
      return loadReserved(access, loop);
    case 'storeConditional':
      return storeConditional(access, env, loop);
  }
}

function performAccess(access: LoopAccess, env: Environment, loop: Loop): Statement[] {
  const reads = access.kind === 'load' || access.kind === 'loadReserved';
  const where = { tlb: reads ? 'loadTlb' : 'storeTlb', bytes: access.bytes, miss: loop.to.slow } as const;
  return [
    ...translate(loop.hart, loop, compileExpr(access.address, env), where),
    ...afterTranslation(access, env, loop),
  ];
}

function commitValue(effect: Exclude<Effect, { kind: 'jump' }>, env: Environment, loop: Loop): Statement {
  const value = compileExpr(effect.value, env);
  const boxed = effect.kind === 'f' && effect.format === 's' ? boxSingle(value) : value;
  return writeRegister(loop.hart, loop.slot, boxed);
}

const advance = ({ slot }: Loop, distance: Term<'i32'>): Statement => set(slot, i32.add(get(slot), distance));

/** The jump of a row: its target is read before the row's registers are written. */
function jumpParts(
  handler: RowHandler,
  env: Environment,
  loop: Loop,
): { before: Statement[]; go: Statement[] } {
  const jump = jumpOf(handler.row)!;
  if (handler.reach !== 'far') {
    const distance = i32.load(get(loop.slot), slotField.operand);
    const on = handler.reach === 'counted' ? loop.to.counted : loop.to.retire;
    return { before: [], go: [advance(loop, distance), branch(on)] };
  }
  return { before: [set(loop.target, compileExpr(jump.target, env))], go: [branch(loop.to.jump)] };
}

function jumpAndLink(
  handler: RowHandler,
  effects: readonly Effect[],
  env: Environment,
  loop: Loop,
): Statement[] {
  const jump = jumpOf(handler.row)!;
  const { before, go } = jumpParts(handler, env, loop);
  const values = effects
    .filter((effect) => effect.kind !== 'jump')
    .map((effect) => commitValue(effect, env, loop));
  if (jump.when === undefined) return [...before, ...values, ...go];
  if (values.length > 0)
    throw new Error(`${handler.row.name}: a conditional jump that also writes a register`);
  return [when(compileCondition(jump.when, env), [...before, ...go])];
}

/** What a handler of the loop does: it ends by branching to one of `loop.to`. */
export function fastRow(handler: RowHandler, loop: Loop): Statement[] {
  const { row, length } = handler;
  if ('system' in row.semantics) throw new Error(`${row.name} is not the loop's to execute`);
  if (!hasFastPath(row)) return [branch(loop.to.slow)];
  const { access, effects } = row.semantics;
  const env = environment(loop, length);
  const float = floatUse(row);
  const code: Statement[] = [];
  if (float.uses) code.push(branchIf(loop.to.slow, i32.eqz(load32(loop.hart, 'floatState'))));
  if (access) code.push(...performAccess(access as LoopAccess, env, loop));
  if (jumpOf(row)) code.push(...jumpAndLink(handler, effects, env, loop));
  else
    for (const effect of effects)
      code.push(commitValue(effect as Exclude<Effect, { kind: 'jump' }>, env, loop));
  if (float.dirties) code.push(store32(loop.hart, 'floatState', i32.const(floatDirty)));
  return [...code, advance(loop, i32.const((length / 2) * slotBytes)), branch(loop.to.retire)];
}

import { type FloatFormat, type FloatOp, type Instruction, pageFault as pageFaultCause } from '@trapline/isa';
import { boxSingle, compileExpr, type Environment } from '../codegen/expression.ts';
import type { I64 } from '../codegen/integer.ts';
import { Slow } from '../engine.ts';
import { floatDirty } from '../hart-layout.ts';
import type { PageFault } from '../in-place/system.ts';
import { floatUse } from '../reference/row-facts.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  block,
  branch,
  branchIf,
  call,
  get,
  giveBack,
  type Label,
  type Local,
  label,
  type Statement,
  set,
  type Term,
  tee,
  when,
} from '../wasm/term.ts';
import { afterTranslation, type LoopAccess, roundingMode } from './fast-row.ts';
import { isHandled, jumpOf } from './handlers.ts';
import {
  guardedStore,
  type HartAccess,
  load32,
  load64,
  loadHost,
  readRegister,
  store32,
  store64,
  storeHost,
  type Translation,
  writeRegister,
} from './hart-access.ts';
import type { SlowImports } from './imports.ts';
import { slotField } from './slot.ts';

/** Parameters of every out-of-line instruction: its slot, its address and the next one's. It gives a `Slow` status. */
export const slowParameters = ['i32', 'i64', 'i64'] as const;

/** Whether the loop may leave the row to a function of its own: it accesses memory or computes in floating point. */
export function hasSlowPath(row: Instruction): boolean {
  if (!isHandled(row) || 'system' in row.semantics) return false;
  return row.semantics.access !== undefined || floatUse(row).uses;
}

/** All floating-point operations there are code for, by the number the `float` import gets. */
export interface FloatCall {
  readonly name: FloatOp;
  readonly format: FloatFormat;
}

export class FloatCalls {
  readonly list: FloatCall[] = [];

  numberOf(name: FloatOp, format: FloatFormat): number {
    const found = this.list.findIndex((each) => each.name === name && each.format === format);
    return found >= 0 ? found : this.list.push({ name, format }) - 1;
  }
}

interface Scope {
  readonly pageFault: PageFault;
  readonly fn: FunctionBuilder;
  readonly hart: HartAccess;
  readonly imports: SlowImports;
  readonly floatCalls: FloatCalls;
  readonly slot: Local<'i32'>;
  readonly pc: Local<'i64'>;
  readonly next: Local<'i64'>;
  readonly status: Local<'i32'>;
  readonly loaded: Local<'i64'>;
}

function environment({ fn, hart, slot, pc, next, loaded, imports, floatCalls }: Scope): Environment {
  const argument = (value: I64 | undefined): I64 => value ?? i64.const(0);
  return {
    fn,
    x: (reg) => readRegister(hart, slot, reg),
    f: (reg) => readRegister(hart, slot, reg),
    imm: () => i64.load32_s(get(slot), slotField.operand),
    pc: () => get(pc),
    next: () => get(next),
    loaded: () => get(loaded),
    float: (name, format, [a, b, c]) => {
      const operation = i32.const(floatCalls.numberOf(name, format));
      const mode = roundingMode(hart, slot);
      return call(imports.float, operation, mode, argument(a), argument(b), argument(c));
    },
  };
}

/** Leaves with the trap the import described unless `status` says otherwise. */
const leaveOnTrap = (status: Local<'i32'>, value: Term<'i32'>): Statement[] => [
  set(status, value),
  when(i32.eq(get(status), i32.const(Slow.trap)), [giveBack(get(status))]),
];

/** The access by the import that can do it. */
function performSlowly(access: LoopAccess, env: Environment, scope: Scope, va: Local<'i64'>): Statement[] {
  const { fn, hart, imports, status, loaded } = scope;
  const bytes = i32.const(access.bytes);
  const result = set(loaded, load64(hart, 'slowResult'));
  const done = (value: Term<'i32'>): Statement[] => leaveOnTrap(status, value);
  switch (access.kind) {
    case 'load':
      return [...done(call(imports.loadSlow, get(va), bytes, i32.const(Number(access.signed)))), result];
    case 'store':
      return done(call(imports.storeSlow, get(va), bytes, compileExpr(access.value, env)));
    case 'loadReserved':
      return [...done(call(imports.loadReserved, get(va), bytes)), result];
    case 'storeConditional':
      return [
        ...done(call(imports.storeConditional, get(va), bytes, compileExpr(access.value, env))),
        result,
      ];
    case 'amo':
      return fn.scratch('i32', (at) => [
        set(at, call(imports.resolveAtomic, get(va), bytes)),
        when(i32.eq(get(at), i32.const(-1)), [giveBack(i32.const(Slow.trap))]),
        set(loaded, loadHost(get(at), access.bytes, true)),
        storeHost(get(at), access.bytes, compileExpr(access.next, env)),
      ]);
  }
}

/** Puts the host offset of `va` into `index` if no more than a TLB entry was missing, and a refill can make one (or goes to `missed`). */
function refill(
  { hart, imports }: Scope,
  { va, index }: Translation,
  access: LoopAccess,
  { otherwise, missed }: Readonly<Record<'otherwise' | 'missed', Label>>,
): Statement[] {
  const reads = access.kind === 'load' || access.kind === 'loadReserved';
  const entry = call(reads ? imports.refillLoad : imports.refillStore, i32.const(hart.base), get(va));
  const inPage = i32.and(i32.wrap_i64(get(va)), i32.const(4095));
  return [
    ...(access.bytes === 1 ? [] : [branchIf(otherwise, i32.gt_u(inPage, i32.const(4096 - access.bytes)))]),
    branchIf(missed, i32.eqz(tee(index, entry))),
  ];
}

/** The trap of a page fault is taken here if it can be; atomics may be misaligned, which comes first. */
function takePageFault(access: LoopAccess, va: Local<'i64'>, { pageFault }: Scope): Statement[] {
  if (access.kind !== 'load' && access.kind !== 'store') return [];
  const cause = pageFaultCause[access.kind];
  return [when(call(pageFault, i32.const(cause), get(va)), [giveBack(i32.const(Slow.ok))])];
}

/**
 * Beside code first: when the page's code is known and nothing was decoded from the bytes around, memory can change without
 * anyone being told. Then a refill; everything else is an import's.
 */
function performAccess(access: LoopAccess, env: Environment, scope: Scope): Statement[] {
  const { fn, hart, loaded } = scope;
  const [slow, missing, missed, done] = [label('slow'), label('missing'), label('missed'), label('done')];
  return fn.scratch('i64', (va) =>
    fn.scratch('i32', (index) => {
      const place = { hart, va, index, loaded, to: { slow } };
      const access_ = afterTranslation(access, env, place);
      const watched = [call(scope.imports.storeWatched, get(index), i32.const(access.bytes))];
      const beside =
        access.kind === 'store'
          ? [
              block(missing, [
                ...guardedStore(hart, place, access.bytes, { missing, otherwise: slow, watched }),
                ...access_,
                branch(done),
              ]),
            ]
          : [];
      const refilled = [
        ...refill(scope, place, access, { otherwise: slow, missed }),
        ...access_,
        branch(done),
      ];
      return [
        set(va, compileExpr(access.address, env)),
        block(done, [
          block(slow, [block(missed, [...beside, ...refilled]), ...takePageFault(access, va, scope)]),
          ...performSlowly(access, env, scope, va),
        ]),
      ];
    }),
  );
}

/** Illegal while floating point is off or the rounding mode is reserved. */
function legality(row: Instruction, { hart, slot, pc, imports }: Scope): Statement[] {
  const illegal = (condition: Term<'i32'>): Statement =>
    when(condition, [giveBack(call(imports.illegal, get(pc)))]);
  const code: Statement[] = [];
  if (floatUse(row).uses) code.push(illegal(i32.eqz(load32(hart, 'floatState'))));
  if (row.rounding) code.push(illegal(i32.gt_u(roundingMode(hart, slot), i32.const(4))));
  return code;
}

/** The body of a row's out-of-line function: all of the instruction, through calls, or nothing of it and a trap. */
export function slowRow(row: Instruction, scope: Scope): Term[] {
  if ('system' in row.semantics || jumpOf(row)) throw new Error(`${row.name} has no out-of-line form`);
  const { access, effects } = row.semantics;
  const { hart, slot, next, status } = scope;
  const env = environment(scope);
  const code: Statement[] = legality(row, scope);
  if (access) code.push(...performAccess(access as LoopAccess, env, scope));
  for (const effect of effects) {
    if (effect.kind === 'jump') continue;
    const value = compileExpr(effect.value, env);
    const boxed = effect.kind === 'f' && effect.format === 's' ? boxSingle(value) : value;
    code.push(writeRegister(hart, slot, boxed));
  }
  if (floatUse(row).dirties) code.push(store32(hart, 'floatState', i32.const(floatDirty)));
  return [...code, store64(hart, 'pc', get(next)), get(status)];
}

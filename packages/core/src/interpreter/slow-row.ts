import type { Access, FloatFormat, FloatOp, Instruction } from '@trapline/isa';
import { boxSingle, compileExpr, type Environment } from '../codegen/expression.ts';
import type { I64 } from '../codegen/integer.ts';
import { Slow } from '../engine.ts';
import { floatUse } from '../reference/row-facts.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  block,
  branch,
  call,
  get,
  giveBack,
  type Local,
  label,
  type Statement,
  set,
  type Term,
  when,
} from '../wasm/term.ts';
import { roundingMode } from './fast-row.ts';
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

function amo(
  access: Extract<Access, { kind: 'amo' }>,
  address: I64,
  env: Environment,
  scope: Scope,
): Statement[] {
  const { imports, loaded, fn } = scope;
  const { bytes } = access;
  return fn.scratch('i32', (at) => [
    set(at, call(imports.resolveAtomic, address, i32.const(bytes))),
    when(i32.eq(get(at), i32.const(-1)), [giveBack(i32.const(Slow.trap))]),
    set(loaded, loadHost(get(at), bytes, true)),
    storeHost(get(at), bytes, compileExpr(access.next, env)),
  ]);
}

/**
 * A store beside code: when the page's code is known and nothing was decoded from the bytes around, memory can change without
 * anyone being told. Everything else is the import's.
 */
function store(access: Extract<Access, { kind: 'store' }>, env: Environment, scope: Scope): Statement[] {
  const { fn, hart, imports, status } = scope;
  const { bytes } = access;
  const value = (): I64 => compileExpr(access.value, env);
  const address = compileExpr(access.address, env);
  const [beside, done] = [label('beside'), label('done')];
  return fn.scratch('i64', (va) =>
    fn.scratch('i32', (index) => {
      const unguarded = guardedStore(hart, { va, index }, bytes, beside);
      const slowly = leaveOnTrap(status, call(imports.storeSlow, get(va), i32.const(bytes), value()));
      return [
        set(va, address),
        block(done, [
          block(beside, [...unguarded, storeHost(get(index), bytes, value()), branch(done)]),
          ...slowly,
        ]),
      ];
    }),
  );
}

function performAccess(access: Access, env: Environment, scope: Scope): Statement[] {
  const { hart, imports, status, loaded } = scope;
  const address = compileExpr(access.address, env);
  const bytes = i32.const(access.bytes);
  const result = set(loaded, load64(hart, 'slowResult'));
  switch (access.kind) {
    case 'load':
      return [
        ...leaveOnTrap(status, call(imports.loadSlow, address, bytes, i32.const(Number(access.signed)))),
        result,
      ];
    case 'store':
      return store(access, env, scope);
    case 'loadReserved':
      return [...leaveOnTrap(status, call(imports.loadReserved, address, bytes)), result];
    case 'storeConditional': {
      const value = compileExpr(access.value, env);
      return [...leaveOnTrap(status, call(imports.storeConditional, address, bytes, value)), result];
    }
    case 'amo':
      return amo(access, address, env, scope);
    case 'compareAndSwap':
      throw new Error('compare-and-swap rows are left to the reference evaluator');
  }
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
  if (access) code.push(...performAccess(access, env, scope));
  for (const effect of effects) {
    if (effect.kind === 'jump') continue;
    const value = compileExpr(effect.value, env);
    const boxed = effect.kind === 'f' && effect.format === 's' ? boxSingle(value) : value;
    code.push(writeRegister(hart, slot, boxed));
  }
  if (floatUse(row).dirties) code.push(store32(hart, 'floatState', i32.const(3)));
  return [...code, store64(hart, 'pc', get(next)), get(status)];
}

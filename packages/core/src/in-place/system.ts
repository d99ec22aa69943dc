import {
  Cause,
  type Csr,
  type CsrRow,
  Envcfg,
  isReadOnly,
  lowestPrivilege,
  M,
  Mstatus,
  Slot,
  type TrapLevel,
  trapLevels,
  U,
} from '@trapline/isa';
import {
  csrOffset,
  floatDirty,
  type HartField,
  hartOffsets,
  invalidMark,
  notedFills,
  tlbEntries,
  tlbEntryBytes,
} from '../hart-layout.ts';
import {
  type HartAccess,
  load32,
  readRegister,
  store32,
  store64,
  translate,
  writeRegister,
} from '../interpreter/hart-access.ts';
import { slotField } from '../interpreter/slot.ts';
import { largePagesBytes } from '../refill/large-pages.ts';
import type { refillParameters } from '../refill/refill.ts';
import type { FunctionBuilder, ModuleBuilder } from '../wasm/module.ts';
import { i32, i64, memoryFill } from '../wasm/ops.ts';
import {
  block,
  branch,
  branchIf,
  branchTable,
  call,
  choose,
  type FunctionRef,
  get,
  giveBack,
  type Label,
  type Local,
  label,
  loop,
  type Statement,
  set,
  type Term,
  tee,
  when,
} from '../wasm/term.ts';
import { CsrFlag, type InPlaceOperation, kinds, type SpecialCsr } from './kinds.ts';
import { legalized } from './legalized.ts';
import { findPrepared, rulesTerm, usePrepared } from './prepared.ts';
import { defineRecorded } from './records.ts';
import { floatStateOf, has, shownStatus, statusOf } from './status.ts';

/** The locals that taking a trap needs. */
interface TrapLocals {
  readonly bank: Local<'i32'>;
  readonly privilege: Local<'i32'>;
  readonly old: Local<'i64'>;
  readonly value: Local<'i64'>;
  readonly status: Local<'i64'>;
  readonly rules: Local<'i32'>;
  readonly index: Local<'i32'>;
  readonly found: Local<'i32'>;
}

interface TrapScope extends TrapLocals {
  readonly hart: HartAccess;
}

/**
 * System instructions without TypeScript, on the bank the hart's area names: a bare hart's own, or the shadow bank of the virtual hart
 * it executes. Either all of an instruction happens here or nothing: what is not certain to be simple (a trap, an interrupt that
 * may become pending, contexts nobody prepared) leaves, and isa's functions do it.
 */
interface Scope extends TrapScope {
  readonly fn: FunctionBuilder;
  readonly slot: Local<'i32'>;
  readonly refillStore: Refill;
  readonly time: Time;
}

type Refill = FunctionRef<typeof refillParameters, 'i32'>;
type Time = FunctionRef<readonly [], 'i64'>;

const nowhere = i32.const(0);
const leave: Statement = giveBack(i32.const(0));
const leaveIf = (condition: Term<'i32'>): Statement => when(condition, [leave]);
const without = (bits: Term<'i64'>, mask: bigint): Term<'i64'> => i64.and(bits, i64.const(~mask));
const lowestBit = (mask: bigint): bigint => mask & -mask;
const shiftOf = (mask: bigint): number => lowestBit(mask).toString(2).length - 1;

const bankLoad = ({ bank }: TrapScope, slot: number): Term<'i64'> => i64.load(get(bank), csrOffset(slot));
const bankStore = ({ bank }: TrapScope, slot: number, value: Term<'i64'>): Statement =>
  i64.store(get(bank), value, csrOffset(slot));
const bankField = ({ bank }: TrapScope, field: HartField): Term<'i32'> =>
  i32.load(get(bank), hartOffsets[field]);

// Registers of the file

/** How a CSR is read into `old`, and written from `value`. */
interface Register {
  readonly read: readonly Statement[];
  readonly write: readonly Statement[];
}

const plainRegister = (row: Csr, scope: Scope): Register => ({
  read: [set(scope.old, bankLoad(scope, row.slot))],
  write: [
    bankStore(
      scope,
      row.slot,
      legalized(
        row,
        () => get(scope.old),
        () => get(scope.value),
      ),
    ),
  ],
});

const loadStatus = ({ hart, bank, status }: TrapScope): Statement =>
  set(status, statusOf(load32(hart, 'floatState'), bank));

/** Looks for the contexts of `satp` under those rules, or leaves. */
const findContexts = (scope: TrapScope, satp: () => Term<'i64'>, rules: Term<'i32'>): Statement[] => [
  set(scope.rules, rules),
  ...findPrepared(scope.hart, scope, satp, scope.rules),
  leaveIf(i32.eqz(get(scope.found))),
];

function statusRegister(row: CsrRow, scope: Scope): Register {
  const { hart, old, value, status, privilege } = scope;
  const mstatus = row.kind === 'view' ? row.parent : row;
  const mask = row.kind === 'view' ? row.mask : -1n;
  const merged = i64.or(without(get(status), mask), i64.and(get(value), i64.const(mask)));
  const changed = (bits: bigint): Term<'i32'> => has(i64.xor(get(status), get(value)), bits);
  const satp = (): Term<'i64'> => bankLoad(scope, Slot.satp);
  const unmasks = has(get(value), Mstatus.SIE | Mstatus.MIE);
  return {
    read: [loadStatus(scope), set(old, i64.and(shownStatus(status), i64.const(mask)))],
    write: [
      set(value, merged),
      set(
        value,
        legalized(
          mstatus,
          () => get(status),
          () => get(value),
        ),
      ),
      leaveIf(has(i64.or(get(status), get(value)), Mstatus.MPRV)),
      leaveIf(i32.and(unmasks, bankField(scope, 'interruptWaits'))),
      when(changed(Mstatus.SUM | Mstatus.MXR), [
        ...findContexts(scope, satp, rulesTerm(get(privilege), get(value))),
        ...usePrepared(hart, scope.found),
      ]),
      bankStore(scope, Slot.mstatus, get(value)),
      store32(hart, 'floatState', floatStateOf(value)),
    ],
  };
}

/** A write to satp that an unsupported mode does not make, and one that chooses tables not seen lately, are TypeScript's. */
function satpRegister(scope: Scope): Register {
  const { hart, old, value, status, privilege } = scope;
  const trapped = i32.and(i32.eq(get(privilege), i32.const(1)), has(get(status), Mstatus.TVM));
  return {
    read: [loadStatus(scope), leaveIf(trapped), set(old, bankLoad(scope, Slot.satp))],
    write: [
      leaveIf(has(get(status), Mstatus.MPRV)),
      ...findContexts(scope, () => get(value), rulesTerm(get(privilege), get(status))),
      bankStore(scope, Slot.satp, get(value)),
      ...usePrepared(hart, scope.found),
    ],
  };
}

/** fcsr and its parts: engines keep it in the executing hart's own bank. */
function floatRegister(row: CsrRow, scope: Scope): Register {
  const { hart, old, value } = scope;
  const at = hart.base + csrOffset(Slot.fcsr);
  const [parent, shift, mask] =
    row.kind === 'view' ? [row.parent, row.shift, row.mask] : [row, 0, row.writable];
  const stored = (): Term<'i64'> => i64.load(nowhere, at);
  const placed = i64.and(i64.shl(get(value), i64.const(shift)), i64.const(mask & parent.writable));
  return {
    read: [
      leaveIf(i32.eqz(load32(hart, 'floatState'))),
      set(old, i64.shr_u(i64.and(stored(), i64.const(mask)), i64.const(shift))),
    ],
    write: [
      i64.store(nowhere, i64.or(without(stored(), mask), placed), at),
      store32(hart, 'floatState', i32.const(floatDirty)),
    ],
  };
}

/** `time` where the counter enables open it. It changes from one reading to the next: what is recorded of it is TypeScript's. */
function timeRegister(row: CsrRow, scope: Scope): Register {
  const { hart, old, privilege, time } = scope;
  const bit = 1n << BigInt(row.number & 31);
  const closed = (slot: number): Term<'i32'> => i32.eqz(has(bankLoad(scope, slot), bit));
  const closedToUser = i32.and(i32.eq(get(privilege), i32.const(U)), closed(Slot.scounteren));
  const barred = i32.or(closed(Slot.mcounteren), closedToUser);
  return {
    read: [
      leaveIf(load32(hart, 'recording')),
      leaveIf(i32.and(i32.ne(get(privilege), i32.const(M)), barred)),
      set(old, call(time)),
    ],
    write: [leave],
  };
}

const specialRegisters: Record<SpecialCsr, (row: CsrRow, scope: Scope) => Register> = {
  mstatus: statusRegister,
  sstatus: statusRegister,
  satp: (_, scope) => satpRegister(scope),
  fcsr: floatRegister,
  fflags: floatRegister,
  frm: floatRegister,
  time: timeRegister,
};

const flag = ({ slot }: Scope, bit: number): Term<'i32'> =>
  i32.and(i32.load16_u(get(slot), slotField.rs3), i32.const(bit));

function csrInstruction(row: CsrRow, scope: Scope): Statement[] {
  const { hart, slot, old, value, privilege } = scope;
  const make = specialRegisters[row.name as SpecialCsr] as (typeof specialRegisters)[SpecialCsr] | undefined;
  const register = make === undefined ? plainRegister(row as Csr, scope) : make(row, scope);
  const immediate = i64.extend_i32_u(flag(scope, CsrFlag.operand));
  const operand = choose(flag(scope, CsrFlag.immediate), immediate, readRegister(hart, slot, 'rs1'));
  const write = [
    set(value, operand),
    when(flag(scope, CsrFlag.set), [set(value, i64.or(get(old), get(value)))]),
    when(flag(scope, CsrFlag.clear), [set(value, i64.and(get(old), i64.xor(get(value), i64.const(-1))))]),
    ...register.write,
  ];
  return [
    leaveIf(i32.lt_u(get(privilege), i32.const(lowestPrivilege(row.number)))),
    ...register.read,
    when(flag(scope, CsrFlag.writes), isReadOnly(row.number) ? [leave] : write),
    writeRegister(hart, slot, get(old)),
    ...retireTo(scope, nextPc(hart)),
  ];
}

// Everything else

const spendOne = (hart: HartAccess): Statement =>
  store32(hart, 'left', i32.sub(load32(hart, 'left'), i32.const(1)));

const nextPc = ({ base }: HartAccess): Term<'i64'> =>
  i64.add(i64.load(nowhere, base + hartOffsets.pc), i64.const(4));

const retireTo = ({ hart }: Scope, pc: Term<'i64'>): Statement[] => [
  store64(hart, 'pc', pc),
  spendOne(hart),
  giveBack(i32.const(1)),
];

const storePrivilege = ({ bank }: TrapScope, privilege: Term<'i32'>): Statement =>
  i32.store(get(bank), privilege, hartOffsets.privilege);

/** `takeTrap` of an exception that is delegated to S-mode: it masks interrupts, so none becomes due. */
function takeTrap(scope: TrapScope, cause: () => Term<'i64'>, tval: Term<'i64'>): Statement[] {
  const { hart, privilege, status } = scope;
  const level = trapLevels.supervisor;
  const delegated = i32.wrap_i64(i64.and(i64.shr_u(bankLoad(scope, Slot.medeleg), cause()), i64.const(1)));
  const pc = (): Term<'i64'> => i64.load(nowhere, hart.base + hartOffsets.pc);
  const limit = hart.base + hartOffsets.retiredLimit;
  const enabled = choose(has(get(status), level.enable), i64.const(level.previousEnable), i64.const(0));
  const from = i64.mul(i64.extend_i32_u(get(privilege)), i64.const(lowestBit(level.previousPrivilege)));
  const cleared = without(get(status), level.enable | level.previousEnable | level.previousPrivilege);
  return [
    leaveIf(i32.eq(get(privilege), i32.const(M))),
    leaveIf(i32.eqz(delegated)),
    loadStatus(scope),
    leaveIf(has(get(status), Mstatus.MPRV)),
    ...findContexts(
      scope,
      () => bankLoad(scope, Slot.satp),
      rulesTerm(i32.const(level.privilege), get(status)),
    ),
    ...usePrepared(hart, scope.found),
    bankStore(scope, level.epc, pc()),
    bankStore(scope, level.cause, cause()),
    bankStore(scope, level.tval, tval),
    bankStore(scope, Slot.mstatus, i64.or(cleared, i64.or(enabled, from))),
    storePrivilege(scope, i32.const(level.privilege)),
    store64(hart, 'pc', without(bankLoad(scope, level.tvec), 3n)),
    // A trap retires nothing, but takes an instruction's time, which the caller spends.
    i64.store(nowhere, i64.sub(i64.load(nowhere, limit), i64.const(1)), limit),
    store32(hart, 'trapped', i32.add(load32(hart, 'trapped'), i32.const(1))),
  ];
}

function ecall(scope: Scope): Statement[] {
  const cause = (): Term<'i64'> =>
    i64.add(i64.const(Cause.ecallFromU), i64.extend_i32_u(get(scope.privilege)));
  return [...takeTrap(scope, cause, i64.const(0)), spendOne(scope.hart), giveBack(i32.const(1))];
}

/** `returnFromTrap`, while no interrupt waits that it might unmask. */
function trapReturn(level: TrapLevel, barred: (scope: Scope) => Term<'i32'>, scope: Scope): Statement[] {
  const { hart, value, status, rules } = scope;
  const previous = i64.and(get(status), i64.const(level.previousPrivilege));
  const to = (): Term<'i32'> => i32.and(get(rules), i32.const(3));
  const privilege = i32.wrap_i64(i64.shr_u(previous, i64.const(shiftOf(level.previousPrivilege))));
  const enabled = choose(has(get(status), level.previousEnable), i64.const(level.enable), i64.const(0));
  const cleared = without(get(status), level.enable | level.previousPrivilege);
  return [
    loadStatus(scope),
    leaveIf(barred(scope)),
    leaveIf(has(get(status), Mstatus.MPRV)),
    leaveIf(bankField(scope, 'interruptWaits')),
    ...findContexts(scope, () => bankLoad(scope, Slot.satp), rulesTerm(privilege, get(status))),
    ...usePrepared(hart, scope.found),
    set(value, i64.or(cleared, i64.or(enabled, i64.const(level.previousEnable)))),
    bankStore(scope, Slot.mstatus, get(value)),
    storePrivilege(scope, to()),
    ...retireTo(scope, bankLoad(scope, level.epc)),
  ];
}

const below = ({ privilege }: Scope, needed: number): Term<'i32'> =>
  i32.lt_u(get(privilege), i32.const(needed));

/** Whether S-mode is barred by that switch of machine mode. */
const barredBy =
  (bit: bigint) =>
  (scope: Scope): Term<'i32'> =>
    i32.or(
      i32.eq(get(scope.privilege), i32.const(U)),
      i32.and(i32.ne(get(scope.privilege), i32.const(M)), has(get(scope.status), bit)),
    );

/** Empties the TLBs: the entries that are noted, or all. */
function emptyTlbs({ hart, index, found }: Scope): Statement[] {
  const [next, done] = [label('next'), label('done')];
  const tlbs = i32.const(hart.base + hartOffsets.loadTlb);
  const large = i32.const(hart.base + hartOffsets.largePages);
  const noted = i32.load(i32.shl(get(index), i32.const(2)), hart.base + hartOffsets.filled);
  return [
    set(index, load32(hart, 'fills')),
    store32(hart, 'fills', i32.const(0)),
    when(
      i32.gt_u(get(index), i32.const(notedFills)),
      [
        memoryFill(tlbs, i32.const(0), i32.const(3 * tlbEntries * tlbEntryBytes)),
        memoryFill(large, i32.const(0), i32.const(largePagesBytes)),
      ],
      [
        block(done, [
          loop(next, [
            branchIf(done, i32.eqz(get(index))),
            set(index, i32.sub(get(index), i32.const(1))),
            set(found, noted),
            i64.store(get(found), i64.const(0)),
            branch(next),
          ]),
        ]),
      ],
    ),
  ];
}

/**
 * Shadow tables are coherent with the guest's: a virtual hart's fence only has to be remembered. A bare hart's fence of all addresses
 * empties the TLBs, whatever the ASID; one of a single address is TypeScript's.
 */
function fence(scope: Scope): Statement[] {
  const { hart, bank, slot } = scope;
  const one = i32.ne(i32.load16_u(get(slot), slotField.rs1), i32.const(hartOffsets.x));
  const bare = i32.eq(get(bank), i32.const(hart.base));
  return [
    loadStatus(scope),
    leaveIf(barredBy(Mstatus.TVM)(scope)),
    when(bare, [leaveIf(one), ...emptyTlbs(scope)], [store32(hart, 'fenced', i32.const(1))]),
    ...retireTo(scope, nextPc(hart)),
  ];
}

const zeroedBytes = 64;

/** cbo.zero of a page that the store TLB knows or a refill finds, where the environment fields switch it on. */
function zeroBlock(scope: Scope): Statement[] {
  const { hart, slot, privilege, value, index } = scope;
  const switchedOn = (register: number): Term<'i32'> => has(bankLoad(scope, register), Envcfg.CBZE);
  const forUser = i32.or(get(privilege), switchedOn(Slot.senvcfg));
  const on = i32.and(switchedOn(Slot.menvcfg), i32.ne(forUser, i32.const(0)));
  const [found, miss] = [label('found'), label('miss')];
  const start = i64.and(readRegister(hart, slot, 'rs1'), i64.const(-zeroedBytes));
  const words = Array.from({ length: zeroedBytes / 8 }, (_, n) => i64.store(get(index), i64.const(0), 8 * n));
  return [
    leaveIf(i32.eqz(i32.or(i32.eq(get(privilege), i32.const(M)), on))),
    block(found, [
      block(miss, [
        ...translate(hart, { va: value, index }, start, { tlb: 'storeTlb', bytes: 8, miss }),
        branch(found),
      ]),
      branchIf(found, tee(index, call(scope.refillStore, i32.const(hart.base), get(value)))),
      store64(hart, 'invalid', i64.const(0)),
      leave,
    ]),
    ...words,
    ...retireTo(scope, nextPc(hart)),
  ];
}

const operations: Record<InPlaceOperation, (scope: Scope) => Statement[]> = {
  ecall,
  sret: (scope) => trapReturn(trapLevels.supervisor, barredBy(Mstatus.TSR), scope),
  mret: (scope) => trapReturn(trapLevels.machine, (s) => below(s, M), scope),
  'sfence.vma': fence,
  'sinval.vma': fence,
  // Code is coherent with stores.
  'fence.i': (scope) => retireTo(scope, nextPc(scope.hart)),
  'cbo.zero': zeroBlock,
};

/** One block for each kind, each of which ends by returning. */
function dispatch(scope: Scope): Statement[] {
  const none = label('none');
  const labels: Label[] = kinds.map(({ name }) => label(name));
  const number = i32.load8_u(get(scope.slot), slotField.rm);
  let code: Statement[] = [branchTable(number, [none, ...labels], none)];
  kinds.forEach((kind, n) => {
    const body = kind.csr
      ? csrInstruction(kind.csr, scope)
      : operations[kind.name as InPlaceOperation](scope);
    code = [block(labels[n]!, code), ...body];
  });
  return [block(none, code)];
}

/** Finds the bank, and leaves when there is none or instructions of one of those kinds are not executed in place. */
function findBank({ hart, bank, privilege }: TrapScope, kind: Term<'i64'>): Statement[] {
  const barred = i64.shr_u(i64.load(nowhere, hart.base + hartOffsets.intercepted), kind);
  return [
    set(bank, load32(hart, 'bank')),
    leaveIf(i32.eqz(get(bank))),
    leaveIf(i32.wrap_i64(i64.and(barred, i64.const(1)))),
    set(privilege, i32.load(get(bank), hartOffsets.privilege)),
  ];
}

/**
 * Defines the function (slot) -> 1 when the system instruction of the slot was executed: pc, `left` and everything else in the hart's area
 * are the next instruction's; or 0: nothing happened. pc and `left` are in the area on entry.
 */
export function defineSystem(
  module: ModuleBuilder,
  hart: HartAccess,
  { refillStore, time }: { readonly refillStore: Refill; readonly time: Time },
): FunctionRef<readonly ['i32'], 'i32'> {
  const perform = module.function('perform', ['i32'], 'i32', (fn, slot) => {
    const scope: Scope = { fn, hart, slot, refillStore, time, ...trapLocals(fn) };
    const kind = i64.load8_u(get(slot), slotField.rm);
    return [...findBank(scope, kind), ...dispatch(scope), i32.const(0)];
  });
  return defineRecorded(module, hart, perform);
}

const trapLocals = (fn: FunctionBuilder): TrapLocals => ({
  bank: fn.local('i32'),
  privilege: fn.local('i32'),
  old: fn.local('i64'),
  value: fn.local('i64'),
  status: fn.local('i64'),
  rules: fn.local('i32'),
  index: fn.local('i32'),
  found: fn.local('i32'),
});

const ecallKind = i64.const(kinds.findIndex(({ name }) => name === 'ecall') + 1);

/** Type of what `definePageFault` defines. */
const pageFaultParameters = ['i32', 'i64'] as const;
export type PageFault = FunctionRef<typeof pageFaultParameters, 'i32'>;

/**
 * Defines the function (cause, address) -> 1 when an access to the address, which a refill has just given up, was a page fault and the trap was
 * taken, in the time of an instruction that the caller is to spend; or 0: nothing happened. pc is in the area on entry. Who wants to see traps
 * that are delivered has ecall leave, and so has page faults leave.
 */
export function definePageFault(module: ModuleBuilder, hart: HartAccess): PageFault {
  return module.function('pageFault', pageFaultParameters, 'i32', (fn, cause, va) => {
    const scope = { hart, ...trapLocals(fn) };
    const fault = (): Term<'i64'> => i64.load(nowhere, hart.base + hartOffsets.fault);
    return [
      // 0 is none, though one address gives it.
      leaveIf(i64.eqz(fault())),
      leaveIf(i64.ne(fault(), i64.xor(get(va), i64.const(invalidMark)))),
      leaveIf(load32(hart, 'recording')),
      ...findBank(scope, ecallKind),
      ...takeTrap(scope, () => i64.extend_i32_u(get(cause)), get(va)),
      // `Mmu` does not see the access.
      store64(hart, 'invalid', i64.const(0)),
      i32.const(1),
    ];
  });
}

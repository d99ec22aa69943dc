/** The system instructions: Zicsr, "Machine-Mode Privileged Instructions", "Supervisor Instructions", Svinval, CMO. */
import { modifyBase, readCsr, writeCsr } from '../csr/access.ts';
import { Envcfg, Mstatus, Slot } from '../csr/table.ts';
import type { Decoded, Instruction } from '../instruction.ts';
import { baseInstructions } from '../instructions/table.ts';
import type { SystemOp } from '../semantics.ts';
import { Cause, exception } from './cause.ts';
import { M, type Outcome, type Privilege, type PrivilegedState, S, Touched, U } from './state.ts';
import { returnFromTrap } from './trap.ts';

/** Where the instruction is, and its source registers' values (unsigned 64-bit). */
export interface SystemOperands {
  readonly pc: bigint;
  readonly rs1: bigint;
  readonly rs2: bigint;
}

type Execute = (state: PrivilegedState, decoded: Decoded, operands: SystemOperands) => Outcome;
type Maybe = Outcome | undefined;

const retire = (rd: bigint | undefined = undefined, touched = 0): Outcome => ({
  kind: 'retire',
  rd,
  touched,
});

/** The illegal-instruction exception: its trap value is the instruction's own 16 or 32 bits. */
export const illegal = (decoded: Pick<Decoded, 'word'>): Outcome => ({
  kind: 'trap',
  trap: exception(Cause.illegalInstruction, BigInt(decoded.word >>> 0)),
});

const has = (state: PrivilegedState, status: bigint): boolean =>
  (state.csrs.get(Slot.mstatus) & status) !== 0n;

/** What a Zicsr instruction does with its operand. */
export interface CsrAccess {
  readonly combine: 'write' | 'set' | 'clear';
  /** The operand is the instruction's own five bits. */
  readonly immediate: boolean;
}

const combined = { w: 'write', s: 'set', c: 'clear' } as const;

/** Zicsr by the row's name: csrr, a letter for what is done with the operand, and perhaps i. */
const csrAccesses: readonly (CsrAccess | undefined)[] = baseInstructions.map(({ name, semantics }) => {
  if (!('system' in semantics) || semantics.system !== 'csr') return undefined;
  const letter = name.charAt(4) as keyof typeof combined;
  return { combine: combined[letter], immediate: name.endsWith('i') };
});

/** How a Zicsr row accesses its CSR; undefined for other rows. */
export const csrAccessOf = (row: Instruction): CsrAccess | undefined => csrAccesses[row.index];

/** csrrs and csrrc of x0 or 0 do not write. */
export const writesCsr = ({ combine, immediate }: CsrAccess, decoded: Decoded): boolean =>
  combine === 'write' || (immediate ? decoded.imm : decoded.rs1) !== 0;

/** csrrw to x0 does not read. */
export const readsCsr = ({ combine }: CsrAccess, decoded: Decoded): boolean =>
  combine !== 'write' || decoded.rd !== 0;

const newValue = (combine: CsrAccess['combine'], old: bigint, operand: bigint): bigint => {
  if (combine === 'write') return operand;
  return combine === 'set' ? old | operand : old & ~operand;
};

const accessCsr: Execute = (state, decoded, operands) => {
  const how = csrAccesses[decoded.row.index]!;
  const reads = readsCsr(how, decoded);
  const old = reads ? readCsr(state, decoded.csr) : undefined;
  if (reads && old === undefined) return illegal(decoded);
  if (!writesCsr(how, decoded)) return retire(old);
  const operand = how.immediate ? BigInt(decoded.imm & 31) : operands.rs1;
  const base = old === undefined ? 0n : modifyBase(state, decoded.csr, old);
  const touched = writeCsr(state, decoded.csr, newValue(how.combine, base, operand));
  return touched === undefined ? illegal(decoded) : retire(old, touched);
};

const ecallCause: Record<Privilege, Cause> = {
  0: Cause.ecallFromU,
  1: Cause.ecallFromS,
  3: Cause.ecallFromM,
};

const jump = (state: PrivilegedState, from: typeof S | typeof M): Outcome => ({
  kind: 'jump',
  target: returnFromTrap(state, from),
  touched: Touched.translation | Touched.interrupts,
});

const mret = (state: PrivilegedState): Maybe => (state.privilege === M ? jump(state, M) : undefined);

const sret = (state: PrivilegedState): Maybe =>
  state.privilege === M || (state.privilege === S && !has(state, Mstatus.TSR)) ? jump(state, S) : undefined;

const wfi = (state: PrivilegedState): Maybe =>
  state.privilege === M || (state.privilege === S && !has(state, Mstatus.TW)) ? { kind: 'wait' } : undefined;

const fence = (state: PrivilegedState, decoded: Decoded, { rs1, rs2 }: SystemOperands): Maybe => {
  if (state.privilege === U || (state.privilege === S && has(state, Mstatus.TVM))) return undefined;
  const va = decoded.rs1 === 0 ? undefined : rs1;
  const asid = decoded.rs2 === 0 ? undefined : Number(rs2 & 0xffffn);
  return { kind: 'fence', va, asid };
};

/** sfence.w.inval and sfence.inval.ir order what is always in order here. */
const orderingFence = (state: PrivilegedState): Maybe => (state.privilege === U ? undefined : retire());

/** The bits of an environment field that every switch between this privilege and M-mode sets. */
function environment(state: PrivilegedState, mask: bigint): bigint {
  if (state.privilege === M) return mask;
  const machine = state.csrs.get(Slot.menvcfg) & mask;
  return state.privilege === S ? machine : machine & state.csrs.get(Slot.senvcfg);
}

const cacheBlock =
  (operation: 'zero' | 'clean' | 'flush', enable: bigint) =>
  (state: PrivilegedState, _decoded: Decoded, { rs1 }: SystemOperands): Maybe =>
    environment(state, enable) === 0n ? undefined : { kind: 'cacheBlock', operation, address: rs1 };

/** CBIE: 0 is illegal, 1 makes it a flush, 3 an invalidation; the weakest of the fields that apply decides. */
const invalidate = (state: PrivilegedState, _decoded: Decoded, { rs1 }: SystemOperands): Maybe => {
  const allowed = environment(state, Envcfg.CBIE);
  if (allowed === 0n) return undefined;
  return { kind: 'cacheBlock', operation: allowed === Envcfg.CBIE ? 'inval' : 'flush', address: rs1 };
};

/** Undefined: the instruction is illegal here. */
type Executor = (state: PrivilegedState, decoded: Decoded, operands: SystemOperands) => Maybe;

const table: Record<SystemOp, Executor> = {
  csr: accessCsr,
  ecall: (state) => ({ kind: 'trap', trap: exception(ecallCause[state.privilege]) }),
  ebreak: (_state, _decoded, { pc }) => ({ kind: 'trap', trap: exception(Cause.breakpoint, pc) }),
  mret,
  sret,
  wfi,
  'fence.i': () => ({ kind: 'fenceI' }),
  'sfence.vma': fence,
  'sinval.vma': fence,
  'sfence.w.inval': orderingFence,
  'sfence.inval.ir': orderingFence,
  'cbo.zero': cacheBlock('zero', Envcfg.CBZE),
  'cbo.clean': cacheBlock('clean', Envcfg.CBCFE),
  'cbo.flush': cacheBlock('flush', Envcfg.CBCFE),
  'cbo.inval': invalidate,
};

/** The table by the rows' own numbers. */
const executors: readonly (Executor | undefined)[] = baseInstructions.map(({ semantics }) =>
  'system' in semantics ? table[semantics.system] : undefined,
);

/** Executes a system instruction (a row whose semantics is `{system}`) on the state; memory accesses are left to the caller. */
export const executeSystem: Execute = (state, decoded, operands) => {
  const execute = executors[decoded.row.index];
  if (execute === undefined) throw new Error(`${decoded.row.name} is not a system instruction`);
  return execute(state, decoded, operands) ?? illegal(decoded);
};

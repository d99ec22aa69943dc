/** The system instructions: Zicsr, "Machine-Mode Privileged Instructions", "Supervisor Instructions", Svinval, CMO. */
import { modifyBase, readCsr, writeCsr } from '../csr/access.ts';
import { Envcfg, Mstatus, Slot } from '../csr/table.ts';
import type { Decoded } from '../instruction.ts';
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

// Zicsr. The last letter says what is done with the operand; csrrs and csrrc of x0 or 0 do not write, csrrw to x0 does not read.
const combine = {
  w: (_old: bigint, operand: bigint) => operand,
  s: (old: bigint, operand: bigint) => old | operand,
  c: (old: bigint, operand: bigint) => old & ~operand,
} as const;

const accessCsr: Execute = (state, decoded, operands) => {
  const name = decoded.row.name;
  const immediate = name.endsWith('i');
  const how = name.charAt(4) as keyof typeof combine;
  const writes = how === 'w' || (immediate ? decoded.imm : decoded.rs1) !== 0;
  const reads = how !== 'w' || decoded.rd !== 0;
  const old = reads ? readCsr(state, decoded.csr) : undefined;
  if (reads && old === undefined) return illegal(decoded);
  if (!writes) return retire(old);
  const operand = immediate ? BigInt(decoded.imm & 31) : operands.rs1;
  const base = old === undefined ? 0n : modifyBase(state, decoded.csr, old);
  const touched = writeCsr(state, decoded.csr, combine[how](base, operand));
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
const table: Record<SystemOp, (s: PrivilegedState, d: Decoded, o: SystemOperands) => Maybe> = {
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

/** Executes a system instruction (a row whose semantics is `{system}`) on the state; memory accesses are left to the caller. */
export const executeSystem: Execute = (state, decoded, operands) => {
  const { semantics } = decoded.row;
  if (!('system' in semantics)) throw new Error(`${decoded.row.name} is not a system instruction`);
  return table[semantics.system](state, decoded, operands) ?? illegal(decoded);
};

/**
 * Reading and writing CSRs: the table's rules, plus what lies outside it: derived bits, locks, and what a write touches. All of a
 * row's rules are looked up once, when this module loads.
 */
import { mip as pendingBits, softwarePending } from '../privileged/interrupts.ts';
import { pmpAddressLocked } from '../privileged/pmp.ts';
import { type PrivilegedState, Touched } from '../privileged/state.ts';
import { readCycle, readInstret, writeCycle, writeInhibit, writeInstret } from './counters.ts';
import { type Csr, type CsrRow, legalize, type View } from './fields.ts';
import { type Gate, gateOf, isReadOnly, lowestPrivilege } from './permission.ts';
import {
  csrSlots,
  csrTable,
  Envcfg,
  fcsr,
  Mip,
  Mstatus,
  mcountinhibit,
  mip,
  mstatus,
  pmpaddr,
  pmpcfg,
  pmpEntries,
  Slot,
  sie,
  sip,
} from './table.ts';

type Read = (state: PrivilegedState) => bigint;
/** Writes and gives the Touched bits. */
type Write = (state: PrivilegedState, value: bigint) => number;

const stored = (state: PrivilegedState, row: Csr): bigint =>
  row.slot < 0 ? row.constant : state.csrs.get(row.slot);

/** SD says that some state is dirty; FS is the only kind here. */
const withDirtySummary = (value: bigint): bigint =>
  (value & Mstatus.FS) === Mstatus.FS ? value | Mstatus.SD : value;

const reads: Readonly<Record<string, Read>> = {
  mstatus: (s) => withDirtySummary(stored(s, mstatus)),
  mip: pendingBits,
  mcycle: readCycle,
  minstret: readInstret,
  cycle: readCycle,
  instret: readInstret,
  time: (s) => s.time(),
};

const delegated = (state: PrivilegedState, row: View): bigint => state.csrs.get(Slot.mideleg) & row.mask;

/** What a view shows of its parent now: interrupts that are not delegated read as zero in sie and sip. */
const visible = (row: View): ((state: PrivilegedState) => bigint) =>
  row === sie || row === sip ? (state) => delegated(state, row) : () => row.mask;

function reader(row: CsrRow): Read {
  if (row.kind === 'csr') return reads[row.name] ?? ((state) => stored(state, row));
  const [parent, shows, shift] = [reader(row.parent), visible(row), BigInt(row.shift)];
  return (state) => (parent(state) & shows(state)) >> shift;
}

const flags = (changed: bigint, mask: bigint, touched: number): number =>
  (changed & mask) !== 0n ? touched : 0;

const { translation, interrupts, float, pmp } = Touched;
const mstatusTranslation = Mstatus.MPRV | Mstatus.MPP | Mstatus.SUM | Mstatus.MXR;

/** What a change of a stored CSR touches: given the bits that changed. */
const touches: Readonly<Record<string, (changed: bigint) => number>> = {
  mstatus: (changed) =>
    flags(changed, mstatusTranslation, translation) |
    flags(changed, Mstatus.MIE | Mstatus.SIE, interrupts) |
    flags(changed, Mstatus.FS, float),
  menvcfg: (changed) =>
    flags(changed, Envcfg.ADUE | Envcfg.PBMTE, translation) | flags(changed, Envcfg.STCE, interrupts),
  satp: () => translation,
  mie: () => interrupts,
  mip: () => interrupts,
  mideleg: () => interrupts,
  stimecmp: () => interrupts,
  fcsr: () => float,
};

const touchesOfSlot: readonly (((changed: bigint) => number) | undefined)[] = (() => {
  const table = new Array<((changed: bigint) => number) | undefined>(csrSlots).fill(undefined);
  for (const row of csrTable) if (row.kind === 'csr' && row.slot >= 0) table[row.slot] = touches[row.name];
  return table;
})();

function store(state: PrivilegedState, row: Csr, value: bigint): number {
  if (row.slot < 0) return 0;
  const old = state.csrs.get(row.slot);
  const legal = legalize(row, old, value);
  state.csrs.set(row.slot, legal);
  return touchesOfSlot[row.slot]?.(old ^ legal) ?? 0;
}

const fsDirty = (state: PrivilegedState): void =>
  state.csrs.set(Slot.mstatus, state.csrs.get(Slot.mstatus) | Mstatus.FS);

/** With Sstc on, STIP comes from stimecmp and the bit software wrote before stays as it was. */
const writePending: Write = (state, value) => {
  const kept = (state.csrs.get(Slot.menvcfg) & Envcfg.STCE) !== 0n ? Mip.STI : 0n;
  return store(state, mip, (value & ~kept) | (state.csrs.get(Slot.mip) & kept));
};

/** A write that touches nothing anybody caches. */
const quietly =
  (effect: (state: PrivilegedState, value: bigint) => void): Write =>
  (state, value) => {
    effect(state, value);
    return 0;
  };

const writePmpConfig = (row: Csr): [string, Write] => [row.name, (s, value) => store(s, row, value) | pmp];

const writePmpAddress = (row: Csr, entry: number): [string, Write] => [
  row.name,
  (s, value) => (pmpAddressLocked(s.csrs, entry) ? 0 : store(s, row, value) | pmp),
];

const writes: Readonly<Record<string, Write>> = {
  mip: writePending,
  fcsr: (state, value) => {
    fsDirty(state);
    return store(state, fcsr, value);
  },
  mcycle: quietly(writeCycle),
  minstret: quietly(writeInstret),
  mcountinhibit: quietly((s, value) => writeInhibit(s, legalize(mcountinhibit, 0n, value))),
  ...Object.fromEntries(pmpcfg.map(writePmpConfig)),
  ...Object.fromEntries(pmpaddr.slice(0, pmpEntries).map(writePmpAddress)),
};

function writer(row: CsrRow): Write {
  if (row.kind === 'csr') return writes[row.name] ?? ((state, value) => store(state, row, value));
  const [parent, shows, shift] = [writer(row.parent), visible(row), BigInt(row.shift)];
  // Of sip only SSIP can be written ("Supervisor Interrupt Registers").
  const through = row === sip ? Mip.SSI : row.mask;
  return (state, value) => {
    const mask = shows(state) & through;
    return parent(state, (stored(state, row.parent) & ~mask) | ((value << shift) & mask));
  };
}

/** All there is to know to access one CSR. */
interface Accessor {
  readonly lowest: number;
  readonly readOnly: boolean;
  readonly gate: Gate | undefined;
  readonly read: Read;
  readonly write: Write;
}

const accessor = (row: CsrRow): Accessor => ({
  lowest: lowestPrivilege(row.number),
  readOnly: isReadOnly(row.number),
  gate: gateOf(row),
  read: reader(row),
  write: writer(row),
});

const accessors: readonly (Accessor | undefined)[] = (() => {
  const table = new Array<Accessor | undefined>(4096).fill(undefined);
  for (const row of csrTable) table[row.number] = accessor(row);
  return table;
})();

/** The CSR if an instruction at the current privilege may read it. */
function permitted(state: PrivilegedState, number: number): Accessor | undefined {
  const found = accessors[number];
  if (found === undefined || state.privilege < found.lowest) return undefined;
  return found.gate === undefined || found.gate(state, number) ? found : undefined;
}

/** The value an instruction at the current privilege reads from CSR `number`; undefined: illegal instruction. */
export function readCsr(state: PrivilegedState, number: number): bigint | undefined {
  return permitted(state, number)?.read(state);
}

/** Writes as an instruction at the current privilege does: the Touched bits, or undefined: illegal instruction. */
export function writeCsr(state: PrivilegedState, number: number, value: bigint): number | undefined {
  const found = permitted(state, number);
  return found === undefined || found.readOnly ? undefined : found.write(state, BigInt.asUintN(64, value));
}

/** A debugger's read: what M-mode would see, whatever the privilege; undefined when there is no such CSR. */
export function peekCsr(state: PrivilegedState, number: number): bigint | undefined {
  return accessors[number]?.read(state);
}

/**
 * What csrrs and csrrc modify, given what they read: of mip it is the bits software wrote, so that an external interrupt
 * seen in SEIP does not become one that software raised.
 */
export const modifyBase = (state: PrivilegedState, number: number, old: bigint): bigint =>
  number === mip.number ? softwarePending(state) : old;

/**
 * Whether an access to the CSR is nothing but its fields' rules on its slot, once the privilege and the number's own bits allow it: no
 * switch guards it, a read adds nothing and a write touches nothing anybody caches.
 */
export const isPlainCsr = (row: CsrRow): row is Csr =>
  row.kind === 'csr' &&
  row.slot >= 0 &&
  row.together === undefined &&
  gateOf(row) === undefined &&
  [reads, writes, touches].every((rules) => rules[row.name] === undefined);

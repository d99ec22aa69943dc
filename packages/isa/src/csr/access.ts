/** Reading and writing CSRs: the table's rules, plus what lies outside it: derived bits, locks, and what a write touches. */
import { mip as pendingBits, softwarePending } from '../privileged/interrupts.ts';
import { pmpAddressLocked } from '../privileged/pmp.ts';
import { type PrivilegedState, Touched } from '../privileged/state.ts';
import { readCycle, readInstret, writeCycle, writeInhibit, writeInstret } from './counters.ts';
import { type Csr, type CsrRow, legalize, type View } from './fields.ts';
import { permits } from './permission.ts';
import {
  csrByNumber,
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
const visible = (state: PrivilegedState, row: View): bigint =>
  row === sie || row === sip ? delegated(state, row) : row.mask;

function read(state: PrivilegedState, row: CsrRow): bigint {
  if (row.kind === 'view') return (read(state, row.parent) & visible(state, row)) >> BigInt(row.shift);
  const derive = reads[row.name];
  return derive ? derive(state) : stored(state, row);
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

function store(state: PrivilegedState, row: Csr, value: bigint): number {
  if (row.slot < 0) return 0;
  const old = state.csrs.get(row.slot);
  const legal = legalize(row, old, value);
  state.csrs.set(row.slot, legal);
  return touches[row.name]?.(old ^ legal) ?? 0;
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

/** Of sip only SSIP can be written ("Supervisor Interrupt Registers"). */
const writableThrough = (state: PrivilegedState, row: View): bigint =>
  row === sip ? visible(state, row) & Mip.SSI : visible(state, row);

function write(state: PrivilegedState, row: CsrRow, value: bigint): number {
  if (row.kind === 'csr') return (writes[row.name] ?? ((s, v) => store(s, row, v)))(state, value);
  const mask = writableThrough(state, row);
  const merged = (stored(state, row.parent) & ~mask) | ((value << BigInt(row.shift)) & mask);
  return write(state, row.parent, merged);
}

/** The value an instruction at the current privilege reads from CSR `number`; undefined: illegal instruction. */
export function readCsr(state: PrivilegedState, number: number): bigint | undefined {
  const row = csrByNumber(number);
  return row && permits(state, row, false) ? read(state, row) : undefined;
}

/** Writes as an instruction at the current privilege does: the Touched bits, or undefined: illegal instruction. */
export function writeCsr(state: PrivilegedState, number: number, value: bigint): number | undefined {
  const row = csrByNumber(number);
  return row && permits(state, row, true) ? write(state, row, BigInt.asUintN(64, value)) : undefined;
}

/** A debugger's read: what M-mode would see, whatever the privilege; undefined when there is no such CSR. */
export function peekCsr(state: PrivilegedState, number: number): bigint | undefined {
  const row = csrByNumber(number);
  return row && read(state, row);
}

/**
 * What csrrs and csrrc modify, given what they read: of mip it is the bits software wrote, so that an external interrupt
 * seen in SEIP does not become one that software raised.
 */
export const modifyBase = (state: PrivilegedState, number: number, old: bigint): bigint =>
  number === mip.number ? softwarePending(state) : old;

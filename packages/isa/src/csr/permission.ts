/** Who may access which CSR: the number's own bits, and the switches machine and supervisor mode hold. */
import { M, type PrivilegedState, S, U } from '../privileged/state.ts';
import type { CsrRow } from './fields.ts';
import { Envcfg, Mstatus, Slot } from './table.ts';

/** A switch that machine or supervisor mode holds; whether it is open now. */
export type Gate = (state: PrivilegedState, number: number) => boolean;

/** "CSR Address Mapping Conventions": bits 9:8 are the lowest privilege that may access it, 11:10 = 3 is read-only. */
export const lowestPrivilege = (number: number): number => (number >> 8) & 3;
export const isReadOnly = (number: number): boolean => number >> 10 === 3;

const floatOn: Gate = (state) => (state.csrs.get(Slot.mstatus) & Mstatus.FS) !== 0n;

/** mcounteren opens a counter to S-mode; U-mode needs scounteren as well. */
const counterOpen: Gate = ({ csrs, privilege }, number) => {
  if (privilege === M) return true;
  const bit = 1n << BigInt(number & 31);
  if ((csrs.get(Slot.mcounteren) & bit) === 0n) return false;
  return privilege !== U || (csrs.get(Slot.scounteren) & bit) !== 0n;
};

const timeBit = 1;
const supervisorTimerOpen: Gate = (state) =>
  state.privilege === M ||
  ((state.csrs.get(Slot.menvcfg) & Envcfg.STCE) !== 0n &&
    (state.csrs.get(Slot.mcounteren) >> BigInt(timeBit)) % 2n === 1n);

const translationNotTrapped: Gate = ({ csrs, privilege }) =>
  privilege !== S || (csrs.get(Slot.mstatus) & Mstatus.TVM) === 0n;

const named: Readonly<Record<string, Gate>> = {
  fflags: floatOn,
  frm: floatOn,
  fcsr: floatOn,
  stimecmp: supervisorTimerOpen,
  satp: translationNotTrapped,
};

const isUserCounter = (number: number): boolean => number >> 5 === 0xc00 >> 5;

/** The switch in front of a CSR, if there is one. */
export const gateOf = (row: CsrRow): Gate | undefined =>
  isUserCounter(row.number) ? counterOpen : named[row.name];

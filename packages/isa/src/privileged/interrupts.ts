/** Which interrupts are pending, and which is taken: "Machine Interrupt Registers", "Supervisor Interrupt Registers". */
import { Envcfg, Mip, Mstatus, Slot } from '../csr/table.ts';
import { interruptPriority } from './cause.ts';
import { type CsrFile, M, type PrivilegedState, S, type Trap, U } from './state.ts';

const wired = Mip.MSI | Mip.MTI | Mip.SEI | Mip.MEI;

const hasSupervisorTimer = (file: CsrFile): boolean => (file.get(Slot.menvcfg) & Envcfg.STCE) !== 0n;

/** `stimecmp` when it drives STIP (Sstc enabled in menvcfg): STIP is pending from that tick on. */
export const supervisorTimerDeadline = (file: CsrFile): bigint | undefined =>
  hasSupervisorTimer(file) ? file.get(Slot.stimecmp) : undefined;

const fromTimer = (state: PrivilegedState, deadline: bigint): bigint =>
  state.time() >= deadline ? Mip.STI : 0n;

/** mip's bits without the wires: what software wrote, and STIP from stimecmp when Sstc drives it. */
export function softwarePending(state: PrivilegedState): bigint {
  const written = state.csrs.get(Slot.mip);
  const deadline = supervisorTimerDeadline(state.csrs);
  return deadline === undefined ? written : (written & ~Mip.STI) | fromTimer(state, deadline);
}

/** mip as a read gives it. */
export const mip = (state: PrivilegedState): bigint => softwarePending(state) | (state.lines() & wired);

/** Whether a hart waiting in wfi goes on: an interrupt enabled in mie is pending, whatever mstatus and mideleg say. */
export function wakes(state: PrivilegedState): boolean {
  const enabled = state.csrs.get(Slot.mie);
  return enabled !== 0n && (mip(state) & enabled) !== 0n;
}

/** The interrupt to take before the next instruction, or undefined. */
export function pendingInterrupt(state: PrivilegedState): Trap | undefined {
  const { csrs, privilege } = state;
  const enabled = csrs.get(Slot.mie);
  if (enabled === 0n) return undefined;
  const pending = mip(state) & enabled;
  if (pending === 0n) return undefined;
  const status = csrs.get(Slot.mstatus);
  const delegated = csrs.get(Slot.mideleg);
  const machine = pending & ~delegated;
  if (machine !== 0n && (privilege !== M || (status & Mstatus.MIE) !== 0n)) return first(machine);
  const supervisor = pending & delegated;
  const open = privilege === U || (privilege === S && (status & Mstatus.SIE) !== 0n);
  return open && supervisor !== 0n ? first(supervisor) : undefined;
}

function first(pending: bigint): Trap | undefined {
  const bits = Number(pending);
  const cause = interruptPriority.find((code) => (bits >> code) & 1);
  return cause === undefined ? undefined : { interrupt: true, cause, tval: 0n };
}

/** Trap entry and return: "Privilege and Global Interrupt-Enable Stack in mstatus", "Trap-Return Instructions". */
import { Mstatus, Slot } from '../csr/table.ts';
import { M, type Privilege, type PrivilegedState, S, type Trap, U } from './state.ts';

/** The privilege that handles the trap: S-mode when it is delegated and does not come from M-mode, else M-mode. */
export function trapTarget(state: PrivilegedState, trap: Trap): Privilege {
  if (state.privilege === M) return M;
  const delegation = state.csrs.get(trap.interrupt ? Slot.mideleg : Slot.medeleg);
  return (delegation >> BigInt(trap.cause)) & 1n ? S : M;
}

/** The CSRs (by slot) and status fields of one trap-handling privilege. */
export interface TrapLevel {
  readonly privilege: Privilege;
  readonly epc: number;
  readonly cause: number;
  readonly tval: number;
  readonly tvec: number;
  readonly enable: bigint;
  readonly previousEnable: bigint;
  readonly previousPrivilege: bigint;
  readonly previousPrivilegeLow: bigint;
}

const lowBit = (mask: bigint): bigint => mask & -mask;

const machine: TrapLevel = {
  privilege: M,
  epc: Slot.mepc,
  cause: Slot.mcause,
  tval: Slot.mtval,
  tvec: Slot.mtvec,
  enable: Mstatus.MIE,
  previousEnable: Mstatus.MPIE,
  previousPrivilege: Mstatus.MPP,
  previousPrivilegeLow: lowBit(Mstatus.MPP),
};

const supervisor: TrapLevel = {
  privilege: S,
  epc: Slot.sepc,
  cause: Slot.scause,
  tval: Slot.stval,
  tvec: Slot.stvec,
  enable: Mstatus.SIE,
  previousEnable: Mstatus.SPIE,
  previousPrivilege: Mstatus.SPP,
  previousPrivilegeLow: lowBit(Mstatus.SPP),
};

/** Both, for engines that enter and leave handlers themselves. */
export const trapLevels = { machine, supervisor } as const;

const interruptBit = 1n << 63n;

/** Takes the trap at `pc` (the trapping instruction, or the next one for an interrupt): new state, and the handler's address. */
export function takeTrap(state: PrivilegedState, pc: bigint, trap: Trap): bigint {
  const level = trapTarget(state, trap) === M ? machine : supervisor;
  const { csrs } = state;
  const code = BigInt(trap.cause);
  csrs.set(level.epc, pc);
  csrs.set(level.cause, trap.interrupt ? interruptBit | code : code);
  csrs.set(level.tval, trap.tval);
  csrs.set(Slot.mstatus, statusOnEntry(csrs.get(Slot.mstatus), level, state.privilege));
  state.privilege = level.privilege;
  return handler(csrs.get(level.tvec), trap.interrupt, code);
}

function statusOnEntry(status: bigint, level: TrapLevel, from: Privilege): bigint {
  const cleared = status & ~(level.enable | level.previousEnable | level.previousPrivilege);
  const wasEnabled = (status & level.enable) !== 0n ? level.previousEnable : 0n;
  return cleared | wasEnabled | (BigInt(from) * level.previousPrivilegeLow);
}

/** Vectored mode sends interrupts to base + 4 * cause; exceptions always go to the base. */
function handler(tvec: bigint, interrupt: boolean, code: bigint): bigint {
  const base = tvec & ~3n;
  const vectored = (tvec & 1n) === 1n && interrupt;
  return vectored ? BigInt.asUintN(64, base + 4n * code) : base;
}

/** Leaves a trap handler as mret (M) or sret (S) does, without checking that it may: the address to go on at. */
export function returnFromTrap(state: PrivilegedState, from: typeof S | typeof M): bigint {
  const level = from === M ? machine : supervisor;
  const { csrs } = state;
  const status = csrs.get(Slot.mstatus);
  state.privilege = previousPrivilege(status, level);
  csrs.set(Slot.mstatus, statusOnReturn(status, level, state.privilege));
  return csrs.get(level.epc);
}

const previousPrivilege = (status: bigint, level: TrapLevel): Privilege =>
  Number((status & level.previousPrivilege) / level.previousPrivilegeLow) as Privilege;

/** The previous privilege becomes U, the least privileged; MPRV ends when M-mode does. */
function statusOnReturn(status: bigint, level: TrapLevel, to: Privilege): bigint {
  const cleared = status & ~(level.enable | level.previousPrivilege | (to === M ? 0n : Mstatus.MPRV));
  const enabled = (status & level.previousEnable) !== 0n ? level.enable : 0n;
  return cleared | enabled | level.previousEnable;
}

/** The privilege that loads and stores use: MPRV lends M-mode's they are made in the mode of MPP. */
export function dataPrivilege(state: PrivilegedState): Privilege {
  const status = state.csrs.get(Slot.mstatus);
  return (status & Mstatus.MPRV) === 0n ? state.privilege : previousPrivilege(status, machine);
}

/** The name of a privilege in traces. */
export const privilegeName = (privilege: Privilege): 'U' | 'S' | 'M' =>
  privilege === U ? 'U' : privilege === S ? 'S' : 'M';

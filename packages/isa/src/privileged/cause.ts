/** Trap causes: Privileged Architecture, "Machine Cause Register". */
import type { Trap } from './state.ts';

/** Exception codes. */
export const Cause = {
  instructionMisaligned: 0,
  instructionAccessFault: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  loadAccessFault: 5,
  storeMisaligned: 6,
  storeAccessFault: 7,
  ecallFromU: 8,
  ecallFromS: 9,
  ecallFromM: 11,
  instructionPageFault: 12,
  loadPageFault: 13,
  storePageFault: 15,
} as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/** Interrupt codes, which are also the bit numbers in mip and mie. */
export const Interrupt = {
  supervisorSoftware: 1,
  machineSoftware: 3,
  supervisorTimer: 5,
  machineTimer: 7,
  supervisorExternal: 9,
  machineExternal: 11,
} as const;
export type Interrupt = (typeof Interrupt)[keyof typeof Interrupt];

const causeNames: Record<Cause, string> = {
  [Cause.instructionMisaligned]: 'instruction address misaligned',
  [Cause.instructionAccessFault]: 'instruction access fault',
  [Cause.illegalInstruction]: 'illegal instruction',
  [Cause.breakpoint]: 'breakpoint',
  [Cause.loadMisaligned]: 'load address misaligned',
  [Cause.loadAccessFault]: 'load access fault',
  [Cause.storeMisaligned]: 'store/AMO address misaligned',
  [Cause.storeAccessFault]: 'store/AMO access fault',
  [Cause.ecallFromU]: 'environment call from U-mode',
  [Cause.ecallFromS]: 'environment call from S-mode',
  [Cause.ecallFromM]: 'environment call from M-mode',
  [Cause.instructionPageFault]: 'instruction page fault',
  [Cause.loadPageFault]: 'load page fault',
  [Cause.storePageFault]: 'store/AMO page fault',
};

const interruptNames: Record<Interrupt, string> = {
  [Interrupt.supervisorSoftware]: 'supervisor software interrupt',
  [Interrupt.machineSoftware]: 'machine software interrupt',
  [Interrupt.supervisorTimer]: 'supervisor timer interrupt',
  [Interrupt.machineTimer]: 'machine timer interrupt',
  [Interrupt.supervisorExternal]: 'supervisor external interrupt',
  [Interrupt.machineExternal]: 'machine external interrupt',
};

/** What to call a trap in a trace, in the specification's words. */
export function trapName(trap: Pick<Trap, 'interrupt' | 'cause'>): string {
  const names: Readonly<Record<number, string>> = trap.interrupt ? interruptNames : causeNames;
  return names[trap.cause] ?? `reserved ${trap.interrupt ? 'interrupt' : 'exception'} ${trap.cause}`;
}

/** Synchronous exceptions of one instruction, highest priority first ("Synchronous exception priority"). */
export const exceptionPriority: readonly Cause[] = [
  Cause.instructionPageFault,
  Cause.instructionAccessFault,
  Cause.illegalInstruction,
  Cause.instructionMisaligned,
  Cause.ecallFromU,
  Cause.ecallFromS,
  Cause.ecallFromM,
  Cause.breakpoint,
  Cause.storePageFault,
  Cause.loadPageFault,
  Cause.storeAccessFault,
  Cause.loadAccessFault,
  Cause.storeMisaligned,
  Cause.loadMisaligned,
];

/** Interrupts pending for one privilege, highest priority first ("Machine Interrupt Registers"). */
export const interruptPriority: readonly Interrupt[] = [
  Interrupt.machineExternal,
  Interrupt.machineSoftware,
  Interrupt.machineTimer,
  Interrupt.supervisorExternal,
  Interrupt.supervisorSoftware,
  Interrupt.supervisorTimer,
];

/** An exception as a value. */
export const exception = (cause: Cause, tval = 0n): Trap => ({ interrupt: false, cause, tval });

/** What an access is for: it chooses the permission bits and the cause of its faults. An AMO is a store. */
export type AccessType = 'fetch' | 'load' | 'store';

/** The cause of a failed translation, by access. */
export const pageFault: Readonly<Record<AccessType, Cause>> = {
  fetch: Cause.instructionPageFault,
  load: Cause.loadPageFault,
  store: Cause.storePageFault,
};

/** The cause of a failed physical access (PMP, nothing there), by access. */
export const accessFault: Readonly<Record<AccessType, Cause>> = {
  fetch: Cause.instructionAccessFault,
  load: Cause.loadAccessFault,
  store: Cause.storeAccessFault,
};

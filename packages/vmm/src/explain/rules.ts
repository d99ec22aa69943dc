import { type Decoded, type Extension, lowestPrivilege, type SystemOp } from '@trapline/isa';
import type { ExitEvent, ExitKind } from '../exits.ts';

/** Why something traps: the section of the RISC-V privileged specification that says so, by its title, and the reason. */
export interface Rule {
  readonly section: string;
  /** A clause after "because". */
  readonly because: string;
}

const modes: Readonly<Record<number, string>> = { 0: 'U', 1: 'S', 2: 'reserved', 3: 'M' };
export const modeName = (mode: number): string => `${modes[mode] ?? '?'}-mode`;
export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** One phrase for each kind of exit: what a line of a trace says. */
export const exitPhrases: Readonly<Record<ExitKind, string>> = {
  fetchMisaligned: 'jump to a misaligned address',
  fetchAccess: 'fetch where there is no memory',
  illegalInstruction: 'privileged or unknown instruction in user mode',
  breakpoint: 'ebreak',
  loadMisaligned: 'misaligned load',
  loadAccess: 'load where there is no memory',
  storeMisaligned: 'misaligned store',
  storeAccess: 'store where there is no memory',
  ecall: 'environment call',
  fetchPageFault: 'fetch from a page the shadow tables do not map',
  loadPageFault: 'load from a page the shadow tables do not map',
  storePageFault: 'store to a page the shadow tables do not map writable',
  mmio: 'device access',
  interrupt: 'virtual interrupt',
  emulated: 'data access through virtual MPRV',
};

const cause = 'Machine Cause (mcause) Register';
const translation = 'Virtual Address Translation Process';
const protection = 'Physical Memory Protection';
const unmapped = (access: string, bit: string): Rule => ({
  section: translation,
  because: `the hart translates a ${access} through the shadow page table, which has no entry with ${bit} for this page yet`,
});
const nothingThere = (access: string): Rule => ({
  section: protection,
  because: `the ${access} leads to an address where the hart finds no memory it may use`,
});
const unaligned = (access: string): Rule => ({
  section: cause,
  because: `the ${access} is not naturally aligned, and what it reaches does not take that`,
});

/** The rule behind each kind of exit; illegal instructions have theirs by instruction. */
const exitRules: Readonly<Record<Exclude<ExitKind, 'illegalInstruction'>, Rule>> = {
  fetchMisaligned: { section: cause, because: 'instructions start at even addresses' },
  fetchAccess: nothingThere('fetch'),
  breakpoint: {
    section: 'Environment Call and Breakpoint',
    because: 'ebreak always raises a breakpoint exception',
  },
  loadMisaligned: unaligned('load'),
  loadAccess: nothingThere('load'),
  storeMisaligned: unaligned('store'),
  storeAccess: nothingThere('store'),
  ecall: {
    section: 'Environment Call and Breakpoint',
    because: 'ecall always raises an exception: it is how a program asks the mode above it for something',
  },
  fetchPageFault: unmapped('fetch', 'X'),
  loadPageFault: unmapped('load', 'R'),
  storePageFault: unmapped('store', 'W'),
  mmio: {
    section: 'Physical Memory Attributes',
    because:
      'the address is a device of the board, not memory: no shadow entry ever maps it, so every access comes here',
  },
  interrupt: {
    section: 'Machine Interrupt (mip and mie) Registers',
    because: 'an interrupt is pending and enabled in the guest\u2019s own mip, mie and status',
  },
  emulated: {
    section: 'Memory Privilege in mstatus Register',
    because:
      'MPRV makes loads and stores use another mode\u2019s translation than fetches, and one shadow table cannot serve both',
  },
};

const fence: Rule = {
  section: 'Supervisor Memory-Management Fence Instruction',
  because: 'fences of address translation are for S-mode and above',
};
const cacheBlock: Rule = {
  section: 'Machine Environment Configuration (menvcfg) Register',
  because: 'cache-block instructions work in U-mode only where the environment registers allow it',
};
const always: Rule = exitRules.ecall;

/** Why each system instruction traps in U-mode. CSR instructions have theirs by CSR. */
const systemRules: Readonly<Record<Exclude<SystemOp, 'csr'>, Rule>> = {
  ecall: always,
  ebreak: exitRules.breakpoint,
  mret: { section: 'Trap-Return Instructions', because: 'mret is for M-mode alone' },
  sret: { section: 'Trap-Return Instructions', because: 'sret is for S-mode and above' },
  wfi: { section: 'Wait for Interrupt', because: 'waiting for interrupts is for S-mode and above' },
  'fence.i': { section: cause, because: 'the monitor keeps code coherent itself' },
  'sfence.vma': fence,
  'sinval.vma': fence,
  'sfence.w.inval': fence,
  'sfence.inval.ir': fence,
  'cbo.zero': cacheBlock,
  'cbo.clean': cacheBlock,
  'cbo.flush': cacheBlock,
  'cbo.inval': cacheBlock,
};

const floatOff: Rule = {
  section: 'Extension Context Status in mstatus Register',
  because: 'mstatus.FS is Off, so the floating-point unit may not be used',
};
const noInstruction: Rule = { section: cause, because: 'this word is no instruction the hart knows' };
const counter: Rule = {
  section: 'Machine Counter-Enable (mcounteren) Register',
  because:
    'U-mode may read counters only where the counter-enable registers say so; the monitor keeps them closed to give the guest its own',
};
const isCounter = (csr: number): boolean => csr >> 5 === 0xc00 >> 5;
const floatExtensions: ReadonlySet<Extension> = new Set(['f', 'd', 'zfa']);

function csrRule(csr: number, name: string): Rule {
  const lowest = lowestPrivilege(csr);
  if (lowest === 0) return isCounter(csr) ? counter : floatOff;
  return {
    section: 'CSR Address Mapping Conventions',
    because: `bits 9:8 of the number of ${name}, ${hex(csr)}, make ${modeName(lowest)} the lowest mode that may touch it`,
  };
}

function instructionRule(decoded: Decoded | undefined, csrName: string): Rule {
  if (decoded === undefined) return noInstruction;
  const { semantics, extension } = decoded.row;
  if (!('system' in semantics)) return floatExtensions.has(extension) ? floatOff : noInstruction;
  return semantics.system === 'csr' ? csrRule(decoded.csr, csrName) : systemRules[semantics.system];
}

/** The rule that made an exit happen. */
export function ruleOf(event: ExitEvent, decoded: Decoded | undefined, csrName: string): Rule {
  return event.exit === 'illegalInstruction' ? instructionRule(decoded, csrName) : exitRules[event.exit];
}

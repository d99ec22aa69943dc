/** How addresses are translated now: "Supervisor Address Translation and Protection Register", MPRV, SUM and MXR. */
import { Envcfg, Mstatus, Slot } from '../csr/table.ts';
import type { AccessType } from './cause.ts';
import { M, type Privilege, type PrivilegedState } from './state.ts';
import { dataPrivilege } from './trap.ts';

/** A page table and the rules for walking it. */
export interface PagedTranslation {
  readonly mode: 'paged';
  /** 3, 4 or 5 for Sv39, Sv48, Sv57. */
  readonly levels: 3 | 4 | 5;
  /** Physical address of the root table. */
  readonly root: bigint;
  readonly asid: number;
  /** The privilege the access is made with; PMP checks the access itself with it, and its page-table accesses as S-mode. */
  readonly privilege: 0 | 1;
  readonly sum: boolean;
  readonly mxr: boolean;
  /** menvcfg.ADUE: the walk sets A and D itself. */
  readonly setsAccessed: boolean;
  /** menvcfg.PBMTE: PTE bits 62:61 are a memory type. */
  readonly memoryTypes: boolean;
}

/** Addresses are physical; those above 56 bits are access faults. */
export interface BareTranslation {
  readonly mode: 'bare';
  readonly privilege: Privilege;
}

export type Translation = PagedTranslation | BareTranslation;

const levelsOfMode = [
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  3,
  4,
  5,
] as const;

/** What applies to an access of that type in the current state. */
export function translation(state: PrivilegedState, access: AccessType): Translation {
  const privilege = access === 'fetch' ? state.privilege : dataPrivilege(state);
  const satp = state.csrs.get(Slot.satp);
  const levels = levelsOfMode[Number(satp >> 60n)];
  if (privilege === M || levels === undefined) return { mode: 'bare', privilege };
  const status = state.csrs.get(Slot.mstatus);
  const environment = state.csrs.get(Slot.menvcfg);
  return {
    mode: 'paged',
    levels,
    root: (satp & 0xfff_ffff_ffffn) << 12n,
    asid: Number((satp >> 44n) & 0xffffn),
    privilege: privilege as 0 | 1,
    sum: (status & Mstatus.SUM) !== 0n,
    mxr: (status & Mstatus.MXR) !== 0n,
    setsAccessed: (environment & Envcfg.ADUE) !== 0n,
    memoryTypes: (environment & Envcfg.PBMTE) !== 0n,
  };
}

/**
 * The privileged state of one hart, as the privileged architecture's functions see it.
 *
 * The bare hart (core) and the virtual CPU (vmm) both implement it and run the same functions on it (read and write CSRs,
 * take a trap, return from one, choose an interrupt): that is why they cannot disagree.
 */

/** User, supervisor, machine. */
export type Privilege = 0 | 1 | 3;
export const U: Privilege = 0;
export const S: Privilege = 1;
export const M: Privilege = 3;

/** What can trap, as a value: `cause` is the code without the interrupt bit, `tval` the 64-bit trap value. */
export interface Trap {
  readonly interrupt: boolean;
  readonly cause: number;
  readonly tval: bigint;
}

/** Stored CSR values by dense slot (see csr/table.ts); unsigned 64-bit. Views (sstatus, ...) have no slot of their own. */
export interface CsrFile {
  get(slot: number): bigint;
  set(slot: number, value: bigint): void;
}

export interface PrivilegedState {
  readonly hartId: number;
  privilege: Privilege;
  readonly csrs: CsrFile;
  /** Instructions retired since reset, before the instruction being executed. */
  retired(): bigint;
  /** Cycles since reset, before the instruction being executed. */
  cycles(): bigint;
  /** `mtime`, in ticks of the timebase. */
  time(): bigint;
  /** mip bits driven by wires: MSIP, MTIP, SEIP, MEIP from interrupt controllers and timers (never the software bits). */
  lines(): bigint;
}

/** What a change of privileged state may have invalidated, as a bit set: sits beside the table, not inside a field. */
export const Touched = {
  /** Address translation: satp, mstatus.{MPRV,MPP,SUM,MXR}, menvcfg.{ADUE,PBMTE}, or the privilege. */
  translation: 1,
  /** Physical memory protection. */
  pmp: 2,
  /** Anything `pendingInterrupt` looks at. */
  interrupts: 4,
  /** mstatus.FS, frm or fflags. */
  float: 8,
} as const;

/** What executing a system instruction came to. */
export type Outcome =
  /** Retires and goes on to the next instruction; `rd` is the value for the destination register, if it has one. */
  | { readonly kind: 'retire'; readonly rd: bigint | undefined; readonly touched: number }
  /** mret, sret: retires and goes on at `target`; privilege and status are already changed. */
  | { readonly kind: 'jump'; readonly target: bigint; readonly touched: number }
  | { readonly kind: 'trap'; readonly trap: Trap }
  /** wfi: retires; the hart may idle until an enabled interrupt is pending. */
  | { readonly kind: 'wait' }
  /** sfence.vma, sinval.vma: retires; undefined means all addresses, all address spaces. */
  | { readonly kind: 'fence'; readonly va: bigint | undefined; readonly asid: number | undefined }
  /** fence.i: retires. */
  | { readonly kind: 'fenceI' }
  /** A permitted cache-block operation at `address`: the engine makes the access (zero writes 64 bytes) and may still trap. */
  | {
      readonly kind: 'cacheBlock';
      readonly operation: 'zero' | 'clean' | 'flush' | 'inval';
      readonly address: bigint;
    };

// The functions (one definition each; all exported by the package):
// execute.ts    executeSystem(state, decoded, { pc, rs1, rs2 }): Outcome
//               (rs1, rs2: values of the source registers, unsigned 64-bit)
// ../csr/       readCsr(state, number): bigint | undefined        as an instruction at the current privilege would; undefined: illegal
//               writeCsr(state, number, value): number | undefined  Touched bits; undefined: illegal
//               peekCsr(state, number): bigint | undefined        a debugger's read, no permission checks; undefined: no such CSR
//               csrTable, csrByNumber, csrByName, csrNumber(name), slotOf(name), Slot.mstatus..., csrSlots: how many,
//               masks Mstatus.FS, Mip.STI, Envcfg.ADUE...; csrFile(buffer, byteOffset), newCsrFile(), resetCsrs(file, { hartId })
//               decodeCsr(number, value), describeCsrs(): for people
// trap.ts       takeTrap(state, pc, trap): bigint                 sets {m,s}{epc,cause,tval,status}, privilege; gives the new pc
//               trapTarget(state, trap): Privilege                M or S by delegation
//               dataPrivilege(state): Privilege                   of loads and stores, MPRV applied
// interrupts.ts pendingInterrupt(state): Trap | undefined         the one to take now, by priority, delegation and enables
//               wakes(state): boolean                             whether (mip & mie) != 0, for wfi
//               mip(state): bigint                                lines | software bits | STIP from stimecmp
//               supervisorTimerDeadline(file): bigint | undefined stimecmp while Sstc is on
// cause.ts      Cause, Interrupt, trapName(trap), exception(cause, tval), pageFault[access], accessFault[access], priorities
// translate.ts  translation(state, 'fetch' | 'load' | 'store'): 'bare' or what a walk needs, with the effective privilege
// walk.ts       walk({ translation, va, access }, memory): Walked Sv39/48/57
// pmp.ts        pmpRegions(file), regionsAllow(regions, pa, bytes, access, privilege), regionsPage(regions, page, access, privilege);
//               pmpCheck, pmpPage: the same from the file, decoding it every time

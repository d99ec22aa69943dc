import type { Mmu, WalkedFields } from '@trapline/core';
import { type AccessType, Mstatus, type PrivilegedState, Pte, S, Slot, U } from '@trapline/isa';
import type { Entry } from './pool.ts';

/** A guest as the pager sees it: its privileged state, and the walk and PMP rules the bare hart would apply. */
export interface Guest {
  readonly state: PrivilegedState;
  readonly mmu: Mmu;
}

/** The bit a shadow leaf needs for an access. */
export const needed = { fetch: 'X', load: 'R', store: 'W' } as const satisfies Record<AccessType, string>;

/** The bits of an entry that are in play, as numbers, and those of mstatus. */
export const plainBit = {
  V: Number(Pte.V),
  R: Number(Pte.R),
  W: Number(Pte.W),
  X: Number(Pte.X),
  U: Number(Pte.U),
  A: Number(Pte.A),
  D: Number(Pte.D),
};
const untranslated = plainBit.R | plainBit.W | plainBit.X | plainBit.D;
const statusBit = { SUM: Number(Mstatus.SUM), MXR: Number(Mstatus.MXR) };
const allBits = 0xffn;

/** What is known of a page: log2 of its bytes (0: no translation), the lowest bits of the guest's leaf, and what PMP allows. */
export type PageFacts = Pick<WalkedFields, 'size' | 'leaf' | 'allowed'>;

/** R, W and X the guest has on a page at its present privilege, as far as they may be used in place. */
export function permissionBits(
  { csrs, privilege }: PrivilegedState,
  { size, leaf, allowed }: PageFacts,
): number {
  const status = Number(csrs.get(Slot.mstatus) & 0xffff_ffffn);
  const pte = size === 0 ? untranslated : leaf;
  const mine = size === 0 || ((pte & plainBit.U) !== 0) === (privilege === U);
  const data = mine || (privilege === S && (status & statusBit.SUM) !== 0);
  const readable = (pte & plainBit.R) !== 0 || ((status & statusBit.MXR) !== 0 && (pte & plainBit.X) !== 0);
  let bits = 0;
  if (data && readable && allowed.load) bits |= plainBit.R;
  // A page that can be written but not read has no encoding: such stores are emulated.
  if (bits && pte & plainBit.W && pte & plainBit.D && allowed.store) bits |= plainBit.W;
  if (mine && pte & plainBit.X && allowed.fetch) bits |= plainBit.X;
  return bits;
}

/** The facts of a page that was found by isa's walk, `entry` being the guest's leaf. */
export function factsOf({ mmu }: Guest, entry: bigint | undefined, gpa: bigint): PageFacts {
  const may = (access: AccessType): boolean => mmu.protection(gpa, access) === 'allow';
  return {
    size: entry === undefined ? 0 : 12,
    leaf: Number((entry ?? 0n) & allBits),
    allowed: { load: may('load'), store: may('store'), fetch: may('fetch') },
  };
}

const alwaysSet = plainBit.V | plainBit.U | plainBit.A | plainBit.D;

/** The shadow leaf for the page at a host-physical address. */
export const leafOf = (hpa: number, bits: number): Entry => ({ frame: hpa, bits: bits | alwaysSet });

import type { Hart } from '@trapline/core';
import { type PrivilegedState, Slot } from '@trapline/isa';

/** A page table as a tree: how many levels, and the physical address of its root. */
export interface TableRoot {
  readonly levels: 3 | 4 | 5;
  readonly address: bigint;
}

/** One of the two sides of a deprivileged guest: what the guest believes, or what the hart really has. */
export interface World {
  readonly name: 'guest' | 'hart';
  readonly state: PrivilegedState;
  /** The hart whose TLBs serve this world. */
  readonly hart: Hart;
  /** The page table satp selects, or that guest satp would; undefined where it selects none. */
  root(satp?: bigint): TableRoot | undefined;
  /** Eight bytes of this world's physical memory; undefined where it has none. */
  readWord(address: bigint): bigint | undefined;
}

const levelsOfMode: Readonly<Record<number, 3 | 4 | 5>> = { 8: 3, 9: 4, 10: 5 };

/** The table a satp value selects. */
export function rootOf(satp: bigint): TableRoot | undefined {
  const levels = levelsOfMode[Number(satp >> 60n)];
  return levels && { levels, address: (satp & ((1n << 44n) - 1n)) << 12n };
}

/** The guest's own side, of a bare or a virtual hart. */
export const guestWorld = (hart: Hart, readWord: World['readWord'], executes: Hart = hart): World => ({
  name: 'guest',
  state: hart,
  hart: executes,
  root: (satp = hart.csrs.get(Slot.satp)) => rootOf(satp),
  readWord,
});

/** The eight bytes as a little-endian number. */
export const readWord = (bytes: Uint8Array | undefined): bigint | undefined =>
  bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);

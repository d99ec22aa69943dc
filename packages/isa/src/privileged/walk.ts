/**
 * Page walks: Privileged Architecture, "Virtual Address Translation Process", with Svnapot, Svpbmt, Svadu.
 *
 *   63 62  61 60     54 53                          10 9  8 7 6 5 4 3 2 1 0
 *   N  PBMT   reserved  physical page number           RSW  D A G U X W R V
 */
import { type AccessType, accessFault, type Cause, pageFault } from './cause.ts';
import { U } from './state.ts';
import type { PagedTranslation } from './translate.ts';

/** Bits of a page-table entry, in place. */
export const Pte = {
  V: 1n << 0n,
  R: 1n << 1n,
  W: 1n << 2n,
  X: 1n << 3n,
  U: 1n << 4n,
  G: 1n << 5n,
  A: 1n << 6n,
  D: 1n << 7n,
  PPN: ((1n << 44n) - 1n) << 10n,
  reserved: 0x7fn << 54n,
  PBMT: 3n << 61n,
  N: 1n << 63n,
} as const;

export interface WalkRequest {
  readonly translation: PagedTranslation;
  /** 64-bit virtual address, unsigned. */
  readonly va: bigint;
  readonly access: AccessType;
}

/** Page tables in physical memory; the implementation checks PMP for S-mode reads and writes of 8 bytes. */
export interface WalkMemory {
  /** The PTE at `pa`; undefined is an access fault. */
  readPte(pa: bigint): bigint | undefined;
  /** Stores `to` if memory still holds `from`: whether it did; undefined is an access fault. */
  updatePte(pa: bigint, from: bigint, to: bigint): boolean | undefined;
}

/** One entry a walk read. */
export interface WalkStep {
  readonly pteAddress: bigint;
  readonly pte: bigint;
}

export interface Leaf {
  readonly kind: 'leaf';
  /** Where `va` is. */
  readonly pa: bigint;
  /** Size of the mapping: 4 KiB, 64 KiB (Svnapot), 2 MiB, 1 GiB, ... */
  readonly pageBytes: number;
  /** The leaf as memory holds it now. Its D bit may be clear after a load: such a translation must not serve stores. */
  readonly pte: bigint;
  readonly pteAddress: bigint;
  /** The entries read, root first, the leaf last; as memory holds them now. */
  readonly levels: readonly WalkStep[];
}

export type Walked = Leaf | { readonly kind: 'fault'; readonly cause: Cause };

type Invalid = 'page' | 'access';

/** Translates one address, setting A and D in memory where the translation says so. */
export function walk(request: WalkRequest, memory: WalkMemory): Walked {
  const { translation, va, access } = request;
  if (!isCanonical(va, translation.levels)) return { kind: 'fault', cause: pageFault[access] };
  for (;;) {
    const walked = descend(translation, va, access, memory);
    if (walked === 'page') return { kind: 'fault', cause: pageFault[access] };
    if (walked === 'access') return { kind: 'fault', cause: accessFault[access] };
    if (walked !== 'retry') return walked;
  }
}

/** Bits above the translated ones must copy the highest of them. */
function isCanonical(va: bigint, levels: number): boolean {
  const bits = 12 + 9 * levels;
  return BigInt.asUintN(64, BigInt.asIntN(bits, va)) === va;
}

function descend(
  t: PagedTranslation,
  va: bigint,
  access: AccessType,
  memory: WalkMemory,
): Leaf | Invalid | 'retry' {
  const levels: WalkStep[] = [];
  let table = t.root;
  for (let level = t.levels - 1; level >= 0; level--) {
    const pteAddress = table + (((va >> BigInt(12 + 9 * level)) & 0x1ffn) << 3n);
    const pte = memory.readPte(pteAddress);
    if (pte === undefined) return 'access';
    if (!isWellFormed(pte, t.memoryTypes)) return 'page';
    if ((pte & (Pte.R | Pte.X)) !== 0n)
      return leaf(t, va, access, memory, { level, pteAddress, pte }, levels);
    if ((pte & notInPointers) !== 0n) return 'page';
    levels.push({ pteAddress, pte });
    table = (pte & Pte.PPN) << 2n;
  }
  return 'page';
}

const notInPointers = Pte.D | Pte.A | Pte.U | Pte.PBMT | Pte.N;

/** Valid, and no reserved bit or encoding in use. */
function isWellFormed(pte: bigint, memoryTypes: boolean): boolean {
  if ((pte & Pte.V) === 0n || (pte & Pte.reserved) !== 0n) return false;
  if ((pte & (Pte.R | Pte.W)) === Pte.W) return false;
  const type = pte & Pte.PBMT;
  return type === 0n || (memoryTypes && type !== Pte.PBMT);
}

interface Found {
  readonly level: number;
  readonly pteAddress: bigint;
  readonly pte: bigint;
}

function leaf(
  t: PagedTranslation,
  va: bigint,
  access: AccessType,
  memory: WalkMemory,
  found: Found,
  levels: WalkStep[],
): Leaf | Invalid | 'retry' {
  const { pteAddress } = found;
  const pageBits = sizeOf(found);
  if (pageBits === undefined || !permits(found.pte, t, access)) return 'page';
  const pte = found.pte | Pte.A | (access === 'store' ? Pte.D : 0n);
  if (pte !== found.pte) {
    if (!t.setsAccessed) return 'page';
    const updated = memory.updatePte(pteAddress, found.pte, pte);
    if (updated !== true) return updated === undefined ? 'access' : 'retry';
  }
  levels.push({ pteAddress, pte });
  const inPage = (1n << BigInt(pageBits)) - 1n;
  const pa = (((pte & Pte.PPN) << 2n) & ~inPage) | (va & inPage);
  return { kind: 'leaf', pa, pageBytes: 2 ** pageBits, pte, pteAddress, levels };
}

/** 64 KiB ranges have N set and 1000 in the low bits of the page number; other patterns are reserved ("Svnapot"). */
const napotBits = 16;

/** log2 of the mapping's size, or undefined when its page number does not fit the level. */
function sizeOf({ level, pte }: Found): number | undefined {
  if ((pte & Pte.N) !== 0n) return level === 0 && ((pte >> 10n) & 0xfn) === 8n ? napotBits : undefined;
  const below = ((1n << BigInt(9 * level)) - 1n) << 10n;
  return (pte & below) === 0n ? 12 + 9 * level : undefined;
}

function permits(pte: bigint, t: PagedTranslation, access: AccessType): boolean {
  const userPage = (pte & Pte.U) !== 0n;
  if (t.privilege === U ? !userPage : userPage && (access === 'fetch' || !t.sum)) return false;
  if (access === 'fetch') return (pte & Pte.X) !== 0n;
  if (access === 'store') return (pte & Pte.W) !== 0n;
  return (pte & (t.mxr ? Pte.R | Pte.X : Pte.R)) !== 0n;
}

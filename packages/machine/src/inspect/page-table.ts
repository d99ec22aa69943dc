import { type AccessType, Mstatus, Pte, Slot, type WalkMemory, walk } from '@trapline/isa';
import type { TableRoot, World } from './world.ts';

/** One entry of a page table, read for people. */
export interface TableEntry {
  readonly index: number;
  /** Where the entry is, physically. */
  readonly address: bigint;
  /** The first virtual address it covers, and how many bytes. */
  readonly va: bigint;
  readonly bytes: bigint;
  readonly pte: bigint;
  readonly kind: 'table' | 'leaf' | 'invalid';
  /** What it points at: the next table or the page. */
  readonly target: bigint;
  /** R, W, X, U, G, A, D as far as they are set. */
  readonly flags: string;
}

/** A walk as the hardware makes it: the entries read, root first, and where it ends. */
export interface TableWalk {
  /** The table that was walked; undefined where translation is off. */
  readonly root: TableRoot | undefined;
  readonly steps: readonly TableEntry[];
  /** The physical address, when the walk ends at a leaf; without a table it is the address itself. */
  readonly pa: bigint | undefined;
  /** Which accesses the leaf permits in the world's present mode. */
  readonly permits: readonly AccessType[];
}

const entriesOfTable = 512;
const flagNames = ['R', 'W', 'X', 'U', 'G', 'A', 'D'] as const;
const accesses: readonly AccessType[] = ['load', 'store', 'fetch'];

const canonical = (va: bigint, levels: number): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, va));
const span = (level: number): bigint => 1n << BigInt(12 + 9 * level);

function readEntry(
  pte: bigint,
  place: Pick<TableEntry, 'index' | 'address' | 'va'>,
  level: number,
): TableEntry {
  const leaf = (pte & (Pte.R | Pte.X)) !== 0n;
  return {
    ...place,
    bytes: span(level),
    pte,
    kind: (pte & Pte.V) === 0n ? 'invalid' : leaf ? 'leaf' : level > 0 ? 'table' : 'invalid',
    target: (pte & Pte.PPN) << 2n,
    flags: flagNames.filter((name) => pte & Pte[name]).join(''),
  };
}

/** The entries of one table that are not zero. `level` is 0 for tables of pages; `base` the first address the table covers. */
export function tableEntries(
  world: World,
  table: { readonly address: bigint; readonly level: number; readonly base: bigint; readonly levels: number },
): TableEntry[] {
  const entries: TableEntry[] = [];
  for (let index = 0; index < entriesOfTable; index++) {
    const address = table.address + BigInt(8 * index);
    const pte = world.readWord(address);
    if (pte === undefined || pte === 0n) continue;
    const va = canonical(table.base + BigInt(index) * span(table.level), table.levels);
    entries.push(readEntry(pte, { index, address, va }, table.level));
  }
  return entries;
}

/** Walks one address through the world's table, changing nothing. */
export function walkTable(world: World, root: TableRoot | undefined, va: bigint): TableWalk {
  if (root === undefined) return { root, steps: [], pa: va, permits: accesses };
  // An address the table cannot name faults before any entry is read.
  const steps = canonical(va, root.levels) === va ? readSteps(world, root, va) : [];
  const last = steps.at(-1);
  if (last?.kind !== 'leaf') return { root, steps, pa: undefined, permits: [] };
  const within = va & (last.bytes - 1n);
  return {
    root,
    steps,
    pa: (last.target & ~(last.bytes - 1n)) | within,
    permits: accesses.filter((access) => permitted(world, root, va, access)),
  };
}

function readSteps(world: World, root: TableRoot, va: bigint): TableEntry[] {
  const steps: TableEntry[] = [];
  let table = root.address;
  for (let level = root.levels - 1; level >= 0; level--) {
    const index = Number((va >> BigInt(12 + 9 * level)) & 511n);
    const address = table + BigInt(8 * index);
    const pte = world.readWord(address);
    if (pte === undefined) break;
    const start = canonical((va / span(level)) * span(level), root.levels);
    const step = readEntry(pte, { index, address, va: start }, level);
    steps.push(step);
    if (step.kind !== 'table') break;
    table = step.target;
  }
  return steps;
}

function permitted(world: World, root: TableRoot, va: bigint, access: AccessType): boolean {
  const { state } = world;
  const status = state.csrs.get(Slot.mstatus);
  const memory: WalkMemory = { readPte: (pa) => world.readWord(pa), updatePte: () => true };
  const walked = walk(
    {
      translation: {
        mode: 'paged',
        levels: root.levels,
        root: root.address,
        asid: 0,
        privilege: state.privilege === 0 ? 0 : 1,
        sum: (status & Mstatus.SUM) !== 0n,
        mxr: (status & Mstatus.MXR) !== 0n,
        setsAccessed: true,
        memoryTypes: true,
      },
      va,
      access,
    },
    memory,
  );
  return walked.kind === 'leaf';
}

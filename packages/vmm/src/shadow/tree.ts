import { PoolExhausted, pointerTo, type ShadowBranch, spanPages } from './branch.ts';
import { entryBytes, type TablePool } from './pool.ts';

/** Levels of a radix table: Sv39, Sv48, Sv57. */
export type Levels = 3 | 4 | 5;

/** One shadow page table: a root of its own in host memory, whose entries lead to branches. The hart walks it. */
export class ShadowTree {
  readonly root: number;
  readonly levels: Levels;
  readonly asid: number;
  /** What decides permissions beside the guest's entries; trees of different views share nothing. */
  readonly view: number;
  /** The satp value that makes a hart walk this tree (privileged specification, "Supervisor Address Translation and Protection Register"). */
  readonly satp: bigint;
  readonly #pool: TablePool;
  readonly #branches = new Map<number, ShadowBranch>();
  #alive = true;

  constructor(
    pool: TablePool,
    levels: Levels,
    { asid, view }: { readonly asid: number; readonly view: number },
  ) {
    const root = pool.allocate();
    if (root === undefined) throw new PoolExhausted();
    this.#pool = pool;
    this.root = root;
    this.levels = levels;
    this.asid = asid;
    this.view = view;
    this.satp = (BigInt(levels + 5) << 60n) | (BigInt(asid) << 44n) | (BigInt(root) >> 12n);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Pages a root entry covers. */
  get branchPages(): number {
    return spanPages(this.levels - 1);
  }

  branch(entry: number): ShadowBranch | undefined {
    return this.#branches.get(entry);
  }

  /** Makes a root entry, which must be free, lead to a branch. */
  attach(entry: number, branch: ShadowBranch): void {
    this.#pool.write(this.root + entry * entryBytes, pointerTo(branch.table));
    this.#branches.set(entry, branch);
    const entries = branch.users.get(this) ?? new Set();
    branch.users.set(this, entries.add(entry));
  }

  /** Frees a root entry; gives the branch it led to. */
  detach(entry: number): ShadowBranch | undefined {
    const branch = this.#branches.get(entry);
    if (branch === undefined) return undefined;
    this.#pool.clear(this.root + entry * entryBytes);
    this.#branches.delete(entry);
    const entries = branch.users.get(this)!;
    entries.delete(entry);
    if (entries.size === 0) branch.users.delete(this);
    return branch;
  }

  /** Gives its memory back; gives the branches it led to. */
  destroy(): ShadowBranch[] {
    if (!this.#alive) return [];
    const branches = [...this.#branches.keys()].map((entry) => this.detach(entry)!);
    this.#alive = false;
    this.#pool.free(this.root);
    return branches;
  }
}

/** The number of the page at a virtual address, from the first one the table translates. */
export const pageNumber = (va: bigint, levels: Levels): number =>
  Number((va >> 12n) & ((1n << BigInt(9 * levels)) - 1n));

/** The number, of 52 bits, of the virtual address of a page by that number: its highest bit is copied to those above. */
export const virtualPage = (page: number, levels: Levels): number => {
  const pages = 2 ** (9 * levels);
  return page < pages / 2 ? page : page + 2 ** 52 - pages;
};

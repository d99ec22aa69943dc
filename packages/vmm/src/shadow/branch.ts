import { plainBit } from './permissions.ts';
import { type Entry, entryBytes, type TablePool } from './pool.ts';
import type { ShadowTree } from './tree.ts';

const fanout = 512;
const leafBits = plainBit.R | plainBit.W | plainBit.X;
const spans = Array.from({ length: 6 }, (_, level) => fanout ** level);

/** Pages one entry at `level` covers (level 0: one). */
export const spanPages = (level: number): number => spans[level]!;

/** Thrown inside the pager only, when the pool is empty: everything is dropped and the fill starts again. */
export class PoolExhausted extends Error {}

/**
 * The shadow of one guest table below the root, and of all tables under it. What it holds depends on that table and on who looks, not on
 * the root above: address spaces with the same guest table (every process has the kernel's) share it.
 *
 * Leaves are 4 KiB pages with U, A and D set; R, W and X say what the guest may do there in place. Addresses are page numbers from the
 * first page the branch covers.
 */
export class ShadowBranch {
  /** The host-physical page of its topmost table, whose entries are of that level. */
  readonly table: number;
  readonly level: number;
  /** The guest page whose table it shadows, by its number; undefined: it is no table's, and not shared. */
  readonly origin: number | undefined;
  readonly view: number;
  /** The root entries that lead to it. */
  readonly users = new Map<ShadowTree, Set<number>>();
  readonly #pool: TablePool;
  #alive = true;

  constructor(pool: TablePool, { level, view, origin }: Pick<ShadowBranch, 'level' | 'view' | 'origin'>) {
    this.#pool = pool;
    this.level = level;
    this.view = view;
    this.origin = origin;
    this.table = this.#allocate();
  }

  /** What it is shared by; undefined: it is not. */
  get key(): string | undefined {
    return branchKey(this);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Leaves it holds: they are counted now, one by one. */
  get leaves(): number {
    return this.#count(this.table, this.level);
  }

  /** Installs the leaf of a page; true when there was one. */
  map(page: number, leaf: Entry): boolean {
    const at = this.#grow(page);
    const replaced = this.#pool.isUsed(at);
    this.#pool.write(at, leaf);
    return replaced;
  }

  /** The page's entry as an address, all tables that lead to it made; entries of neighbours in the same table follow. */
  #grow(page: number): number {
    let table = this.table;
    for (let level = this.level; level > 0; level--) table = this.#descend(entryAt(table, page, level));
    return entryAt(table, page, 0);
  }

  /** Installs the leaves `of` those of `pages` pages, all of one table, that have none; gives how many had none. */
  mapEmpty(page: number, pages: number, of: (n: number) => Entry): number {
    const first = this.#grow(page);
    let filled = 0;
    for (let n = 0; n < pages; n++) {
      const at = first + n * entryBytes;
      if (this.#pool.isUsed(at)) continue;
      this.#pool.write(at, of(n));
      filled++;
    }
    return filled;
  }

  /** The address of the page a leaf maps while it can be written there; undefined: it cannot. */
  writableFrame(page: number): number | undefined {
    const at = this.#entry(page, 0);
    return at !== undefined && this.#pool.bits(at) & plainBit.W ? this.#pool.frame(at) : undefined;
  }

  /** Takes write permission from a page. */
  protect(page: number): void {
    const at = this.#entry(page, 0)!;
    this.#pool.write(at, { frame: this.#pool.frame(at), bits: this.#pool.bits(at) & ~plainBit.W });
  }

  /** Removes what lies under the entry that covers a page at `level`; true when there was something. */
  clear(page: number, level: number): boolean {
    const at = this.#entry(page, level);
    if (at === undefined || !this.#pool.isUsed(at)) return false;
    const isPointer = (this.#pool.bits(at) & leafBits) === 0;
    const frame = this.#pool.frame(at);
    this.#pool.clear(at);
    if (isPointer) this.#release(frame, level - 1);
    return true;
  }

  /** The table that holds a page's leaf shadows the guest's in that host page: its plain leaves may be filled in place. */
  derive(page: number, from: number): void {
    const at = this.#entry(page, 0);
    if (at !== undefined) this.#pool.derive(tableOf(at), from);
  }

  /** How many leaves of the table that holds a page's were filled in place since this was asked. */
  takeFills(page: number): number {
    const at = this.#entry(page, 0);
    return at === undefined ? 0 : this.#pool.takeFills(tableOf(at));
  }

  destroy(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#release(this.table, this.level);
  }

  #allocate(): number {
    const page = this.#pool.allocate();
    if (page === undefined) throw new PoolExhausted();
    return page;
  }

  #descend(at: number): number {
    if (this.#pool.isUsed(at)) return this.#pool.frame(at);
    const page = this.#allocate();
    this.#pool.write(at, pointerTo(page));
    return page;
  }

  /** The address of the entry that covers a page at `level`, or undefined when no table reaches down to it. */
  #entry(page: number, level: number): number | undefined {
    let table = this.table;
    for (let at = this.level; at > level; at--) {
      const entry = entryAt(table, page, at);
      if (!this.#pool.isUsed(entry)) return undefined;
      table = this.#pool.frame(entry);
    }
    return entryAt(table, page, level);
  }

  #release(table: number, level: number): void {
    if (level > 0) for (const at of this.#entries(table)) this.#release(this.#pool.frame(at), level - 1);
    this.#pool.free(table);
  }

  #count(table: number, level: number): number {
    let leaves = 0;
    for (const at of this.#entries(table))
      leaves += level === 0 ? 1 : this.#count(this.#pool.frame(at), level - 1);
    return leaves;
  }

  /** Addresses of the entries of a table that are in use. */
  #entries(table: number): number[] {
    const used: number[] = [];
    for (let at = table; at < table + fanout * entryBytes; at += entryBytes)
      if (this.#pool.isUsed(at)) used.push(at);
    return used;
  }
}

/** `ShadowBranch.key` of such a branch. */
export const branchKey = ({
  view,
  level,
  origin,
}: Pick<ShadowBranch, 'level' | 'view' | 'origin'>): string | undefined =>
  origin === undefined ? undefined : `${view}:${level}:${origin}`;

const entryAt = (table: number, page: number, level: number): number =>
  table + (Math.floor(page / spanPages(level)) % fanout) * entryBytes;

/** The page an entry is in. */
const tableOf = (at: number): number => at - (at % 4096);

/** The entry that leads to a table. */
export const pointerTo = (table: number): Entry => ({ frame: table, bits: plainBit.V });

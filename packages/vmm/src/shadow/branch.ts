import type { TablePool } from './pool.ts';
import type { ShadowTree } from './tree.ts';

const V = 1n;
const W = 4n;
const leafBits = 0xen;
const fanout = 512;

/** The address of the page or table an entry leads to. */
export const frameOf = (pte: bigint): number => Number(pte >> 10n) * 4096;

/** Pages one entry at `level` covers (level 0: one). */
export const spanPages = (level: number): number => fanout ** level;

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

  /** Installs the leaf of a page, instead of another one only if `replaces`; gives the one there was, or 0. */
  map(page: number, leaf: bigint, replaces = true): bigint {
    let table = this.table;
    for (let level = this.level; level > 0; level--) table = this.#descend(entryAt(table, page, level));
    const at = entryAt(table, page, 0);
    const old = this.#pool.read(at);
    if (old === 0n || replaces) this.#pool.write(at, leaf);
    return old;
  }

  /** The leaf of a page, 0 when there is none. */
  leaf(page: number): bigint {
    const at = this.#entry(page, 0);
    return at === undefined ? 0n : this.#pool.read(at);
  }

  /** Takes write permission from a page; true when it had it. */
  protect(page: number): boolean {
    const at = this.#entry(page, 0);
    if (at === undefined) return false;
    const leaf = this.#pool.read(at);
    if (!(leaf & W)) return false;
    this.#pool.write(at, leaf & ~W);
    return true;
  }

  /** Removes what lies under the entry that covers a page at `level`; true when there was something. */
  clear(page: number, level: number): boolean {
    const at = this.#entry(page, level);
    if (at === undefined) return false;
    const entry = this.#pool.read(at);
    if (entry === 0n) return false;
    this.#pool.write(at, 0n);
    if (!(entry & leafBits)) this.#release(frameOf(entry), level - 1);
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
    const entry = this.#pool.read(at);
    if (entry !== 0n) return frameOf(entry);
    const page = this.#allocate();
    this.#pool.write(at, pointerTo(page));
    return page;
  }

  /** The address of the entry that covers a page at `level`, or undefined when no table reaches down to it. */
  #entry(page: number, level: number): number | undefined {
    let table = this.table;
    for (let at = this.level; at > level; at--) {
      const entry = this.#pool.read(entryAt(table, page, at));
      if (entry === 0n) return undefined;
      table = frameOf(entry);
    }
    return entryAt(table, page, level);
  }

  #release(table: number, level: number): void {
    for (let i = 0; level > 0 && i < fanout; i++) {
      const entry = this.#pool.read(table + i * 8);
      if (entry !== 0n) this.#release(frameOf(entry), level - 1);
    }
    this.#pool.free(table);
  }

  #count(table: number, level: number): number {
    let leaves = 0;
    for (let i = 0; i < fanout; i++) {
      const entry = this.#pool.read(table + i * 8);
      if (entry !== 0n) leaves += level === 0 ? 1 : this.#count(frameOf(entry), level - 1);
    }
    return leaves;
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
  table + (Math.floor(page / spanPages(level)) % fanout) * 8;

/** The page an entry is in. */
const tableOf = (at: number): number => at - (at % 4096);

/** The entry that leads to a table. */
export const pointerTo = (table: number): bigint => (BigInt(table / 4096) << 10n) | V;

import type { TablePool } from './pool.ts';

/** Levels of a radix table: Sv39, Sv48, Sv57. */
export type Levels = 3 | 4 | 5;

const V = 1n;
const W = 4n;
const leafBits = 0xen;

/** Bytes one entry at `level` covers (level 0: a 4 KiB page). */
export const spanBytes = (level: number): bigint => 1n << BigInt(12 + 9 * level);

const index = (va: bigint, level: number): number => Number((va >> BigInt(12 + 9 * level)) & 511n);
const pageOf = (pte: bigint): number => Number(pte >> 10n) * 4096;

/** Thrown inside the pager only, when the pool is empty: everything is dropped and the fill starts again. */
export class PoolExhausted extends Error {}

/**
 * One shadow page table: a real radix tree in host memory which the hart walks. Leaves are 4 KiB pages with U, A and D set;
 * R, W and X say what the guest may do there in place.
 */
export class ShadowTree {
  readonly root: number;
  readonly levels: Levels;
  readonly asid: number;
  /** The satp value that makes a hart walk this tree (privileged specification, "Supervisor Address Translation and Protection Register"). */
  readonly satp: bigint;
  readonly #pool: TablePool;
  #alive = true;
  #leaves = 0;

  constructor(pool: TablePool, levels: Levels, asid: number) {
    const root = pool.allocate();
    if (root === undefined) throw new PoolExhausted();
    this.#pool = pool;
    this.root = root;
    this.levels = levels;
    this.asid = asid;
    this.satp = (BigInt(levels + 5) << 60n) | (BigInt(asid) << 44n) | (BigInt(root) >> 12n);
  }

  get alive(): boolean {
    return this.#alive;
  }

  get leaves(): number {
    return this.#leaves;
  }

  /** Installs the leaf for the page at `va`, instead of another one only if `replaces`; gives the one there was, or 0. */
  map(va: bigint, leaf: bigint, replaces = true): bigint {
    let table = this.root;
    for (let level = this.levels - 1; level > 0; level--) table = this.#descend(table + index(va, level) * 8);
    const at = table + index(va, 0) * 8;
    const old = this.#pool.read(at);
    if (old === 0n) this.#leaves++;
    if (old === 0n || replaces) this.#pool.write(at, leaf);
    return old;
  }

  #descend(at: number): number {
    const entry = this.#pool.read(at);
    if (entry !== 0n) return pageOf(entry);
    const page = this.#pool.allocate();
    if (page === undefined) throw new PoolExhausted();
    this.#pool.write(at, (BigInt(page / 4096) << 10n) | V);
    return page;
  }

  /** The address of the entry that covers `va` at `level`, or undefined when no table reaches down to it. */
  #entry(va: bigint, level: number): number | undefined {
    let table = this.root;
    for (let at = this.levels - 1; at > level; at--) {
      const entry = this.#pool.read(table + index(va, at) * 8);
      if (entry === 0n) return undefined;
      table = pageOf(entry);
    }
    return table + index(va, level) * 8;
  }

  /** The leaf of the page at `va`, 0 when there is none. */
  leaf(va: bigint): bigint {
    const at = this.#entry(va, 0);
    return at === undefined ? 0n : this.#pool.read(at);
  }

  /** Takes write permission from the page at `va`; true when it had it. */
  protect(va: bigint): boolean {
    const at = this.#entry(va, 0);
    if (at === undefined) return false;
    const leaf = this.#pool.read(at);
    if (!(leaf & W)) return false;
    this.#pool.write(at, leaf & ~W);
    return true;
  }

  /** Removes what lies under the entry that covers `va` at `level`; true when there was something. */
  clear(va: bigint, level: number): boolean {
    const at = this.#entry(va, level);
    if (at === undefined) return false;
    const entry = this.#pool.read(at);
    if (entry === 0n) return false;
    this.#pool.write(at, 0n);
    if (entry & leafBits) this.#leaves--;
    else this.#release(pageOf(entry), level - 1);
    return true;
  }

  #release(table: number, level: number): void {
    for (let i = 0; i < 512; i++) {
      const entry = this.#pool.read(table + i * 8);
      if (entry === 0n) continue;
      if (level === 0) this.#leaves--;
      else this.#release(pageOf(entry), level - 1);
    }
    this.#pool.free(table);
  }

  /** Every leaf, for inspection: virtual address and entry. */
  *entries(table = this.root, level = this.levels - 1, base = 0n): Generator<{ va: bigint; leaf: bigint }> {
    for (let i = 0; i < 512; i++) {
      const entry = this.#pool.read(table + i * 8);
      if (entry === 0n) continue;
      const va = base + BigInt(i) * spanBytes(level);
      if (level === 0) yield { va: canonical(va, this.levels), leaf: entry };
      else yield* this.entries(pageOf(entry), level - 1, va);
    }
  }

  destroy(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#release(this.root, this.levels - 1);
  }
}

/** Sign-extends a virtual address of a table with `levels` levels to 64 bits, unsigned. */
export const canonical = (va: bigint, levels: Levels): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, va));

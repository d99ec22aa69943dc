import { canonical, type Levels, type ShadowTree, spanBytes } from './tree.ts';

/** What a guest table page translates for one address space: the table at `level` whose first entry covers `base`. */
export interface TableUse {
  readonly space: Space;
  readonly level: number;
  readonly base: bigint;
}

/** A guest address space: one root table, and a shadow tree per way of looking at it. */
export class Space {
  /** False once its root was forgotten. */
  alive = true;
  /** Trees by what decides permissions: effective privilege, SUM, MXR. */
  readonly trees = new Map<number, ShadowTree>();
  readonly key: bigint;
  readonly levels: Levels;

  constructor(key: bigint, levels: Levels) {
    this.key = key;
    this.levels = levels;
  }
}

interface TablePage {
  uses: TableUse[];
  /** Stores since a fill last walked through it: many of them say that it is no page table any more. */
  stores: number;
}

const manyStores = 16;

/** The guest pages that hold page tables which shadows derive from, by guest page number. */
export class GuestTables {
  readonly #pages = new Map<number, TablePage>();

  get size(): number {
    return this.#pages.size;
  }

  has(page: number): boolean {
    return this.#pages.has(page);
  }

  /** Numbers of the pages. */
  pages(): Iterable<number> {
    return this.#pages.keys();
  }

  /** A fill went through the table again. */
  walkedThrough(page: number): void {
    const known = this.#pages.get(page);
    if (known !== undefined) known.stores = 0;
  }

  /** Records that `page` is a table of `space`; true when the page was no table before. */
  use(page: number, space: Space, level: number, base: bigint): boolean {
    const known = this.#pages.get(page);
    if (known === undefined) {
      this.#pages.set(page, { uses: [{ space, level, base }], stores: 0 });
      return true;
    }
    known.stores = 0;
    if (!known.uses.some((use) => use.space === space && use.base === base && use.level === level)) {
      known.uses = known.uses.filter((use) => use.space.alive);
      known.uses.push({ space, level, base });
    }
    return false;
  }

  /** Counts a store to a table; true when the page had better be forgotten. */
  stored(page: number): boolean {
    const known = this.#pages.get(page);
    return known !== undefined && ++known.stores > manyStores;
  }

  /** Drops what the shadows derived from entry `index` of the table page; `cleared` hears of every address that went. */
  invalidate(
    page: number,
    index: number,
    cleared: (tree: ShadowTree, va: bigint, level: number) => void,
  ): void {
    for (const { space, level, base } of this.#pages.get(page)?.uses ?? []) {
      const va = canonical(base + BigInt(index) * spanBytes(level), space.levels);
      for (const tree of space.trees.values()) if (tree.clear(va, level)) cleared(tree, va, level);
    }
  }

  /** Takes the page out; the caller drops what derived from the uses it gets. */
  forget(page: number): readonly TableUse[] {
    const uses = this.#pages.get(page)?.uses ?? [];
    this.#pages.delete(page);
    return uses;
  }

  clear(): void {
    this.#pages.clear();
  }
}

import type { ShadowBranch } from './branch.ts';
import type { Levels, ShadowTree } from './tree.ts';

/** What derives from a guest table page: it is a root, or the table at `level` of a branch whose first entry covers `page` there. */
export type TableUse =
  | { readonly space: Space }
  | { readonly branch: ShadowBranch; readonly level: number; readonly page: number };

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
  /** Stores heard of since a fill last walked through it: many of them say that it is no page table any more. */
  stores: number;
}

const manyStores = 16;

const isAlive = (use: TableUse): boolean => ('space' in use ? use.space.alive : use.branch.alive);

const same = (a: TableUse, b: TableUse): boolean =>
  'space' in a || 'space' in b
    ? 'space' in a && 'space' in b && a.space === b.space
    : a.branch === b.branch && a.level === b.level && a.page === b.page;

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

  /** What derives from a page. */
  uses(page: number): readonly TableUse[] {
    return this.#pages.get(page)?.uses ?? [];
  }

  /** A fill went through the table again. */
  walkedThrough(page: number): void {
    const known = this.#pages.get(page);
    if (known !== undefined) known.stores = 0;
  }

  /** Records what derives from `page`; true when the page was no table before. */
  use(page: number, use: TableUse): boolean {
    const known = this.#pages.get(page);
    if (known === undefined) {
      this.#pages.set(page, { uses: [use], stores: 0 });
      return true;
    }
    known.stores = 0;
    if (!known.uses.some((each) => same(each, use))) {
      known.uses = known.uses.filter(isAlive);
      known.uses.push(use);
    }
    return false;
  }

  /** Counts a store to a table; true when the page had better be forgotten. */
  stored(page: number): boolean {
    const known = this.#pages.get(page);
    return known !== undefined && ++known.stores > manyStores;
  }

  /** Takes the page out; the caller drops what derived from the uses it gets. */
  forget(page: number): readonly TableUse[] {
    const uses = this.uses(page);
    this.#pages.delete(page);
    return uses;
  }

  clear(): void {
    this.#pages.clear();
  }
}

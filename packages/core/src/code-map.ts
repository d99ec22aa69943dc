import type { CodePages } from './engine.ts';

/** What must forget a page that got code: the MMU of every hart. */
export interface StoreCache {
  dropStores(hostPage: number): void;
}

/** Marks of the pages of core memory whose code an engine holds. */
export class CodeMap implements CodePages {
  private readonly marks: Uint8Array;
  private readonly caches: StoreCache[] = [];

  constructor(memoryBytes: number) {
    this.marks = new Uint8Array(memoryBytes / 4096);
  }

  watch(cache: StoreCache): void {
    this.caches.push(cache);
  }

  mark(hostPage: number): void {
    if (this.marks[hostPage] === 1) return;
    this.marks[hostPage] = 1;
    for (const cache of this.caches) cache.dropStores(hostPage);
  }

  unmark(hostPage: number): void {
    this.marks[hostPage] = 0;
  }

  has(hostPage: number): boolean {
    return this.marks[hostPage] === 1;
  }
}

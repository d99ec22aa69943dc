import type { CodePages } from './engine.ts';
import type { CoreMemory } from './memory.ts';

/** What must forget a page that got code: the MMU of every hart. */
export interface StoreCache {
  dropStores(hostPage: number): void;
}

const linkBytes = 4;

/** Marks of the pages of core memory whose code an engine holds, in that memory: a word for each page, 0 without code. */
export class CodeMap implements CodePages {
  /** Byte offset of the words. */
  readonly offset: number;
  private readonly links: Uint32Array;
  private readonly caches: StoreCache[] = [];

  constructor(memory: CoreMemory) {
    this.offset = memory.allocate(CodeMap.bytes(memory.bytes));
    this.links = new Uint32Array(memory.buffer, this.offset, memory.bytes / 4096);
  }

  /** Bytes of that memory the marks take. */
  static bytes(memoryBytes: number): number {
    return Math.ceil(memoryBytes / 4096) * linkBytes;
  }

  watch(cache: StoreCache): void {
    this.caches.push(cache);
  }

  mark(hostPage: number, link: number): void {
    if (this.links[hostPage] === link) return;
    this.links[hostPage] = link;
    for (const cache of this.caches) cache.dropStores(hostPage);
  }

  unmark(hostPage: number): void {
    this.links[hostPage] = 0;
  }

  has(hostPage: number): boolean {
    return this.links[hostPage] !== 0;
  }

  /** What `mark` was given, or 0. */
  linkOf(hostPage: number): number {
    return this.links[hostPage]!;
  }
}

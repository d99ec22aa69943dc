import type { CodePages } from './engine.ts';
import type { CoreMemory } from './memory.ts';

/** What must forget a page that got code: the MMU of every hart. */
export interface StoreCache {
  dropStores(hostPage: number): void;
}

const linkBytes = 4;

/** In a page's word: someone is told of stores to the page. Links are even. */
export const watchedLink = 1;

/**
 * Hears that bytes of a watched page change: `bytes` at a host offset, just before they do. Of a store into one aligned doubleword whose lowest bit
 * is clear it may not hear: page tables are what is watched, and nothing derives from an entry that is not valid.
 */
export type StoreListener = (host: number, bytes: number) => void;

/** Marks of the pages of core memory that stores may not reach unseen: a word for each page, what an engine knows its code by, and `watchedLink`. */
export class CodeMap implements CodePages {
  /** Byte offset of the words. */
  readonly offset: number;
  private readonly links: Uint32Array;
  private readonly caches: StoreCache[] = [];
  private readonly listeners = new Map<number, StoreListener>();

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
    this.put(hostPage, link | (this.links[hostPage]! & watchedLink));
  }

  unmark(hostPage: number): void {
    this.links[hostPage]! &= watchedLink;
  }

  has(hostPage: number): boolean {
    return (this.links[hostPage]! & ~watchedLink) !== 0;
  }

  /** How many pages hold code an engine knows. */
  get used(): number {
    return this.links.reduce((count, link) => count + ((link & ~watchedLink) === 0 ? 0 : 1), 0);
  }

  /** The page's word: stores to it are guarded unless that is 0. */
  wordOf(hostPage: number): number {
    return this.links[hostPage]!;
  }

  /** Tells `listener` of stores to a page from now on, or (undefined) nobody. */
  watchStores(hostPage: number, listener: StoreListener | undefined): void {
    const link = this.links[hostPage]! & ~watchedLink;
    if (listener === undefined) {
      this.listeners.delete(hostPage);
      this.links[hostPage] = link;
    } else {
      this.listeners.set(hostPage, listener);
      this.put(hostPage, link | watchedLink);
    }
  }

  /** Bytes of a page change. */
  tell(host: number, bytes: number): void {
    this.listeners.get(host >>> 12)?.(host, bytes);
  }

  private put(hostPage: number, word: number): void {
    if (this.links[hostPage] === word) return;
    this.links[hostPage] = word;
    for (const cache of this.caches) cache.dropStores(hostPage);
  }
}

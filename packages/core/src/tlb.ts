import { tlbEntries } from './hart-layout.ts';

const pageMask = ~0xfffn;
const indexMask = BigInt(tlbEntries - 1);

/** TypeScript's side of one TLB in a hart's area: engines look entries up, only the MMU fills and drops them. */
export class Tlb {
  private readonly tags: BigUint64Array;
  /** Four to an entry: tag low, tag high, addend, link. */
  private readonly words: Int32Array;

  constructor(entries: BigUint64Array) {
    this.tags = entries;
    this.words = new Int32Array(entries.buffer, entries.byteOffset, entries.length * 2);
  }

  /** Host offset of `va` in that context, or -1. */
  lookup(va: bigint, context: bigint): number {
    const index = Number((va >> 12n) & indexMask);
    if (this.tags[2 * index] !== ((va & pageMask) | context)) return -1;
    return (this.words[4 * index + 2]! + Number(va & 0xffff_ffffn)) >>> 0;
  }

  /** Maps the page of `va` to the page of host offset `host`, whose code the engine knows by `link`; gives the entry's byte offset. */
  fill(
    va: bigint,
    context: bigint,
    { host, link }: { readonly host: number; readonly link: number },
  ): number {
    const index = Number((va >> 12n) & indexMask);
    const page = va & pageMask;
    this.tags[2 * index] = page | context;
    this.words[4 * index + 2] = ((host & ~0xfff) - Number(page & 0xffff_ffffn)) | 0;
    this.words[4 * index + 3] = link;
    return this.tags.byteOffset + 16 * index;
  }

  /** Drops what is cached where a page would be, by its number, of every context. */
  drop(page: number): void {
    const at = 4 * (page % tlbEntries);
    for (let word = at; word < at + 4; word++) this.words[word] = 0;
  }

  /** Drops every entry that maps to that page of host memory. */
  dropHostPage(hostPage: number): void {
    const { words } = this;
    for (let at = 0; at < words.length; at += 4) {
      const low = words[at]!;
      if (low === 0) continue;
      const host = (words[at + 2]! + (low & ~0xfff)) >>> 0;
      if (host >>> 12 === hostPage) this.tags.fill(0n, at / 2, at / 2 + 2);
    }
  }
}

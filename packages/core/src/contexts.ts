import type { PagedTranslation, Translation } from '@trapline/isa';
import { contextBits } from './hart-layout.ts';

const limit = 2 ** contextBits;

/** The rules of a translation beside satp, as a small number; what cannot matter to it is left out, so that contexts are shared. */
const rules = (t: PagedTranslation, isFetch: boolean): number =>
  t.privilege |
  (t.sum && t.privilege === 1 && !isFetch ? 2 : 0) |
  (t.mxr && !isFetch ? 4 : 0) |
  (t.setsAccessed ? 8 : 0) |
  (t.memoryTypes ? 16 : 0);

/** What numbers are for. */
export interface ContextsHost {
  /** A number stands for that translation from now on. */
  describe(number: number, t: Translation): void;
  /** Numbers begin again. */
  wipe(): void;
}

/**
 * Numbers for translation contexts: TLB tags carry them, so that a change of satp or privilege flushes nothing and a fence is
 * a matter of new numbers. When they run out, the TLBs are emptied and numbering starts again.
 */
export class Contexts {
  private next = 1;
  private bare: (number | undefined)[] = [];
  private readonly paged = new Map<bigint, (number | undefined)[]>();
  private readonly host: ContextsHost;

  constructor(host: ContextsHost) {
    this.host = host;
  }

  /** The number of a translation under `satp`. */
  number(satp: bigint, t: Translation, isFetch: boolean): number {
    if (t.mode === 'bare') {
      const known = this.bare[t.privilege];
      if (known !== undefined) return known;
      const fresh = this.allocate(t);
      this.bare[t.privilege] = fresh;
      return fresh;
    }
    const key = rules(t, isFetch);
    const known = this.paged.get(satp)?.[key];
    if (known !== undefined) return known;
    const fresh = this.allocate(isFetch ? { ...t, sum: false, mxr: false } : t);
    const numbers = this.paged.get(satp) ?? [];
    numbers[key] = fresh;
    this.paged.set(satp, numbers);
    return fresh;
  }

  /** Gives the page-table contexts of one ASID, or of all, new numbers. */
  renewPaged(asid: number | undefined): void {
    if (asid === undefined) {
      this.paged.clear();
      return;
    }
    for (const satp of this.paged.keys()) {
      if (Number((satp >> 44n) & 0xffffn) === asid) this.paged.delete(satp);
    }
  }

  /** Gives every context a new number. */
  renewAll(): void {
    this.bare = [];
    this.paged.clear();
  }

  private allocate(t: Translation): number {
    if (this.next === limit) {
      this.host.wipe();
      this.renewAll();
      this.next = 1;
    }
    this.host.describe(this.next, t);
    return this.next++;
  }
}

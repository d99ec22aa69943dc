import { maxRegions, regionHandler } from '../interpreter/enter-region.ts';
import { singleOf } from '../interpreter/pairs.ts';
import { slotField } from '../interpreter/slot.ts';

/** A translated region in use. */
export interface Installed {
  /** Its place in the table of functions; its entry slot's handler is `regionHandler + number`. */
  readonly number: number;
  readonly slot: number;
  /** Host offsets of its indirect jumps. */
  readonly jumps: ReadonlySet<number>;
  /** The host pages it depends on, with the first and last byte of its code in each. */
  readonly extents: readonly Extent[];
  /** How often its owner was told that it is entered often. */
  entered: number;
}

/** Bytes of a region's code in one page of RAM, as host offsets; halfwords that are code are in `halfwords`. */
export interface Extent {
  readonly hostPage: number;
  readonly halfwords: ReadonlySet<number>;
}

/** Which regions exist, by their entries and by the pages of RAM they were made of. */
export class RegionCache {
  readonly #bySlot = new Map<number, Installed>();
  readonly #byPage = new Map<number, Set<Installed>>();
  readonly #free: number[] = [];
  #fresh = 0;

  constructor(
    private readonly view: DataView,
    private readonly table: WebAssembly.Table,
    private readonly replaced: number,
    /** Is told of each slot that a region is put into. */
    private readonly placed: (slot: number) => void,
  ) {}

  get size(): number {
    return this.#bySlot.size;
  }

  at(slot: number): Installed | undefined {
    return this.#bySlot.get(slot);
  }

  /** Makes the interpreter enter `code` at the slot, instead of what was there before. False when there is no room. */
  install({ slot, jumps, extents }: Omit<Installed, 'number' | 'entered'>, code: unknown): boolean {
    const before = this.#bySlot.get(slot);
    if (before) this.#drop(before);
    const number = this.#free.pop() ?? (this.#fresh < maxRegions ? this.#fresh++ : undefined);
    if (number === undefined) return false;
    const region: Installed = { number, slot, jumps, extents, entered: 0 };
    this.table.set(number, code);
    this.#bySlot.set(slot, region);
    for (const { hostPage } of extents) {
      const others = this.#byPage.get(hostPage) ?? new Set();
      this.#byPage.set(hostPage, others.add(region));
    }
    this.enter(region);
    return true;
  }

  /** Whether a region has code in a page. */
  hasPage(hostPage: number): boolean {
    return (this.#byPage.get(hostPage)?.size ?? 0) > 0;
  }

  /** Slots of the regions that have the indirect jump at a host offset. */
  withJump(hostOffset: number): number[] {
    return this.#slotsNear(hostOffset, ({ jumps }) => jumps.has(hostOffset));
  }

  /** Slots of the regions that have code at a host offset. */
  withCode(hostOffset: number): number[] {
    const halfword = hostOffset >>> 1;
    return this.#slotsNear(hostOffset, ({ extents }) => touches(extents, halfword, halfword + 1));
  }

  #slotsNear(hostOffset: number, wanted: (region: Installed) => boolean): number[] {
    const near = [...(this.#byPage.get(hostOffset >>> 12) ?? [])];
    return near.filter(wanted).map(({ slot }) => slot);
  }

  /** Puts the region's handler into its slot, which was decoded anew. */
  enter({ number, slot }: Installed): void {
    // A pair is over when its second is; nobody would notice here.
    const single = singleOf(this.view.getUint16(slot + slotField.handler, true));
    this.view.setUint16(this.replaced + 2 * number, single, true);
    this.view.setUint16(slot + slotField.handler, regionHandler + number, true);
    this.placed(slot);
  }

  /** Drops the regions that have code among halfwords `[from, to)` (host offset / 2). */
  dropWritten(from: number, to: number): void {
    for (let hostPage = from >>> 11; hostPage <= (to - 1) >>> 11; hostPage++) {
      for (const region of this.#byPage.get(hostPage) ?? []) {
        if (touches(region.extents, from, to)) this.#drop(region);
      }
    }
  }

  /** Drops the regions that have code in a page. */
  dropPage(hostPage: number): void {
    for (const region of this.#byPage.get(hostPage) ?? []) this.#drop(region);
  }

  dropAll(): void {
    for (const region of this.#bySlot.values()) this.#drop(region);
  }

  #drop(region: Installed): void {
    const { number, slot, extents } = region;
    const at = slot + slotField.handler;
    if (this.view.getUint16(at, true) === regionHandler + number) {
      this.view.setUint16(at, this.view.getUint16(this.replaced + 2 * number, true), true);
    }
    this.#bySlot.delete(slot);
    for (const { hostPage } of extents) this.#byPage.get(hostPage)!.delete(region);
    this.table.set(number, null);
    this.#free.push(number);
  }
}

/** Whether there is code among halfwords `[from, to)`. */
export function touches(extents: readonly Extent[], from: number, to: number): boolean {
  for (const { halfwords } of extents) {
    for (let at = from; at < to; at++) if (halfwords.has(at)) return true;
  }
  return false;
}

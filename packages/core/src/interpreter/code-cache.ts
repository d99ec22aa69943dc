import type { CodePages } from '../engine.ts';
import type { CoreMemory } from '../memory.ts';
import { special } from './handlers.ts';
import { separatePairs } from './pairs.ts';
import { codePageBytes, fillSpecialSlot, pageEndSlots, slotBytes, slotField } from './slot.ts';

/** A page of RAM with predecoded code. */
interface CachedPage {
  readonly hostPage: number;
  /** Address of its first slot. */
  readonly slots: number;
  /** Writes since an instruction of the page was last decoded: beside code, and over it. */
  writes: number;
  overwrites: number;
  /** Instructions that are decoded. */
  decoded: number;
  /** How often it was left where it was, though its turn had come, because of what was translated from it. */
  spared: number;
}

/** A page that code was translated from makes room only at its next turn but so many. */
const mostSpared = 3;

export interface CodeCacheOptions {
  /** Pages there is room for. */
  readonly capacity: number;
  /** Is told the slots address and number of a page that is no longer there. */
  forgotten(slots: number, hostPage: number): void;
  /** Whether there are translations of the page's code. */
  isTranslated(hostPage: number): boolean;
}

/** So many writes over code without new code in between, and the page is taken for data again. */
const overwritesBeforeDrop = 8;

/**
 * The same for writes beside code; but code and data may share a page, so that each time it was so twice as many are needed the next time.
 */
const fewestWrites = 16;
const mostWrites = 4096;

const pageBytes = 4096;
const halfwordShift = 1;

/** The bounded pool of predecoded pages, in the memory the interpreter runs on. The oldest page makes room for a new one, translated ones later. */
export class CodeCache {
  readonly #base: number;
  readonly #frames: (CachedPage | undefined)[];
  readonly #pages = new Map<number, CachedPage>();
  readonly #patience = new Map<number, number>();
  #nextFrame = 0;

  constructor(
    private readonly memory: CoreMemory,
    private readonly codePages: CodePages,
    private readonly options: CodeCacheOptions,
  ) {
    const { capacity } = options;
    this.#base = memory.allocate(capacity * codePageBytes);
    this.#frames = new Array<CachedPage | undefined>(capacity).fill(undefined);
  }

  /** Address of the first slot of a page of RAM, which is cached from now on. */
  slotsOf(hostPage: number): number {
    return (this.#pages.get(hostPage) ?? this.#add(hostPage)).slots;
  }

  /** Address of the first slot of a page of RAM if it is cached, or 0. */
  knownSlotsOf(hostPage: number): number {
    return this.#pages.get(hostPage)?.slots ?? 0;
  }

  /** Host offset of the halfword a slot stands for, which is about to be decoded. */
  hostOffsetOf(slot: number): number {
    const frame = Math.floor((slot - this.#base) / codePageBytes);
    const page = this.#frames[frame]!;
    page.writes = 0;
    page.overwrites = 0;
    page.decoded++;
    return page.hostPage * pageBytes + (((slot - page.slots) / slotBytes) << halfwordShift);
  }

  /** Code of the page runs often, whatever is written beside it. */
  busy(hostPage: number): void {
    const page = this.#pages.get(hostPage);
    if (page) page.writes = 0;
    this.#patience.set(hostPage, mostWrites);
  }

  /** Number of the page a slot is of, and the place in it of the instruction it stands for. */
  placeOf(slot: number): { hostPage: number; offset: number } {
    const page = this.#frames[Math.floor((slot - this.#base) / codePageBytes)]!;
    return { hostPage: page.hostPage, offset: ((slot - page.slots) / slotBytes) << halfwordShift };
  }

  /** Forgets what was decoded from `[hostOffset, hostOffset + bytes)`. */
  written(hostOffset: number, bytes: number): void {
    const end = hostOffset + bytes;
    const lastPage = Math.floor((end - 1) / pageBytes);
    for (let hostPage = Math.floor(hostOffset / pageBytes); hostPage <= lastPage; hostPage++) {
      const page = this.#pages.get(hostPage);
      const start = hostPage * pageBytes;
      if (page) this.#writtenIn(page, Math.max(hostOffset - start, 0), Math.min(end - start, pageBytes));
    }
  }

  #writtenIn(page: CachedPage, from: number, to: number): void {
    // A 4-byte instruction may start a halfword earlier. One over the page's start is never cached by its bytes.
    const first = Math.max((from >>> halfwordShift) - 1, 0);
    const last = (to - 1) >>> halfwordShift;
    if (to - from === pageBytes || this.#isDataNow(page, first, last)) this.#drop(page);
    else {
      this.memory.u8.fill(0, page.slots + first * slotBytes, page.slots + (last + 1) * slotBytes);
      separatePairs(this.memory.view, page.slots, first);
    }
  }

  /** Counts a write to those slots; whether it was one too many. */
  #isDataNow(page: CachedPage, first: number, last: number): boolean {
    const lost = this.#decodedIn(page, first, last);
    page.decoded -= lost;
    if (lost > 0) return page.decoded <= 0 || ++page.overwrites > overwritesBeforeDrop;
    const patience = this.#patience.get(page.hostPage) ?? fewestWrites;
    if (++page.writes <= patience) return false;
    this.#patience.set(page.hostPage, Math.min(2 * patience, mostWrites));
    return true;
  }

  #decodedIn({ slots }: CachedPage, first: number, last: number): number {
    let count = 0;
    for (let slot = first; slot <= last; slot++) {
      if (this.memory.view.getUint16(slots + slot * slotBytes + slotField.handler, true) !== 0) count++;
    }
    return count;
  }

  #add(hostPage: number): CachedPage {
    const frame = this.#frameInTurn();
    const old = this.#frames[frame];
    if (old) this.#drop(old);
    const slots = this.#base + frame * codePageBytes;
    this.memory.u8.fill(0, slots, slots + codePageBytes);
    for (const end of pageEndSlots) {
      fillSpecialSlot(this.memory.view, slots + end * slotBytes, { handler: special.pageEnd });
    }
    const page: CachedPage = { hostPage, slots, writes: 0, overwrites: 0, decoded: 0, spared: 0 };
    this.#frames[frame] = page;
    this.#pages.set(hostPage, page);
    this.codePages.mark(hostPage, slots);
    return page;
  }

  #frameInTurn(): number {
    for (;;) {
      const frame = this.#nextFrame;
      this.#nextFrame = (frame + 1) % this.#frames.length;
      const page = this.#frames[frame];
      if (!page || page.spared === mostSpared || !this.options.isTranslated(page.hostPage)) return frame;
      page.spared++;
    }
  }

  #drop(page: CachedPage): void {
    this.#pages.delete(page.hostPage);
    this.#frames[(page.slots - this.#base) / codePageBytes] = undefined;
    this.codePages.unmark(page.hostPage);
    this.options.forgotten(page.slots, page.hostPage);
  }
}

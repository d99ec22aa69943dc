import { derivedField, derivedRecordBytes } from '@trapline/core';

/** An entry of a table: the address of the page or table it leads to, and its lowest ten bits. */
export interface Entry {
  readonly frame: number;
  readonly bits: number;
}

export const entryBytes = 8;
const pageBytes = 4096;
const frameShift = 10;
/** Page numbers in an entry's lower half. */
const lowFrames = 2 ** (32 - frameShift);

/** An entry as the privileged specification encodes it ("Sv39: Page-Based 39-bit Virtual-Memory System"). */
export const wordOf = ({ frame, bits }: Entry): bigint =>
  (BigInt(frame / pageBytes) << BigInt(frameShift)) | BigInt(bits);
const recordWords = derivedRecordBytes / 4;

/** What a pool is made of: views of core memory, and the host-physical address of the first. */
export interface PoolMemory {
  readonly base: number;
  /** Whole pages. */
  readonly words: BigUint64Array;
  /** A record for each page (core, "Tables that a monitor derives"), zero at first. */
  readonly records: Uint32Array;
}

/** Host-physical pages shadow tables are made of: a fixed region of core memory no guest is given. */
export class TablePool {
  readonly #free: number[] = [];
  /** Two to an entry: what changes them makes no BigInt. */
  readonly #halves: Uint32Array;
  readonly #records: Uint32Array;
  readonly #base: number;
  #fills = 0;
  readonly pages: number;

  constructor({ base, words, records }: PoolMemory) {
    this.#base = base;
    this.#halves = new Uint32Array(words.buffer, words.byteOffset, 2 * words.length);
    this.#records = records;
    this.pages = Math.floor(words.length / 512);
    for (let page = this.pages - 1; page >= 0; page--) this.#free.push(base + page * pageBytes);
  }

  /** Bytes of the records of so many bytes of pages, whole pages too. */
  static recordBytes(bytes: number): number {
    return Math.ceil(((bytes / pageBytes) * derivedRecordBytes) / pageBytes) * pageBytes;
  }

  get used(): number {
    return this.pages - this.#free.length;
  }

  get available(): number {
    return this.#free.length;
  }

  /** A zeroed page's host-physical address, or undefined when the pool is exhausted. */
  allocate(): number | undefined {
    const page = this.#free.pop();
    if (page !== undefined) {
      const at = this.#halfOf(page);
      this.#halves.fill(0, at, at + pageBytes / 4);
    }
    return page;
  }

  free(page: number): void {
    this.takeFills(page);
    this.#records[this.#recordOf(page) + derivedField.from / 4] = 0;
    this.#free.push(page);
  }

  /** The table in a page shadows the guest's table in that host page, entry for entry, and may be filled in place. */
  derive(page: number, from: number): void {
    this.#records[this.#recordOf(page) + derivedField.from / 4] = from;
  }

  /** How many leaves of a page's table were filled in place since this was asked. */
  takeFills(page: number): number {
    const at = this.#recordOf(page) + derivedField.fills / 4;
    const fills = this.#records[at]!;
    this.#records[at] = 0;
    this.#fills += fills;
    return fills;
  }

  /** Leaves ever filled in place. */
  get fills(): number {
    const at = derivedField.fills / 4;
    return this.#records.reduce((sum, word, n) => sum + (n % recordWords === at ? word : 0), this.#fills);
  }

  #recordOf(page: number): number {
    return ((page - this.#base) / pageBytes) * recordWords;
  }

  /** Whether there is an entry at an address. */
  isUsed(address: number): boolean {
    const at = this.#halfOf(address);
    return (this.#halves[at]! | this.#halves[at + 1]!) !== 0;
  }

  frame(address: number): number {
    const at = this.#halfOf(address);
    return ((this.#halves[at]! >>> frameShift) + this.#halves[at + 1]! * lowFrames) * pageBytes;
  }

  /** The lowest ten bits of an entry. */
  bits(address: number): number {
    return this.#halves[this.#halfOf(address)]! & (2 ** frameShift - 1);
  }

  write(address: number, { frame, bits }: Entry): void {
    const at = this.#halfOf(address);
    const page = frame / pageBytes;
    this.#halves[at] = (page << frameShift) | bits;
    this.#halves[at + 1] = Math.floor(page / lowFrames);
  }

  clear(address: number): void {
    const at = this.#halfOf(address);
    this.#halves[at] = 0;
    this.#halves[at + 1] = 0;
  }

  #halfOf(address: number): number {
    return (address - this.#base) / 4;
  }
}

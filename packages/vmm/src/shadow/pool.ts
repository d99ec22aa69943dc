/** Host-physical pages shadow tables are made of: a fixed region of core memory no guest is given. */
export class TablePool {
  readonly #free: number[] = [];
  readonly #words: BigUint64Array;
  readonly #base: number;
  readonly pages: number;

  /** `base` is the host-physical address of `words`, a page-aligned view of that memory. */
  constructor(base: number, words: BigUint64Array) {
    this.#base = base;
    this.#words = words;
    this.pages = Math.floor(words.length / 512);
    for (let page = this.pages - 1; page >= 0; page--) this.#free.push(base + page * 4096);
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
      const word = (page - this.#base) / 8;
      this.#words.fill(0n, word, word + 512);
    }
    return page;
  }

  free(page: number): void {
    this.#free.push(page);
  }

  read(address: number): bigint {
    return this.#words[(address - this.#base) / 8]!;
  }

  write(address: number, value: bigint): void {
    this.#words[(address - this.#base) / 8] = value;
  }
}

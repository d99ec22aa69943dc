import type { ByteSink } from '@trapline/core';

/** Takes what a guest printed; a promise holds the guest back until it resolves. */
export type OutputListener = (bytes: Uint8Array) => void | Promise<void>;

/** Collects what the serial port transmits and hands it out in chunks. */
export class ConsoleOutput implements ByteSink {
  #buffer = new Uint8Array(4096);
  #length = 0;
  readonly #listeners = new Set<OutputListener>();

  write(byte: number): void {
    if (this.#length === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer[this.#length++] = byte;
  }

  /** Calls `listener` with everything printed from now on; the returned function stops that. */
  listen(listener: OutputListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hands out what was collected; what to wait for before printing more, if anything. */
  flush(): Promise<unknown> | undefined {
    if (this.#length === 0) return undefined;
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    const busy = [...this.#listeners]
      .map((listener) => listener(bytes))
      .filter((result) => result !== undefined);
    return busy.length > 0 ? Promise.all(busy) : undefined;
  }
}

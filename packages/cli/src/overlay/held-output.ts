import type { Writable } from 'node:stream';
import { type Output, write } from '../host.ts';

/** What is kept while something else has the terminal; of more than that, the newest. */
const heldBytes = 1024 ** 2;

/** The text of a run on its way to the terminal: while it is held it collects here and comes later. */
export class HeldOutput {
  #held: { readonly stream: Writable; readonly bytes: Uint8Array }[] | undefined;
  #bytes = 0;
  #dropped = 0;
  readonly #shown: (bytes: Uint8Array) => void;

  /** `shown` is told of what a terminal is given. */
  constructor(shown: (bytes: Uint8Array) => void = () => {}) {
    this.#shown = shown;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#bytes;
  }

  hold(): void {
    this.#held ??= [];
  }

  /** Lets out what was kept, and says how much was too old to be kept. */
  async release(): Promise<void> {
    const [held, dropped] = [this.#held ?? [], this.#dropped];
    this.#held = undefined;
    this.#bytes = 0;
    this.#dropped = 0;
    const first = held[0];
    if (dropped > 0 && first)
      await write(
        first.stream,
        `\r\n[${dropped.toLocaleString('en-US')} bytes before this are not shown]\r\n`,
      );
    for (const { stream, bytes } of held) {
      this.#shown(bytes);
      await write(stream, bytes);
    }
  }

  /** Resolves when there is room for more. */
  write(stream: Output, data: Uint8Array | string): Promise<void> {
    return this.#keep(stream, data) ? Promise.resolve() : write(stream, data);
  }

  /** As `write`, for those who do not wait for room. */
  put(stream: Output, data: string): void {
    if (!this.#keep(stream, data) && !stream.destroyed && !stream.writableEnded) stream.write(data);
  }

  /** Files and pipes are never held: they do not disturb who has the terminal. */
  #keep(stream: Output, data: Uint8Array | string): boolean {
    if (stream.isTTY !== true) return false;
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    if (this.#held === undefined) {
      this.#shown(bytes);
      return false;
    }
    this.#held.push({ stream, bytes });
    this.#bytes += bytes.length;
    while (this.#bytes > heldBytes) {
      const oldest = this.#held.shift()!.bytes.length;
      this.#bytes -= oldest;
      this.#dropped += oldest;
    }
    return true;
  }
}

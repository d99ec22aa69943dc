/** Bytes in order, kept in the chunks they came in: adding copies them once, taking never moves the others. */
export class ByteQueue {
  /** Of the first chunk all before `#taken` is gone. */
  #chunks: Uint8Array[] = [];
  #taken = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Iterable<number>): void {
    const chunk = Uint8Array.from(bytes);
    if (chunk.length > 0) this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Some of the oldest bytes, at least one unless the queue is empty. */
  front(): Uint8Array {
    return this.#chunks[0]?.subarray(this.#taken) ?? new Uint8Array(0);
  }

  /** Removes so many bytes of `front`. */
  drop(bytes: number): void {
    this.#taken += bytes;
    this.#length -= bytes;
    if (this.#taken < (this.#chunks[0]?.length ?? 0)) return;
    this.#chunks.shift();
    this.#taken = 0;
  }

  /** Takes the oldest byte. */
  shift(): number | undefined {
    const byte = this.#chunks[0]?.[this.#taken];
    if (byte !== undefined) this.drop(1);
    return byte;
  }
}

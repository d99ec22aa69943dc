import type { DiskBackend, Persistent } from '@trapline/core';

/** A disk in host memory. Writes change the array it was given. */
export class MemoryDisk implements DiskBackend, Persistent<Uint8Array> {
  readonly synchronous = true;
  readonly readOnly: boolean;
  readonly #contents: Uint8Array;

  constructor(contents: Uint8Array, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#contents = contents;
    this.readOnly = readOnly;
  }

  get bytes(): number {
    return this.#contents.length;
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.#contents.subarray(offset, offset + into.length));
  }

  write(offset: number, from: Uint8Array): void {
    this.#contents.set(from, offset);
  }

  flush(): void {}

  save(): Uint8Array {
    return this.#contents.slice();
  }

  restore(contents: Uint8Array): void {
    this.#contents.set(contents);
  }
}

import type { DiskBackend } from '@trapline/machine';
import { type BlockStore, blockBytes } from './block-store.ts';

/** A disk over an image that is never written: changed blocks go to a store of the browser. */
export class KeptDisk implements DiskBackend {
  readonly synchronous = true;
  readonly readOnly = false;
  readonly #image: Uint8Array;
  readonly #store: BlockStore;
  readonly #failed: (error: unknown) => void;

  /** `failed` hears of every write the browser refused; the guest sees an I/O error. */
  constructor(image: Uint8Array, store: BlockStore, failed: (error: unknown) => void) {
    this.#image = image;
    this.#store = store;
    this.#failed = failed;
  }

  get bytes(): number {
    return this.#image.length;
  }

  /** Bytes of blocks that differ from the image. */
  get changedBytes(): number {
    return this.#store.size * blockBytes;
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.#image.subarray(offset, offset + into.length));
    for (const { block, within, at, bytes } of blocksOf(offset, into.length)) {
      if (!this.#store.has(block)) continue;
      // The browser's files do not read into memory that WebAssembly may grow.
      const copy = new Uint8Array(bytes);
      this.#store.read(block, within, copy);
      into.set(copy, at);
    }
  }

  write(offset: number, from: Uint8Array): void {
    try {
      for (const { block, within, at, bytes } of blocksOf(offset, from.length))
        this.#writeBlock(block, within, from.slice(at, at + bytes));
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  flush(): void {
    this.#store.flush();
  }

  /** The whole disk as the guest sees it. */
  contents(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.bytes);
    this.read(0, all);
    return all;
  }

  discard(): void {
    this.#store.clear();
  }

  close(): void {
    this.#store.flush();
    this.#store.close();
  }

  #writeBlock(block: number, within: number, bytes: Uint8Array): void {
    if (this.#store.has(block)) {
      this.#store.write(block, within, bytes);
      return;
    }
    const contents = new Uint8Array(blockBytes);
    contents.set(this.#image.subarray(block * blockBytes, (block + 1) * blockBytes));
    contents.set(bytes, within);
    this.#store.add(block, contents);
  }
}

/** The blocks a range touches: which part of each, and where that part is in the range. */
function* blocksOf(offset: number, length: number) {
  for (let at = 0; at < length; ) {
    const within = (offset + at) % blockBytes;
    const bytes = Math.min(blockBytes - within, length - at);
    yield { block: Math.floor((offset + at) / blockBytes), within, at, bytes };
    at += bytes;
  }
}

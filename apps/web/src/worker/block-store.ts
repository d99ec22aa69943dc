/** The browser's synchronous file, as far as a block store uses it. Positions and lengths are bytes. */
export interface SyncFile {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(from: Uint8Array, options: { readonly at: number }): number;
  getSize(): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}

/** Bytes of a block: what is copied when something in it is first written. */
export const blockBytes = 4096;

const headerBytes = 16;
const magic = 'TLDISK01';
const entryBytes = 4;

/** A store that belongs to something else, or is damaged: it is left as it is. */
export class ForeignStore extends Error {}

/**
 * Changed blocks of one disk image, in two files: `data` holds blocks in the order they were first written, `index` a header and,
 * in the same order, their numbers. A block's data is written before its number is: whatever moment the browser dies at, the store is
 * one that was true a moment before.
 */
export class BlockStore {
  readonly #index: SyncFile;
  readonly #data: SyncFile;
  readonly #slots = new Map<number, number>();

  /** `blocks` is how many the image has. Throws ForeignStore. */
  constructor(files: { readonly index: SyncFile; readonly data: SyncFile }, blocks: number) {
    this.#index = files.index;
    this.#data = files.data;
    if (this.#index.getSize() === 0) this.#writeHeader(blocks);
    else this.#load(blocks);
  }

  /** How many blocks differ from the image. */
  get size(): number {
    return this.#slots.size;
  }

  has(block: number): boolean {
    return this.#slots.has(block);
  }

  read(block: number, within: number, into: Uint8Array): void {
    const got = this.#data.read(into, { at: this.#slots.get(block)! * blockBytes + within });
    if (got !== into.length) throw new Error('the stored disk is shorter than its index says');
  }

  /** Overwrites part of a block that is here. */
  write(block: number, within: number, from: Uint8Array): void {
    put(this.#data, from, this.#slots.get(block)! * blockBytes + within);
  }

  /** Takes in a block that is not here yet. */
  add(block: number, contents: Uint8Array): void {
    const slot = this.#slots.size;
    put(this.#data, contents, slot * blockBytes);
    const entry = new Uint8Array(entryBytes);
    new DataView(entry.buffer).setUint32(0, block, true);
    put(this.#index, entry, headerBytes + slot * entryBytes);
    this.#slots.set(block, slot);
  }

  flush(): void {
    this.#data.flush();
    this.#index.flush();
  }

  /** Forgets every change. */
  clear(): void {
    this.#index.truncate(headerBytes);
    this.#data.truncate(0);
    this.#slots.clear();
  }

  close(): void {
    this.#data.close();
    this.#index.close();
  }

  #writeHeader(blocks: number): void {
    const header = new Uint8Array(headerBytes);
    header.set(new TextEncoder().encode(magic));
    new DataView(header.buffer).setUint32(8, blocks, true);
    put(this.#index, header, 0);
  }

  #load(blocks: number): void {
    const bytes = new Uint8Array(this.#index.getSize());
    this.#index.read(bytes, { at: 0 });
    const view = new DataView(bytes.buffer);
    const known = bytes.length >= headerBytes && new TextDecoder().decode(bytes.subarray(0, 8)) === magic;
    if (!known || view.getUint32(8, true) !== blocks)
      throw new ForeignStore('what is stored for this disk is not its changes');
    // An entry cut off, or without its data, was being written when the browser died: the write never happened.
    const stored = Math.floor(this.#data.getSize() / blockBytes);
    const entries = Math.min(Math.floor((bytes.length - headerBytes) / entryBytes), stored);
    for (let slot = 0; slot < entries; slot++) {
      const block = view.getUint32(headerBytes + slot * entryBytes, true);
      if (block >= blocks || this.#slots.has(block)) throw new ForeignStore('the stored disk is damaged');
      this.#slots.set(block, slot);
    }
  }
}

function put(file: SyncFile, bytes: Uint8Array, at: number): void {
  if (file.write(bytes, { at }) !== bytes.length) throw new Error('the browser stored only part of a block');
}

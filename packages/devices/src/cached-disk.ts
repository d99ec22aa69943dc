import type { DiskBackend } from '@trapline/core';

export interface CachedDiskOptions {
  /** Memory for blocks, in bytes. Default 8 MiB. */
  readonly cacheBytes?: number;
}

const blockBytes = 256 * 1024;
/** How far a sequential reader is run ahead of. */
const aheadBytes = 2 * 1024 ** 2;
const defaultCacheBytes = 8 * 1024 ** 2;

/** A piece of the disk in memory, or on its way there. */
interface Block {
  readonly contents: Uint8Array;
  /** Readers that still need the contents: they stay as they are. */
  readers: number;
  /** Until the contents are there; rejects when they cannot be had. */
  loading: Promise<void> | undefined;
}

/** The part of a block that a range touches. */
interface Span {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** A write under way: bytes `start` up to `end`. `done` never rejects. */
interface Write {
  readonly start: number;
  readonly end: number;
  readonly done: Promise<unknown>;
  /** Whether blocks in memory have it already. */
  begun: boolean;
}

/**
 * An asynchronous disk whose recent and next blocks are in memory, so that most reads are answered at once, and none by
 * stopping whoever asks. Nobody else may change the disk underneath.
 *
 * What overlaps happens in the order it was asked for; writes are not held back, and `flush` follows all of them.
 */
export class CachedDisk implements DiskBackend {
  readonly readOnly: boolean;
  readonly #base: DiskBackend;
  readonly #mostBlocks: number;
  /** By number, least recently used first. */
  readonly #blocks = new Map<number, Block>();
  /** Memory of blocks that went, to be used again. */
  readonly #spare: Uint8Array[] = [];
  readonly #writes = new Set<Write>();
  /** Where the last read ended: one that starts there is sequential. */
  #readEnd = -1;

  constructor(base: DiskBackend, { cacheBytes = defaultCacheBytes }: CachedDiskOptions = {}) {
    this.#base = base;
    this.readOnly = base.readOnly;
    this.#mostBlocks = Math.max(1, Math.floor(cacheBytes / blockBytes));
  }

  get bytes(): number {
    return this.#base.bytes;
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    return this.lend(offset, into.length, (parts) => {
      let at = 0;
      for (const part of parts) {
        into.set(part, at);
        at += part.length;
      }
    });
  }

  lend(offset: number, bytes: number, use: (parts: readonly Uint8Array[]) => void): void | Promise<void> {
    const spans = spansOf(offset, bytes);
    const blocks = spans.map(({ number }) => this.#block(number));
    for (const block of blocks) block.readers++;
    const release = (): void => {
      for (const block of blocks) block.readers--;
    };
    const give = (): void =>
      use(blocks.map(({ contents }, at) => contents.subarray(spans[at]!.from, spans[at]!.to)));
    if (offset === this.#readEnd) this.#readAhead(offset + bytes);
    this.#readEnd = offset + bytes;
    const before = [
      ...blocks.flatMap((block) => block.loading ?? []),
      ...this.#writesIn(offset, offset + bytes, ({ begun }) => !begun),
    ];
    if (before.length > 0) return Promise.all(before).then(give).finally(release);
    try {
      give();
    } finally {
      release();
    }
  }

  write(offset: number, from: Uint8Array): Promise<void> {
    const [start, end] = [offset, offset + from.length];
    const before = [...this.#writesIn(start, end), ...this.#loadingIn(offset, from.length)];
    const begin = (): Promise<void> => {
      write.begun = true;
      return this.#writeThrough(offset, from);
    };
    const { promise, resolve } = latch();
    const write: Write = { start, end, done: promise, begun: false };
    this.#writes.add(write);
    const written = before.length > 0 ? Promise.all(before).then(begin) : begin();
    const over = (): void => {
      this.#writes.delete(write);
      resolve();
    };
    written.then(over, over);
    return written;
  }

  async flush(): Promise<void> {
    await Promise.all(this.#writesIn(0, Number.POSITIVE_INFINITY));
    await this.#base.flush();
  }

  #writesIn(start: number, end: number, which: (write: Write) => boolean = () => true): Promise<unknown>[] {
    return [...this.#writes]
      .filter((write) => write.start < end && start < write.end && which(write))
      .map(({ done }) => done);
  }

  #loadingIn(offset: number, bytes: number): Promise<unknown>[] {
    const loading = spansOf(offset, bytes).flatMap(({ number }) => this.#blocks.get(number)?.loading ?? []);
    return loading.map((load) => load.catch(() => undefined));
  }

  async #writeThrough(offset: number, from: Uint8Array): Promise<void> {
    const spans = spansOf(offset, from.length);
    let at = 0;
    for (const { number, from: start, to } of spans) {
      this.#blocks.get(number)?.contents.set(from.subarray(at, at + to - start), start);
      at += to - start;
    }
    try {
      await this.#base.write(offset, from);
    } catch (error) {
      // What the disk has now nobody knows.
      for (const { number } of spans) this.#blocks.delete(number);
      throw error;
    }
  }

  #readAhead(from: number): void {
    const end = Math.min(this.bytes, from + aheadBytes);
    for (let number = Math.ceil(from / blockBytes); number * blockBytes < end; number++) this.#block(number);
  }

  #block(number: number): Block {
    const held = this.#blocks.get(number);
    const block = held ?? this.#load(number);
    // Last in order: it is the most recently used one.
    if (held) this.#blocks.delete(number);
    this.#blocks.set(number, block);
    if (!held) this.#makeRoom();
    return block;
  }

  #load(number: number): Block {
    const start = number * blockBytes;
    const contents = (this.#spare.pop() ?? new Uint8Array(blockBytes)).subarray(0, this.bytes - start);
    const block: Block = { contents, readers: 0, loading: undefined };
    const before = this.#writesIn(start, start + contents.length);
    const load = async (): Promise<void> => {
      try {
        if (before.length > 0) await Promise.all(before);
        await this.#base.read(start, contents);
      } catch (error) {
        if (this.#blocks.get(number) === block) this.#blocks.delete(number);
        throw error;
      } finally {
        block.loading = undefined;
      }
    };
    block.loading = load();
    // Whoever needs the block hears what went wrong; a block read ahead may have nobody.
    block.loading.catch(() => {});
    return block;
  }

  #makeRoom(): void {
    for (const [number, { contents, readers, loading }] of this.#blocks) {
      if (this.#blocks.size <= this.#mostBlocks) return;
      if (readers > 0 || loading) continue;
      this.#blocks.delete(number);
      this.#spare.push(new Uint8Array(contents.buffer));
    }
  }
}

/** The blocks `[offset, offset+bytes)` touches. */
function spansOf(offset: number, bytes: number): Span[] {
  const found = [];
  const end = offset + bytes;
  for (let number = Math.floor(offset / blockBytes); number * blockBytes < end; number++) {
    const start = number * blockBytes;
    found.push({ number, from: Math.max(0, offset - start), to: Math.min(blockBytes, end - start) });
  }
  return found;
}

/** A promise, and what resolves it. */
function latch(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

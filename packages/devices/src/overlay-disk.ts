import type { DiskBackend, Persistent } from '@trapline/core';

/** Overwritten sectors by number. */
export type OverlayDiskState = ReadonlyMap<number, Uint8Array>;

const sectorBytes = 512;

/** A writable disk over another that is never written: changed sectors stay in host memory. */
export class OverlayDisk implements DiskBackend, Persistent<OverlayDiskState> {
  readonly readOnly = false;
  readonly synchronous: boolean;
  readonly #base: DiskBackend;
  #changed = new Map<number, Uint8Array>();

  constructor(base: DiskBackend) {
    this.#base = base;
    this.synchronous = base.synchronous ?? false;
  }

  get bytes(): number {
    return this.#base.bytes;
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    return andThen(this.#base.read(offset, into), () => {
      for (const { sector, within, at, bytes } of sectorsOf(offset, into.length)) {
        const changed = this.#changed.get(sector);
        if (changed !== undefined) into.set(changed.subarray(within, within + bytes), at);
      }
    });
  }

  write(offset: number, from: Uint8Array): void | Promise<void> {
    const parts = [...sectorsOf(offset, from.length)];
    const loads = parts.map(({ sector, bytes }) => this.#own(sector, bytes === sectorBytes));
    const pending = loads.filter((load) => load instanceof Promise);
    return andThen(pending.length > 0 ? Promise.all(pending) : undefined, () => {
      for (const { sector, within, at, bytes } of parts)
        this.#changed.get(sector)!.set(from.subarray(at, at + bytes), within);
    });
  }

  /** Nothing to make durable: the changes live as long as this object. */
  flush(): void {}

  save(): OverlayDiskState {
    return copy(this.#changed);
  }

  restore(state: OverlayDiskState): void {
    this.#changed = copy(state);
  }

  /** Gives the sector a copy of its own, with the base's bytes unless all of it is about to be overwritten. */
  #own(sector: number, whole: boolean): void | Promise<void> {
    if (this.#changed.has(sector)) return;
    const contents = new Uint8Array(sectorBytes);
    const start = sector * sectorBytes;
    const onBase = contents.subarray(0, Math.min(sectorBytes, this.bytes - start));
    return andThen(whole ? undefined : this.#base.read(start, onBase), () => {
      if (!this.#changed.has(sector)) this.#changed.set(sector, contents);
    });
  }
}

/** The sectors `[offset, offset+bytes)` touches: the part of each, and where that part is in the range. */
function* sectorsOf(offset: number, length: number) {
  for (let at = 0; at < length; ) {
    const within = (offset + at) % sectorBytes;
    const bytes = Math.min(sectorBytes - within, length - at);
    yield { sector: Math.floor((offset + at) / sectorBytes), within, at, bytes };
    at += bytes;
  }
}

function andThen(first: unknown, next: () => void): void | Promise<void> {
  if (first instanceof Promise) return first.then(next);
  next();
}

const copy = (sectors: OverlayDiskState): Map<number, Uint8Array> =>
  new Map([...sectors].map(([sector, contents]) => [sector, contents.slice()]));

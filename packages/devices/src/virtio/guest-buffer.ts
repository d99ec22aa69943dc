import type { DmaMemory } from '@trapline/core';
import { DriverError } from './driver-error.ts';

/** A contiguous piece of guest-physical memory. */
export interface Segment {
  readonly address: bigint;
  readonly bytes: number;
}

/** The bytes at `[address, address+bytes)`; a driver error when they are not all RAM. The view lives until the caller returns. */
export function guestView(memory: DmaMemory, address: bigint, bytes: number): Uint8Array {
  const view = memory.view(address, bytes);
  if (view === undefined)
    throw new DriverError(`[0x${address.toString(16)}, +0x${bytes.toString(16)}) is not all RAM`);
  return view;
}

/** A buffer in guest memory made of segments, seen as one run of bytes: a device must not care how a driver cut it. */
export class GuestBuffer {
  /** Length in bytes. */
  readonly bytes: number;
  readonly segments: readonly Segment[];
  readonly #memory: DmaMemory;

  constructor(memory: DmaMemory, segments: readonly Segment[]) {
    this.#memory = memory;
    this.segments = segments;
    this.bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** The part from byte `start` up to byte `end`, both clipped to the buffer. */
  slice(start: number, end: number = this.bytes): GuestBuffer {
    const parts: Segment[] = [];
    let at = 0;
    for (const { address, bytes } of this.segments) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, bytes);
      if (from < to) parts.push({ address: address + BigInt(from), bytes: to - from });
      at += bytes;
    }
    return new GuestBuffer(this.#memory, parts);
  }

  /** The same bytes in buffers of `limit` bytes, the last one shorter. */
  *pieces(limit: number): Generator<GuestBuffer> {
    let [part, room]: [Segment[], number] = [[], limit];
    for (const segment of this.segments)
      for (let at = 0; at < segment.bytes; ) {
        const bytes = Math.min(room, segment.bytes - at);
        part.push({ address: segment.address + BigInt(at), bytes });
        at += bytes;
        room -= bytes;
        if (room > 0) continue;
        yield new GuestBuffer(this.#memory, part);
        [part, room] = [[], limit];
      }
    if (part.length > 0) yield new GuestBuffer(this.#memory, part);
  }

  /** A copy of the first `limit` bytes. */
  read(limit: number = this.bytes): Uint8Array {
    const part = this.slice(0, limit);
    const copy = new Uint8Array(part.bytes);
    let at = 0;
    for (const segment of part.segments) {
      copy.set(this.view(segment), at);
      at += segment.bytes;
    }
    return copy;
  }

  /** Copies as much of `from` as fits to the start of the buffer; gives how many bytes that was. */
  write(from: Uint8Array): number {
    const part = this.slice(0, from.length);
    part.fill([from]);
    return part.bytes;
  }

  /** Copies `parts` to the start of the buffer, one after the other, as far as they fit. */
  fill(parts: readonly Uint8Array[]): void {
    const rest = parts[Symbol.iterator]();
    let part: Uint8Array = new Uint8Array(0);
    for (const segment of this.segments)
      this.change(segment, (view) => {
        for (let at = 0; at < view.length; ) {
          if (part.length === 0) {
            const next = rest.next();
            if (next.done) return;
            part = next.value;
            continue;
          }
          const next = part.subarray(0, view.length - at);
          view.set(next, at);
          at += next.length;
          part = part.subarray(next.length);
        }
      });
  }

  /** One segment's bytes, in place, for reading. */
  view({ address, bytes }: Segment): Uint8Array {
    return guestView(this.#memory, address, bytes);
  }

  /** Lets `fill` change one segment in place; what it changed counts even if it throws. */
  change(segment: Segment, fill: (bytes: Uint8Array) => void): void {
    const view = this.view(segment);
    try {
      fill(view);
    } finally {
      this.#memory.written(segment.address, segment.bytes);
    }
  }
}

import { HostError } from './host-error.ts';
import type { MemoryLimits } from './wasm/module.ts';

const wasmPageBytes = 65536;
const pageBytes = 4096;

/** Host offsets are byte positions in the one WebAssembly memory, 0 .. 2^32-1. */
export interface MemoryOptions {
  /** Everything that will ever be allocated, in bytes; the host commits pages as they are touched. */
  readonly bytes: number;
  /** A SharedArrayBuffer memory, for harts in workers. */
  readonly shared?: boolean;
}

/**
 * How a module imports the memory. Below `reachable` bytes constant addresses are known to be in it, which makes for simpler machine code;
 * a shared memory's size must be stated.
 */
export const importLimits = (sharedPages: number | undefined, reachable = 1): MemoryLimits =>
  sharedPages === undefined
    ? { initial: Math.ceil(reachable / wasmPageBytes) }
    : { initial: sharedPages, maximum: sharedPages, shared: true };

/** The one memory that holds all state guests can reach, and an allocator of page-aligned regions in it. Never grows, so views stay valid. */
export class CoreMemory {
  readonly wasm: WebAssembly.Memory;
  readonly buffer: ArrayBufferLike;
  readonly u8: Uint8Array;
  readonly view: DataView;
  readonly bytes: number;
  private next = pageBytes; // offset 0 is never a region: a zero offset in a table means "none"
  private readonly free: { offset: number; bytes: number }[] = [];

  /** Throws HostError `memory-unavailable` when the host cannot give that much. */
  constructor(options: MemoryOptions) {
    const pages = Math.ceil((options.bytes + pageBytes) / wasmPageBytes);
    this.wasm = makeMemory(pages, options.shared ?? false);
    this.buffer = this.wasm.buffer;
    this.u8 = new Uint8Array(this.buffer);
    this.view = new DataView(this.buffer);
    this.bytes = pages * wasmPageBytes;
  }

  /** A shared memory's size in 64 KiB pages, which modules that import it must state; undefined: it is not shared. */
  get sharedPages(): number | undefined {
    const shared = typeof SharedArrayBuffer !== 'undefined' && this.buffer instanceof SharedArrayBuffer;
    return shared ? this.bytes / wasmPageBytes : undefined;
  }

  /** Host offset of a zeroed region of whole pages. Throws HostError `memory-exhausted`. */
  allocate(bytes: number): number {
    const size = Math.ceil(bytes / pageBytes) * pageBytes;
    const reused = this.free.findIndex((region) => region.bytes >= size);
    if (reused >= 0) return this.reuse(reused, size);
    if (this.next + size > this.bytes) {
      throw new HostError('memory-exhausted', `core memory has no room for ${size} more bytes`, {
        hint: 'Give createCore a larger memoryBytes.',
      });
    }
    const offset = this.next;
    this.next += size;
    return offset;
  }

  /** Gives a region of `allocate` back; its bytes become zero. */
  release(offset: number, bytes: number): void {
    const size = Math.ceil(bytes / pageBytes) * pageBytes;
    this.u8.fill(0, offset, offset + size);
    this.free.push({ offset, bytes: size });
  }

  private reuse(index: number, size: number): number {
    const region = this.free[index]!;
    const offset = region.offset;
    if (region.bytes === size) this.free.splice(index, 1);
    else this.free[index] = { offset: offset + size, bytes: region.bytes - size };
    return offset;
  }
}

const makeMemory = (pages: number, shared: boolean): WebAssembly.Memory => {
  if (pages > 65536) {
    throw new HostError('memory-too-large', `${pages * wasmPageBytes} bytes do not fit a 4 GiB memory`, {
      hint: 'Give the machine at most about 3.9 GiB of RAM.',
    });
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    throw new HostError('memory-unavailable', `the host refused ${pages * wasmPageBytes} bytes of memory`, {
      hint: 'Ask for less guest memory, or close other programs.',
      cause,
    });
  }
};

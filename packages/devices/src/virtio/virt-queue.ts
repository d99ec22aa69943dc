import type { DmaMemory } from '@trapline/core';
import { type ChainBuffers, descriptorBytes, followChain } from './descriptor.ts';
import { DriverError } from './driver-error.ts';
import { Feature } from './feature.ts';
import { type GuestBuffer, guestView } from './guest-buffer.ts';

/** One request of a driver: what to read, where to write. */
export interface Chain {
  readonly readable: GuestBuffer;
  readonly writable: GuestBuffer;
  /** False once the driver reset the device or the queue: the buffers are the driver's again and must not be touched. */
  readonly live: boolean;
  /** Gives the chain back with `written` bytes at the start of `writable` valid. A chain that is not live is forgotten. */
  complete(written: number): void;
}

/** Where a driver put a queue: guest-physical addresses, and the size in entries. */
export interface QueueLayout {
  readonly size: number;
  readonly descriptors: bigint;
  readonly available: bigint;
  readonly used: bigint;
}

export interface QueueState {
  readonly layout: QueueLayout;
  readonly ready: boolean;
  readonly nextAvailable: number;
  readonly nextUsed: number;
  readonly signalledUsed: number;
  /** Heads of chains taken and not given back, oldest first. */
  readonly inFlight: readonly number[];
}

const availableFlag = { noInterrupt: 1 } as const;
const ringHeaderBytes = 4;
const usedElementBytes = 8;

/**
 * The device's end of a split virtqueue (virtio 1.2, "Split Virtqueues"): takes chains the driver made available, gives them
 * back in any order, and says when the driver wants to be told.
 */
export class VirtQueue {
  readonly index: number;
  /** The largest size a driver may choose, in entries. */
  readonly maxSize: number;
  readonly #memory: DmaMemory;
  #layout: QueueLayout;
  #ready = false;
  #features = 0n;
  #nextAvailable = 0;
  #nextUsed = 0;
  #signalledUsed = 0;
  #inFlight = new Map<number, Chain>();
  /** Restored in-flight heads, to be presented again before anything new. */
  #again: number[] = [];

  constructor(index: number, maxSize: number, memory: DmaMemory) {
    this.index = index;
    this.maxSize = maxSize;
    this.#memory = memory;
    this.#layout = emptyLayout(maxSize);
  }

  get ready(): boolean {
    return this.#ready;
  }

  get layout(): QueueLayout {
    return this.#layout;
  }

  /** Chains taken and not given back. */
  get inFlight(): number {
    return this.#inFlight.size + this.#again.length;
  }

  /** Places the queue; ignored while it is in use, as a driver must not do that. */
  configure(change: Partial<QueueLayout>): void {
    if (!this.#ready) this.#layout = { ...this.#layout, ...change };
  }

  /** Starts the queue where the driver placed it; a bad size or place is a driver error. */
  start(): void {
    if (this.#ready) return;
    this.#check();
    this.#ready = true;
  }

  /** The features this queue works by, once negotiated. */
  negotiated(features: bigint): void {
    this.#features = features;
  }

  /** Stops the queue: chains in flight are no longer live. */
  stop(): void {
    this.#ready = false;
    this.#nextAvailable = 0;
    this.#nextUsed = 0;
    this.#signalledUsed = 0;
    this.#inFlight.clear();
    this.#again = [];
  }

  /** Stops the queue and forgets where it was. */
  reset(): void {
    this.stop();
    this.#features = 0n;
    this.#layout = emptyLayout(this.maxSize);
  }

  /**
   * The chains available now, oldest first; those in flight when the state was saved come before. What becomes available
   * meanwhile (a request can overwrite the ring) waits for the next call, so a driver cannot keep the device busy for ever.
   */
  *available(): Generator<Chain> {
    for (let left = this.#again.length + this.#waiting(); left > 0; left--) {
      const chain = this.pop();
      if (chain === undefined) return;
      yield chain;
    }
  }

  /** Takes the next available chain, or undefined when there is none. */
  pop(): Chain | undefined {
    if (!this.#ready) return undefined;
    const again = this.#again.shift();
    if (again !== undefined) return this.#take(again);
    if (this.#waiting() === 0) return undefined;
    const head = this.#read16(this.#availableSlot(this.#nextAvailable % this.#layout.size));
    this.#nextAvailable = (this.#nextAvailable + 1) & 0xffff;
    this.#askForNotification();
    return this.#take(head);
  }

  /**
   * Whether the driver wants to be told of the buffers given back since the last call (virtio 1.2, "Used Buffer Notification
   * Suppression").
   */
  takeSignal(): boolean {
    if (!this.#ready || this.#nextUsed === this.#signalledUsed) return false;
    const since = this.#signalledUsed;
    this.#signalledUsed = this.#nextUsed;
    if (!(this.#features & Feature.eventIndex))
      return (this.#read16(this.#layout.available) & availableFlag.noInterrupt) === 0;
    const event = this.#read16(this.#availableSlot(this.#layout.size));
    return ((this.#nextUsed - event - 1) & 0xffff) < ((this.#nextUsed - since) & 0xffff);
  }

  save(): QueueState {
    return {
      layout: { ...this.#layout },
      ready: this.#ready,
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#nextUsed,
      signalledUsed: this.#signalledUsed,
      inFlight: [...this.#again, ...this.#inFlight.keys()],
    };
  }

  restore(state: QueueState): void {
    this.#layout = { ...state.layout };
    this.#ready = state.ready;
    this.#nextAvailable = state.nextAvailable;
    this.#nextUsed = state.nextUsed;
    this.#signalledUsed = state.signalledUsed;
    this.#inFlight.clear();
    this.#again = [...state.inFlight];
  }

  /** How many chains the driver made available that were not taken yet. */
  #waiting(): number {
    if (!this.#ready) return 0;
    const { available, size } = this.#layout;
    const waiting = (this.#read16(available + 2n) - this.#nextAvailable) & 0xffff;
    if (waiting > size)
      throw new DriverError(`the available index is ${waiting} ahead on a queue of ${size}`);
    return waiting;
  }

  #check(): void {
    const { size, descriptors, available, used } = this.#layout;
    if (size === 0 || size > this.maxSize || (size & (size - 1)) !== 0)
      throw new DriverError(`queue size ${size}: not a power of two up to ${this.maxSize}`);
    if (descriptors % 16n !== 0n || available % 2n !== 0n || used % 4n !== 0n)
      throw new DriverError('a queue part is misaligned');
    guestView(this.#memory, descriptors, size * descriptorBytes);
    guestView(this.#memory, available, ringHeaderBytes + 2 * size + 2);
    guestView(this.#memory, used, ringHeaderBytes + usedElementBytes * size + 2);
  }

  #take(head: number): Chain {
    if (this.#inFlight.has(head)) throw new DriverError(`descriptor ${head} is made available twice`);
    const buffers = followChain({
      memory: this.#memory,
      table: this.#layout.descriptors,
      queueSize: this.#layout.size,
      head,
      indirectAllowed: (this.#features & Feature.indirectDescriptors) !== 0n,
    });
    const chain = this.#chain(head, buffers);
    this.#inFlight.set(head, chain);
    return chain;
  }

  #chain(head: number, buffers: ChainBuffers): Chain {
    const isLive = () => this.#inFlight.get(head) === chain;
    const chain: Chain = {
      ...buffers,
      get live() {
        return isLive();
      },
      complete: (written) => {
        if (!isLive()) return;
        this.#inFlight.delete(head);
        this.#giveBack(head, written);
      },
    };
    return chain;
  }

  #giveBack(head: number, written: number): void {
    const { used, size } = this.#layout;
    const slot = used + BigInt(ringHeaderBytes + (this.#nextUsed % size) * usedElementBytes);
    const element = guestView(this.#memory, slot, usedElementBytes);
    const view = new DataView(element.buffer, element.byteOffset, usedElementBytes);
    view.setUint32(0, head, true);
    view.setUint32(4, written, true);
    this.#memory.written(slot, usedElementBytes);
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff;
    this.#write16(used + 2n, this.#nextUsed);
  }

  /** With the event index the driver tells of the first buffer after those taken; without it, of every one. */
  #askForNotification(): void {
    if (!(this.#features & Feature.eventIndex)) return;
    const { used, size } = this.#layout;
    this.#write16(used + BigInt(ringHeaderBytes + size * usedElementBytes), this.#nextAvailable);
  }

  #availableSlot(slot: number): bigint {
    return this.#layout.available + BigInt(ringHeaderBytes + 2 * slot);
  }

  #read16(address: bigint): number {
    const [low = 0, high = 0] = guestView(this.#memory, address, 2);
    return low | (high << 8);
  }

  #write16(address: bigint, value: number): void {
    guestView(this.#memory, address, 2).set([value & 0xff, value >> 8]);
    this.#memory.written(address, 2);
  }
}

const emptyLayout = (size: number): QueueLayout => ({ size, descriptors: 0n, available: 0n, used: 0n });

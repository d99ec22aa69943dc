import type { DmaMemory } from '@trapline/core';
import { Status, type VirtioMmio } from '../src/index.ts';

export const ramBase = 0x8000_0000n;

/** Guest RAM as devices see it. It knows which changes devices declared, and can move, as a growing wasm memory does. */
export class FakeRam implements DmaMemory {
  #bytes: Uint8Array;
  /** What RAM holds according to declared writes. */
  readonly #declared: Uint8Array;

  constructor(readonly size = 2 ** 20) {
    this.#bytes = new Uint8Array(size);
    this.#declared = new Uint8Array(size);
  }

  view(address: bigint, bytes: number): Uint8Array | undefined {
    const at = address - ramBase;
    if (at < 0n || at + BigInt(bytes) > BigInt(this.size)) return undefined;
    return this.#bytes.subarray(Number(at), Number(at) + bytes);
  }

  written(address: bigint, bytes: number): void {
    const view = this.view(address, bytes);
    if (view === undefined) throw new Error(`a device wrote outside RAM, at 0x${address.toString(16)}`);
    this.#declared.set(view, Number(address - ramBase));
  }

  /** A store by the guest. */
  poke(address: bigint, bytes: Uint8Array): void {
    this.view(address, bytes.length)!.set(bytes);
    this.written(address, bytes.length);
  }

  peek(address: bigint, bytes: number): Uint8Array {
    return this.view(address, bytes)!.slice();
  }

  poke16(address: bigint, value: number): void {
    this.poke(address, Uint8Array.of(value, value >> 8));
  }

  peek16(address: bigint): number {
    return new DataView(this.peek(address, 2).buffer).getUint16(0, true);
  }

  /** Whether devices called `written` for every byte they changed. */
  get allDeclared(): boolean {
    return Buffer.compare(this.#bytes, this.#declared) === 0;
  }

  /** Everything, for comparison. */
  copy(): Buffer {
    return Buffer.from(this.#bytes);
  }

  /** Moves the bytes elsewhere: views handed out before are dead. */
  move(): void {
    this.#bytes = structuredClone(this.#bytes, { transfer: [this.#bytes.buffer] });
  }
}

export class FakeIrq {
  level = false;
  /** Times the level rose. */
  raised = 0;

  set(level: boolean): void {
    if (level && !this.level) this.raised++;
    this.level = level;
  }
}

/** A descriptor as a driver writes it. */
export interface RawDescriptor {
  address: bigint;
  bytes: number;
  flags?: number;
  next?: number;
}

export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;

/** A buffer of a request: bytes for the device, or room for its answer. */
export type Part = Uint8Array | { readonly room: number };

export const room = (bytes: number): Part => ({ room: bytes });

export function encodeDescriptors(descriptors: readonly RawDescriptor[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(descriptors.length * 16));
  descriptors.forEach(({ address, bytes, flags = 0, next = 0 }, index) => {
    view.setBigUint64(index * 16, address, true);
    view.setUint32(index * 16 + 8, bytes, true);
    view.setUint16(index * 16 + 12, flags, true);
    view.setUint16(index * 16 + 14, next, true);
  });
  return new Uint8Array(view.buffer);
}

/** The driver's end of one queue. */
export class DriverQueue {
  readonly descriptors: bigint;
  readonly available: bigint;
  readonly used: bigint;
  #nextDescriptor = 0;
  #seenUsed = 0;
  #availableIndex = 0;

  constructor(
    readonly driver: Driver,
    readonly index: number,
    readonly size: number,
  ) {
    this.descriptors = driver.allocate(size * 16, 16);
    this.available = driver.allocate(6 + 2 * size, 2);
    this.used = driver.allocate(6 + 8 * size, 4);
  }

  get #ram(): FakeRam {
    return this.driver.ram;
  }

  /** Writes descriptors at `at` of the table. */
  table(descriptors: readonly RawDescriptor[], at = 0): void {
    this.#ram.poke(this.descriptors + BigInt(at * 16), encodeDescriptors(descriptors));
  }

  /** Makes the chain at `head` available. */
  offer(head: number): void {
    this.#ram.poke16(this.available + 4n + BigInt((this.#availableIndex % this.size) * 2), head);
    this.setAvailableIndex(this.#availableIndex + 1);
  }

  setAvailableIndex(index: number): void {
    this.#availableIndex = index & 0xffff;
    this.#ram.poke16(this.available + 2n, this.#availableIndex);
  }

  /** Goes on as if `index` buffers had gone through the queue (the device's state must say the same). */
  startAt(index: number): void {
    this.#seenUsed = index;
    this.#ram.poke16(this.used + 2n, index);
    this.setAvailableIndex(index);
  }

  set interruptsWanted(wanted: boolean) {
    this.#ram.poke16(this.available, wanted ? 0 : 1);
  }

  /** With the event index: interrupt once the used index passes `index`. */
  set usedEvent(index: number) {
    this.#ram.poke16(this.available + 4n + BigInt(2 * this.size), index);
  }

  get availableEvent(): number {
    return this.#ram.peek16(this.used + 4n + BigInt(8 * this.size));
  }

  /** Lays out a request and makes it available, without telling the device; gives the buffers' addresses. */
  add(parts: readonly Part[], { indirect = false } = {}): { head: number; addresses: bigint[] } {
    const addresses = parts.map((part) => this.driver.place(part));
    const base = indirect ? 0 : this.#nextDescriptor;
    const raw = parts.map((part, i): RawDescriptor => {
      const last = i === parts.length - 1;
      const flags = (last ? 0 : NEXT) | (part instanceof Uint8Array ? 0 : WRITE);
      const next = last ? 0 : (base + i + 1) % this.size;
      return {
        address: addresses[i]!,
        bytes: part instanceof Uint8Array ? part.length : part.room,
        flags,
        next,
      };
    });
    const head = this.#nextDescriptor;
    if (indirect) this.table([this.driver.indirect(raw)], head);
    else for (const [i, descriptor] of raw.entries()) this.table([descriptor], (head + i) % this.size);
    this.#nextDescriptor = (head + (indirect ? 1 : raw.length)) % this.size;
    this.offer(head);
    return { head, addresses };
  }

  kick(): void {
    this.driver.write(0x50, this.index);
  }

  /** Buffers given back since the last call. */
  takeUsed(): { head: number; bytes: number }[] {
    const taken = [];
    for (
      ;
      this.#seenUsed !== this.#ram.peek16(this.used + 2n);
      this.#seenUsed = (this.#seenUsed + 1) & 0xffff
    ) {
      const element = this.#ram.peek(this.used + 4n + BigInt((this.#seenUsed % this.size) * 8), 8);
      const view = new DataView(element.buffer);
      taken.push({ head: view.getUint32(0, true), bytes: view.getUint32(4, true) });
    }
    return taken;
  }
}

export const VERSION_1 = 1n << 32n;
export const INDIRECT_DESC = 1n << 28n;
export const EVENT_IDX = 1n << 29n;

/** Drives a virtio-mmio device's registers as Linux's driver does. */
export class Driver {
  queues: DriverQueue[] = [];
  #free: bigint;

  constructor(
    readonly device: VirtioMmio,
    readonly ram: FakeRam,
    readonly irq: FakeIrq,
  ) {
    this.#free = ramBase + 0x1000n;
  }

  read(at: number): number {
    return Number(this.device.read(at, 4));
  }

  write(at: number, value: number): void {
    if (!this.device.write(at, 4, BigInt(value))) throw new Error(`bus error at 0x${at.toString(16)}`);
  }

  get status(): number {
    return this.read(0x70);
  }

  get needsReset(): boolean {
    return (this.status & Status.needsReset) !== 0;
  }

  /** Reads and acknowledges InterruptStatus. */
  takeInterrupts(): number {
    const status = this.read(0x60);
    this.write(0x64, status);
    return status;
  }

  offered(): bigint {
    const word = (select: number) => {
      this.write(0x14, select);
      return BigInt(this.read(0x10));
    };
    return word(0) | (word(1) << 32n);
  }

  accept(features: bigint): void {
    [features & 0xffff_ffffn, features >> 32n].forEach((word, select) => {
      this.write(0x24, select);
      this.write(0x20, Number(word));
    });
  }

  /** Up to DRIVER_OK: "Device Initialization". Accepts what is offered within `features`. */
  start({ features = ~0n, size = 8 }: { features?: bigint; size?: number } = {}): this {
    this.negotiate(features);
    const count = this.queueCount();
    this.queues = Array.from({ length: count }, (_, index) =>
      this.startQueue(new DriverQueue(this, index, size)),
    );
    this.write(0x70, this.status | Status.driverOk);
    return this;
  }

  negotiate(features: bigint): void {
    this.write(0x70, 0);
    this.write(0x70, Status.acknowledge);
    this.write(0x70, Status.acknowledge | Status.driver);
    this.accept(this.offered() & features);
    this.write(0x70, Status.acknowledge | Status.driver | Status.featuresOk);
  }

  queueCount(): number {
    for (let index = 0; ; index++) {
      this.write(0x30, index);
      if (this.read(0x34) === 0) return index;
    }
  }

  /** Tells the device where `queue` is, and starts it. */
  startQueue(queue: DriverQueue): DriverQueue {
    this.write(0x30, queue.index);
    this.write(0x38, queue.size);
    for (const [at, address] of [
      [0x80, queue.descriptors],
      [0x90, queue.available],
      [0xa0, queue.used],
    ] as const) {
      this.write(at, Number(address & 0xffff_ffffn));
      this.write(at + 4, Number(address >> 32n));
    }
    this.write(0x44, 1);
    return queue;
  }

  allocate(bytes: number, align = 16): bigint {
    const address = (this.#free + BigInt(align - 1)) & ~BigInt(align - 1);
    this.#free = address + BigInt(bytes);
    if (this.ram.view(address, bytes) === undefined) throw new Error('the test driver is out of RAM');
    return address;
  }

  place(part: Part): bigint {
    const address = this.allocate(part instanceof Uint8Array ? part.length : part.room);
    if (part instanceof Uint8Array) this.ram.poke(address, part);
    return address;
  }

  /** Writes an indirect table; gives the descriptor that names it. */
  indirect(descriptors: readonly RawDescriptor[]): RawDescriptor {
    const table = encodeDescriptors(descriptors);
    return { address: this.place(table), bytes: table.length, flags: INDIRECT };
  }
}

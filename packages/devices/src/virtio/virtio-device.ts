import type { Persistent } from '@trapline/core';
import type { VirtQueue } from './virt-queue.ts';

/** What a transport offers its device. */
export interface VirtioTransport {
  readonly queues: readonly VirtQueue[];
  /** The driver finished its set-up (DRIVER_OK) and no error stopped the device. */
  readonly live: boolean;
  /** The negotiated feature bits. */
  readonly features: bigint;
  /**
   * Runs work that touches queues outside `notify` (input arrived, a disk answered), then signals the driver. Does nothing
   * unless `live`.
   */
  run(work: () => void): void;
  /** The configuration space changed: new generation, configuration interrupt. */
  configChanged(): void;
}

/** A virtio device: what it is and what it does with chains. Registers, rings and interrupts are the transport's. */
export interface VirtioDevice<State = unknown> extends Persistent<State> {
  readonly name: string;
  /** Virtio's device number (1.2, "Device Types"). */
  readonly deviceId: number;
  /** Device-specific feature bits offered. */
  readonly features: bigint;
  /** The largest size of each queue, in entries; powers of two. */
  readonly queueSizes: readonly number[];
  /** The configuration space, little endian. */
  config(): Uint8Array;
  /** A driver wrote `bytes` bytes of the configuration space at `offset`. */
  writeConfig?(offset: number, bytes: 1 | 2 | 4, value: number): void;
  /** Called once, by the transport that was given this device. */
  attach(transport: VirtioTransport): void;
  /** The driver made buffers available. May throw DriverError; the transport catches it. */
  notify(queue: VirtQueue): void;
  /** The driver reset the device; no chain is live any more. */
  reset(): void;
}

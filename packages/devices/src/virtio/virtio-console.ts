import type { ByteSink } from '@trapline/core';
import type { ByteReceiver } from '../byte-input.ts';
import { DriverError } from './driver-error.ts';
import type { VirtQueue } from './virt-queue.ts';
import type { VirtioDevice, VirtioTransport } from './virtio-device.ts';

export interface VirtioConsoleOptions {
  readonly sink: ByteSink;
  /** Terminal size in characters. Default 80 by 25. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface VirtioConsoleState {
  readonly columns: number;
  readonly rows: number;
}

const Feature = { size: 1n << 0n, emergencyWrite: 1n << 2n } as const;
const receiveQueue = 0;
const configBytes = 12;
const emergencyWriteAt = 8;
/** Output is copied out of guest memory in pieces of this size. */
const pieceBytes = 4096;

/** A virtio console with one port (virtio 1.2, "Console Device"), its size, and emergency write. */
export class VirtioConsole implements VirtioDevice<VirtioConsoleState>, ByteReceiver {
  readonly name = 'virtio-console';
  readonly deviceId = 3;
  readonly features = Feature.size | Feature.emergencyWrite;
  readonly queueSizes = [64, 64];
  onRoom: (() => void) | undefined;
  readonly #sink: ByteSink;
  #size: VirtioConsoleState;
  #refused = false;
  #transport: VirtioTransport | undefined;

  constructor({ sink, columns = 80, rows = 25 }: VirtioConsoleOptions) {
    this.#sink = sink;
    this.#size = { columns, rows };
  }

  config(): Uint8Array {
    const config = new DataView(new ArrayBuffer(configBytes));
    config.setUint16(0, this.#size.columns, true);
    config.setUint16(2, this.#size.rows, true);
    config.setUint32(4, 1, true); // max_nr_ports
    return new Uint8Array(config.buffer);
  }

  /** Output of a guest that has not set the device up (or cannot any more). */
  writeConfig(offset: number, _bytes: 1 | 2 | 4, value: number): void {
    if (offset === emergencyWriteAt) this.#sink.write(value & 0xff);
  }

  /** Tells the guest that its terminal changed size. */
  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    this.#transport?.configChanged();
  }

  receive(bytes: Uint8Array): number {
    let taken = 0;
    this.#transport?.run(() => {
      while (taken < bytes.length) {
        const given = this.#give(bytes.subarray(taken));
        if (given === 0) return;
        taken += given;
      }
    });
    this.#refused = taken < bytes.length;
    return taken;
  }

  attach(transport: VirtioTransport): void {
    this.#transport = transport;
  }

  notify(queue: VirtQueue): void {
    if (queue.index === receiveQueue) this.#offerRoom();
    else this.#transmit(queue);
  }

  reset(): void {}

  save(): VirtioConsoleState {
    return { ...this.#size };
  }

  restore(state: VirtioConsoleState): void {
    this.#size = { ...state };
  }

  /** Fills the next receive buffer; gives how many bytes went in, 0 when the driver has provided no buffer. */
  #give(bytes: Uint8Array): number {
    const chain = this.#transport?.queues[receiveQueue]?.pop();
    if (chain === undefined) return 0;
    if (chain.writable.bytes === 0) throw new DriverError('a console receive buffer without room');
    const given = chain.writable.write(bytes);
    chain.complete(given);
    return given;
  }

  #offerRoom(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.onRoom?.();
  }

  #transmit(queue: VirtQueue): void {
    for (const chain of queue.available()) {
      for (const piece of chain.readable.pieces(pieceBytes))
        for (const byte of piece.read()) this.#sink.write(byte);
      chain.complete(0);
    }
  }
}

import type { Device } from '@trapline/core';

/** A device on the bus, and how often the guest used it. */
export class CountedDevice implements Device {
  readonly name: string;
  reads = 0;
  writes = 0;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
    this.name = device.name;
  }

  read(offset: number, bytes: 1 | 2 | 4 | 8): bigint | undefined {
    this.reads++;
    return this.#device.read(offset, bytes);
  }

  write(offset: number, bytes: 1 | 2 | 4 | 8, value: bigint): boolean {
    this.writes++;
    return this.#device.write(offset, bytes, value);
  }
}

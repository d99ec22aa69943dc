import type { Entropy } from '@trapline/core';
import { DriverError } from './driver-error.ts';
import type { Chain, VirtQueue } from './virt-queue.ts';
import type { VirtioDevice } from './virtio-device.ts';

export interface VirtioRngOptions {
  readonly entropy: Entropy;
}

/** A request gets at most this many bytes; the specification lets a device give fewer than asked for. */
const maxBytes = 65_536;

/** A virtio entropy device (virtio 1.2, "Entropy Device"). It keeps no state. */
export class VirtioRng implements VirtioDevice<null> {
  readonly name = 'virtio-rng';
  readonly deviceId = 4;
  readonly features = 0n;
  readonly queueSizes = [64];
  readonly #entropy: Entropy;

  constructor({ entropy }: VirtioRngOptions) {
    this.#entropy = entropy;
  }

  config(): Uint8Array {
    return new Uint8Array(0);
  }

  attach(): void {}

  notify(queue: VirtQueue): void {
    for (const chain of queue.available()) chain.complete(this.#fill(chain));
  }

  reset(): void {}

  save(): null {
    return null;
  }

  restore(): void {}

  #fill({ writable }: Chain): number {
    if (writable.bytes === 0) throw new DriverError('an entropy request without room');
    const random = new Uint8Array(Math.min(writable.bytes, maxBytes));
    this.#entropy.fill(random);
    return writable.write(random);
  }
}

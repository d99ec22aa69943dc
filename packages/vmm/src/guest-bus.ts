import { Bus } from '@trapline/core';

/** One device access of a guest. */
export interface DeviceAccess {
  readonly gpa: bigint;
  readonly write: boolean;
  readonly bytes: number;
  readonly value: bigint;
  readonly device: string;
}

/** The guest-physical address map of one virtual machine; remembers the last device access, for exits to tell. */
export class GuestBus extends Bus {
  lastAccess: DeviceAccess | undefined;

  override read(address: number, bytes: 1 | 2 | 4 | 8): bigint | undefined {
    const value = super.read(address, bytes);
    if (value !== undefined) this.#note(address, bytes, value, false);
    return value;
  }

  override write(address: number, bytes: 1 | 2 | 4 | 8, value: bigint): boolean {
    const accepted = super.write(address, bytes, value);
    if (accepted) this.#note(address, bytes, value, true);
    return accepted;
  }

  #note(address: number, bytes: number, value: bigint, write: boolean): void {
    const device = this.deviceAt(address)?.name ?? '';
    this.lastAccess = { gpa: BigInt(address), write, bytes, value, device };
  }
}

/** A run of guest-physical memory backed by host-physical memory; addresses and sizes are bytes, page aligned. */
export interface Slot {
  readonly guest: bigint;
  readonly host: bigint;
  readonly bytes: bigint;
}

export const pageBytes = 4096n;
export const pageMask = ~0xfffn;

/**
 * The memory a virtual machine was given: the one place where guest-physical becomes host-physical.
 * Every guest address, from a page walk, an emulated instruction or a device's DMA, is checked here.
 */
export class SlotMap {
  readonly slots: readonly Slot[];

  constructor(slots: readonly Slot[]) {
    for (const slot of slots) {
      if ((slot.guest | slot.host | slot.bytes) & 0xfffn) throw new RangeError('a slot is made of whole 4 KiB pages');
    }
    this.slots = slots;
  }

  /** The host-physical address of `[gpa, gpa + bytes)`, or undefined when any byte is outside every slot. */
  host(gpa: bigint, bytes: bigint): bigint | undefined {
    for (const slot of this.slots) {
      const offset = gpa - slot.guest;
      if (offset >= 0n && offset + bytes <= slot.bytes) return slot.host + offset;
    }
    return undefined;
  }
}

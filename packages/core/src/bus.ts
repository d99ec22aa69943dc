import { HostError } from './host-error.ts';
import type { CoreMemory } from './memory.ts';
import type { Device } from './ports.ts';

/** A range of physical addresses backed by core memory at host offset `offset`; all in bytes, whole pages. */
export interface RamRegion {
  readonly address: number;
  readonly bytes: number;
  readonly offset: number;
}

interface DeviceRegion {
  readonly address: number;
  readonly bytes: number;
  readonly device: Device;
}

/**
 * The physical address map. Addresses are numbers below 2^53: what a guest computes beyond that is not mapped.
 * Devices see naturally aligned accesses only; `Mmu` raises the misaligned exception for others.
 */
export class Bus {
  private readonly memory: CoreMemory;
  private readonly ramRegions: RamRegion[] = [];
  private readonly devices: DeviceRegion[] = [];
  private lastRam: RamRegion | undefined;
  private readonly watchers: (() => void)[] = [];

  constructor(memory: CoreMemory) {
    this.memory = memory;
  }

  /** Allocates `bytes` of zeroed RAM and maps it at physical `address`. Throws HostError when it overlaps or does not fit. */
  addRam(address: number, bytes: number): RamRegion {
    if (address % 4096 !== 0 || bytes % 4096 !== 0 || bytes <= 0) {
      throw new HostError('ram-unaligned', `RAM of ${bytes} bytes at ${hex(address)} is not whole pages`, {
        hint: 'Use multiples of 4096 bytes.',
      });
    }
    this.checkFree(address, bytes);
    return this.mapRam(address, bytes, this.memory.allocate(bytes));
  }

  /** Maps RAM that is already allocated, at host offset `offset`: a second map of the same memory. Throws HostError when it overlaps. */
  mapRam(address: number, bytes: number, offset: number): RamRegion {
    this.checkFree(address, bytes);
    const region = { address, bytes, offset };
    this.ramRegions.push(region);
    this.ramChanged();
    return region;
  }

  /** Calls `changed` whenever the RAM on the map changes. */
  watchRam(changed: () => void): void {
    this.watchers.push(changed);
  }

  /** Maps `device` at physical `[address, address + bytes)`; offsets it sees count from `address`. A large range makes a window. */
  addDevice(address: number, bytes: number, device: Device): void {
    this.checkFree(address, bytes);
    this.devices.push({ address, bytes, device });
  }

  /** Takes the region or device that starts at `address` off the map; RAM goes back to the memory. False: there is none. */
  remove(address: number): boolean {
    const ram = this.ramRegions.findIndex((region) => region.address === address);
    if (ram >= 0) {
      const [region] = this.ramRegions.splice(ram, 1);
      this.memory.release(region!.offset, region!.bytes);
      this.ramChanged();
      return true;
    }
    const device = this.devices.findIndex((region) => region.address === address);
    if (device >= 0) this.devices.splice(device, 1);
    return device >= 0;
  }

  /** Host offset of physical `[address, address + bytes)`, or -1 when that is not all RAM of one region. */
  ram(address: number, bytes: number): number {
    const last = this.lastRam;
    if (last !== undefined && inside(last, address, bytes)) return last.offset + (address - last.address);
    const found = this.ramRegions.find((region) => inside(region, address, bytes));
    if (found === undefined) return -1;
    this.lastRam = found;
    return found.offset + (address - found.address);
  }

  /** Whether a device is mapped at all of `[address, address + bytes)`. */
  isDevice(address: number, bytes: number): boolean {
    return this.devices.some((region) => inside(region, address, bytes));
  }

  /** The device access at a naturally aligned address; undefined is a bus error. */
  read(address: number, bytes: 1 | 2 | 4 | 8): bigint | undefined {
    const region = this.devices.find((candidate) => inside(candidate, address, bytes));
    return region?.device.read(address - region.address, bytes);
  }

  /** The device access at a naturally aligned address; false is a bus error. */
  write(address: number, bytes: 1 | 2 | 4 | 8, value: bigint): boolean {
    const region = this.devices.find((candidate) => inside(candidate, address, bytes));
    return region?.device.write(address - region.address, bytes, value) ?? false;
  }

  /** The device at a physical address. */
  deviceAt(address: number): Device | undefined {
    return this.devices.find((candidate) => inside(candidate, address, 1))?.device;
  }

  /** The physical address of a byte of core memory, or undefined when it is not on this map. */
  addressOf(offset: number): number | undefined {
    const region = this.ramRegions.find((ram) => offset >= ram.offset && offset < ram.offset + ram.bytes);
    return region && region.address + (offset - region.offset);
  }

  /** The RAM on the map, in order of addition. */
  get ramMap(): readonly RamRegion[] {
    return this.ramRegions;
  }

  private ramChanged(): void {
    this.lastRam = undefined;
    for (const changed of this.watchers) changed();
  }

  private checkFree(address: number, bytes: number): void {
    const end = address + bytes;
    const clash = [...this.ramRegions, ...this.devices].find(
      (region) => address < region.address + region.bytes && region.address < end,
    );
    if (clash !== undefined) {
      throw new HostError(
        'bus-overlap',
        `${hex(address)} is already mapped (region at ${hex(clash.address)})`,
        {
          hint: 'Give every device and RAM region its own range.',
        },
      );
    }
  }
}

const inside = (region: { address: number; bytes: number }, address: number, bytes: number): boolean =>
  address >= region.address && address + bytes <= region.address + region.bytes;

const hex = (value: number): string => `0x${value.toString(16)}`;

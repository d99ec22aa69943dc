/**
 * The board: one row per device. The rows wire the devices (create-machine.ts) and generate the device tree
 * (device-tree.ts), so a kernel cannot be told anything else than what is there. Addresses follow QEMU's `virt`.
 */
export interface BoardDevice {
  /** Node name in the device tree, without the unit address. */
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  /** PLIC source. */
  readonly interrupt?: number;
  readonly compatible: readonly string[];
}

/** Where RAM begins. */
export const ramBase = 0x8000_0000;
/** Ticks of `mtime` per second. */
export const timebaseHz = 10_000_000;
/** Bytes of address space a cache-block operation covers. */
export const cacheBlockBytes = 64;
/** How many PLIC interrupt sources exist (1..n). */
export const interruptSources = 95;
/** Harts a board may have. */
export const maxHarts = 8;
/** virtio-mmio slots. */
export const virtioSlots = 8;

export const testFinisher: BoardDevice = {
  name: 'test',
  address: 0x10_0000,
  bytes: 0x1000,
  compatible: ['sifive,test1', 'sifive,test0', 'syscon'],
};

/** What a guest writes to the finisher to power off (pass) or to restart. */
export const finisherPoweroff = 0x5555;
export const finisherReboot = 0x7777;

export const realTimeClock: BoardDevice = {
  name: 'rtc',
  address: 0x10_1000,
  bytes: 0x1000,
  interrupt: 11,
  compatible: ['google,goldfish-rtc'],
};

export const clint: BoardDevice = {
  name: 'clint',
  address: 0x200_0000,
  bytes: 0x1_0000,
  compatible: ['sifive,clint0', 'riscv,clint0'],
};

export const plic: BoardDevice = {
  name: 'plic',
  address: 0xc00_0000,
  bytes: 0x60_0000,
  compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
};

export const serial: BoardDevice = {
  name: 'serial',
  address: 0x1000_0000,
  bytes: 0x100,
  interrupt: 10,
  compatible: ['ns16550a'],
};

/** The input clock of the serial port, in hertz: what a driver divides for a baud rate. */
export const serialClockHz = 3_686_400;

export const virtio: readonly BoardDevice[] = Array.from({ length: virtioSlots }, (_, slot) => ({
  name: 'virtio_mmio',
  address: 0x1000_1000 + slot * 0x1000,
  bytes: 0x1000,
  interrupt: 1 + slot,
  compatible: ['virtio,mmio'],
}));

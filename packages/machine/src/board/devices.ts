import type {
  BoardClock,
  ByteSink,
  Device,
  DiskBackend,
  DmaMemory,
  Entropy,
  GuestHart,
  IrqLine,
  WallClock,
} from '@trapline/core';
import { HostError } from '@trapline/core';
import {
  Clint,
  type Finish,
  GoldfishRtc,
  Plic,
  TestFinisher,
  Uart,
  VirtioBlock,
  type VirtioDevice,
  VirtioMmio,
  VirtioRng,
} from '@trapline/devices';
import {
  type BoardDevice,
  clint,
  interruptSources,
  plic,
  realTimeClock,
  serial,
  testFinisher,
  virtio,
  virtioSlots,
} from './virt.ts';

/** A disk and the virtio slot it is in; without one it takes the next free slot from 0. */
export interface AttachedDisk {
  readonly backend: DiskBackend;
  readonly slot?: number | undefined;
}

/** What the board's devices are connected to. */
export interface BoardConnections {
  readonly harts: readonly GuestHart[];
  readonly clock: BoardClock;
  readonly memory: DmaMemory;
  readonly wallClock: WallClock;
  readonly entropy: Entropy;
  readonly console: ByteSink;
  readonly disks: readonly AttachedDisk[];
  onFinish(finish: Finish): void;
  /** An interrupt wire to a hart rose: a sleeping machine must look. */
  onInterrupt(): void;
}

/** A device that may say what its registers are called. */
interface NamedRegisters extends Device {
  registerAt?(offset: number): string | undefined;
}

/** The devices of one board, and where on the bus they go. */
export interface BoardDevices {
  readonly mapped: readonly { readonly row: BoardDevice; readonly device: NamedRegisters }[];
  readonly uart: Uart;
  readonly rtc: GoldfishRtc;
  /** Whether a device waits for the host: a disk works on a request. */
  waits(): boolean;
}

/** Makes and wires the devices from the board's rows. Throws HostError `disk-slot` when disks do not fit the slots. */
export function makeDevices(to: BoardConnections): BoardDevices {
  const waking = (line: IrqLine): IrqLine => ({
    set(level) {
      line.set(level);
      if (level) to.onInterrupt();
    },
  });
  const contexts = to.harts.flatMap((hart) => [
    waking(hart.machineExternal),
    waking(hart.supervisorExternal),
  ]);
  const controller = new Plic({ contexts, sources: interruptSources });
  const wire = (row: BoardDevice): IrqLine => controller.source(row.interrupt!);
  const uart = new Uart({ sink: to.console, irq: wire(serial) });
  const rtc = new GoldfishRtc({ clock: to.wallClock, irq: wire(realTimeClock) });
  const harts = to.harts.map((hart) => ({
    software: waking(hart.machineSoftware),
    timer: hart.machineTimer,
  }));
  const inSlots = slotDevices(to);
  const transports = virtio.map((row, slot) => ({
    row,
    device: new VirtioMmio({ device: inSlots[slot], irq: wire(row), memory: to.memory }),
  }));
  return {
    uart,
    rtc,
    waits: () => transports.some(({ device }) => device.inFlight > 0),
    mapped: [
      { row: testFinisher, device: new TestFinisher({ onExit: to.onFinish }) },
      { row: realTimeClock, device: rtc },
      { row: clint, device: new Clint({ harts, clock: to.clock }) },
      { row: plic, device: controller },
      { row: serial, device: uart },
      ...transports,
    ],
  };
}

/** Disks in their slots; the random number generator in the last one, unless a disk wants it. */
function slotDevices({ disks, entropy }: BoardConnections): (VirtioDevice | undefined)[] {
  const slots: (VirtioDevice | undefined)[] = new Array(virtioSlots).fill(undefined);
  for (const { backend, slot = slots.indexOf(undefined) } of disks) {
    if (slot < 0 || slot >= virtioSlots || slots[slot] !== undefined)
      throw new HostError(
        'disk-slot',
        `there is no free virtio slot for disk ${disks.findIndex((d) => d.backend === backend) + 1}`,
        {
          hint: `The board has ${virtioSlots} slots, one disk each.`,
        },
      );
    slots[slot] = new VirtioBlock({ disk: backend });
  }
  slots[virtioSlots - 1] ??= new VirtioRng({ entropy });
  return slots;
}

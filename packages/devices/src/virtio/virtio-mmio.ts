import type { DmaMemory, IrqLine, Persistent } from '@trapline/core';
import { MappedDevice } from '../mapped-device.ts';
import { registerMap } from '../register-map.ts';
import { highWord, lowWord, withHighWord, withLowWord } from '../words.ts';
import { DriverError } from './driver-error.ts';
import { transportFeatures } from './feature.ts';
import { type QueueState, VirtQueue } from './virt-queue.ts';
import type { VirtioDevice, VirtioTransport } from './virtio-device.ts';

export interface VirtioMmioOptions {
  /** Leave it out for an empty slot: drivers see device ID 0 and go away. */
  readonly device?: VirtioDevice | undefined;
  readonly irq: IrqLine;
  readonly memory: DmaMemory;
  /** Told of every driver mistake that stopped the device; for logs. */
  readonly onDriverError?: (error: DriverError) => void;
}

export interface VirtioMmioState {
  readonly status: number;
  readonly driverFeatures: bigint;
  readonly deviceFeaturesSelect: number;
  readonly driverFeaturesSelect: number;
  readonly queueSelect: number;
  readonly interrupts: number;
  readonly generation: number;
  readonly queues: readonly QueueState[];
  /** What the device's own `save` gave. */
  readonly device: unknown;
}

/** Device status bits (virtio 1.2, "Device Status Field"). */
export const Status = {
  acknowledge: 1,
  driver: 2,
  driverOk: 4,
  featuresOk: 8,
  needsReset: 64,
  failed: 128,
} as const;

const Interrupt = { usedBuffer: 1, configuration: 2 } as const;
const magic = 0x7472_6976; // "virt"
/** QEMU's vendor ID: xv6 looks for it. */
const vendor = 0x554d_4551;
const configBytes = 0x100;
const noRegion = 0xffff_ffff;

type Control = Omit<VirtioMmioState, 'queues' | 'device'>;

const powerOn: Control = {
  status: 0,
  driverFeatures: 0n,
  deviceFeaturesSelect: 0,
  driverFeaturesSelect: 0,
  queueSelect: 0,
  interrupts: 0,
  generation: 0,
};

/**
 * The memory-mapped transport, version 2 (virtio 1.2, "Virtio Over MMIO"), around any virtio device.
 *
 * A driver that does not accept VIRTIO_F_VERSION_1 is served all the same ("Reserved Feature Bits" only says a device MAY
 * refuse it; xv6 never accepts it).
 */
export class VirtioMmio extends MappedDevice implements Persistent<VirtioMmioState>, VirtioTransport {
  static readonly map = registerMap<VirtioMmio>([
    { at: 0x000, name: 'MagicValue', bytes: 4, note: '"virt"', read: () => magic },
    { at: 0x004, name: 'Version', bytes: 4, note: '2: modern', read: () => 2 },
    { at: 0x008, name: 'DeviceID', bytes: 4, note: '0: nothing here', read: (t) => t.#device?.deviceId ?? 0 },
    { at: 0x00c, name: 'VendorID', bytes: 4, note: '"QEMU"', read: () => vendor },
    {
      at: 0x010,
      name: 'DeviceFeatures',
      bytes: 4,
      note: 'offered features, word DeviceFeaturesSel',
      read: (t) => featureWord(t.#offered, t.#control.deviceFeaturesSelect),
    },
    {
      at: 0x014,
      name: 'DeviceFeaturesSel',
      bytes: 4,
      write: (t, deviceFeaturesSelect) => t.#set({ deviceFeaturesSelect }),
    },
    {
      at: 0x020,
      name: 'DriverFeatures',
      bytes: 4,
      note: 'accepted features, word DriverFeaturesSel; fixed by FEATURES_OK',
      write: (t, value) => t.#acceptFeatures(value),
    },
    {
      at: 0x024,
      name: 'DriverFeaturesSel',
      bytes: 4,
      write: (t, driverFeaturesSelect) => t.#set({ driverFeaturesSelect }),
    },
    { at: 0x030, name: 'QueueSel', bytes: 4, write: (t, queueSelect) => t.#set({ queueSelect }) },
    {
      at: 0x034,
      name: 'QueueNumMax',
      bytes: 4,
      note: 'largest size, 0: no such queue',
      read: (t) => t.selectedQueue?.maxSize ?? 0,
    },
    {
      at: 0x038,
      name: 'QueueNum',
      bytes: 4,
      note: 'size',
      write: (t, size) => t.selectedQueue?.configure({ size }),
    },
    {
      at: 0x044,
      name: 'QueueReady',
      bytes: 4,
      read: (t) => Number(t.selectedQueue?.ready ?? false),
      write: (t, value) => t.#readyQueue((value & 1) !== 0),
    },
    { at: 0x050, name: 'QueueNotify', bytes: 4, note: 'queue index', write: (t, value) => t.#notify(value) },
    { at: 0x060, name: 'InterruptStatus', bytes: 4, read: (t) => t.#control.interrupts },
    {
      at: 0x064,
      name: 'InterruptACK',
      bytes: 4,
      write: (t, value) => t.#set({ interrupts: t.#control.interrupts & ~value }),
    },
    {
      at: 0x070,
      name: 'Status',
      bytes: 4,
      note: 'writing 0 resets',
      read: (t) => t.#control.status,
      write: (t, value) => t.#setStatus(value & 0xff),
    },
    ...placeRows('QueueDesc', 0x080, 'descriptors'),
    ...placeRows('QueueDriver', 0x090, 'available'),
    ...placeRows('QueueDevice', 0x0a0, 'used'),
    { at: 0x0ac, name: 'SHMSel', bytes: 4, note: 'there are no shared memory regions', write: () => {} },
    { at: 0x0b0, name: 'SHMLenLow', bytes: 4, read: () => noRegion },
    { at: 0x0b4, name: 'SHMLenHigh', bytes: 4, read: () => noRegion },
    { at: 0x0b8, name: 'SHMBaseLow', bytes: 4, read: () => noRegion },
    { at: 0x0bc, name: 'SHMBaseHigh', bytes: 4, read: () => noRegion },
    { at: 0x0fc, name: 'ConfigGeneration', bytes: 4, read: (t) => t.#control.generation },
    {
      at: 0x100,
      name: 'Config',
      window: configBytes,
      note: "the device's own; bytes beyond it read as zero",
      read: (t, offset, bytes) => t.#readConfig(offset, bytes),
      write: (t, offset, bytes, value) => t.#device?.writeConfig?.(offset, bytes, value),
    },
  ]);

  readonly name: string;
  readonly registers = VirtioMmio.map;
  readonly queues: readonly VirtQueue[];
  readonly #device: VirtioDevice | undefined;
  readonly #irq: IrqLine;
  readonly #onDriverError: ((error: DriverError) => void) | undefined;
  #control = powerOn;

  constructor({ device, irq, memory, onDriverError }: VirtioMmioOptions) {
    super();
    this.name = device?.name ?? 'virtio-empty';
    this.#device = device;
    this.#irq = irq;
    this.#onDriverError = onDriverError;
    this.queues = (device?.queueSizes ?? []).map((size, index) => new VirtQueue(index, size, memory));
    device?.attach(this);
  }

  get live(): boolean {
    const { status } = this.#control;
    return (status & (Status.driverOk | Status.needsReset)) === Status.driverOk;
  }

  get features(): bigint {
    return this.#control.driverFeatures;
  }

  /** Requests the device works on: a machine with idle harts waits for the host while there are some. */
  get inFlight(): number {
    return this.queues.reduce((sum, queue) => sum + queue.inFlight, 0);
  }

  /** The queue QueueSel names, if there is one. */
  get selectedQueue(): VirtQueue | undefined {
    return this.queues[this.#control.queueSelect];
  }

  run(work: () => void): void {
    if (!this.live) return;
    this.#catchDriverError(() => {
      work();
      const signals = this.queues.filter((queue) => queue.takeSignal());
      if (signals.length > 0) this.#interrupt(Interrupt.usedBuffer);
    });
  }

  configChanged(): void {
    this.#set({ generation: (this.#control.generation + 1) >>> 0 });
    if (this.live) this.#interrupt(Interrupt.configuration);
  }

  /** Back to power-on, as when the driver writes 0 to Status. */
  reset(): void {
    for (const queue of this.queues) queue.reset();
    this.#set({ ...powerOn, generation: this.#control.generation });
    this.#device?.reset();
  }

  /** Requests in flight are saved as such and done again by `resume`: virtio's requests may be repeated until completed. */
  save(): VirtioMmioState {
    return {
      ...this.#control,
      queues: this.queues.map((queue) => queue.save()),
      device: this.#device?.save(),
    };
  }

  /** Touches no guest memory: call `resume` when that is restored too. */
  restore({ queues, device, ...control }: VirtioMmioState): void {
    queues.forEach((state, index) => {
      this.queues[index]?.restore(state);
      this.queues[index]?.negotiated(control.driverFeatures);
    });
    this.#set(control);
    this.#device?.restore(device);
  }

  /** After `restore`, once guest memory is back: repeats the requests that were in flight. */
  resume(): void {
    for (const queue of this.queues) if (queue.inFlight > 0) this.run(() => this.#device?.notify(queue));
  }

  get #offered(): bigint {
    return this.#device === undefined ? 0n : this.#device.features | transportFeatures;
  }

  #set(change: Partial<Control>): void {
    this.#control = { ...this.#control, ...change };
    this.#irq.set(this.#control.interrupts !== 0);
  }

  #interrupt(cause: number): void {
    this.#set({ interrupts: this.#control.interrupts | cause });
  }

  #acceptFeatures(word: number): void {
    const { status, driverFeatures, driverFeaturesSelect } = this.#control;
    if (status & Status.featuresOk || driverFeaturesSelect > 1) return;
    const replace = driverFeaturesSelect === 0 ? withLowWord : withHighWord;
    this.#set({ driverFeatures: replace(driverFeatures, word) });
  }

  /** Bits only ever get set, until a reset; FEATURES_OK only when the features are a subset of those offered. */
  #setStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    const refused = (this.features & ~this.#offered) !== 0n ? Status.featuresOk : 0;
    const status = this.#control.status | (value & ~refused & ~Status.needsReset);
    this.#set({ status });
    if (status & Status.featuresOk) for (const queue of this.queues) queue.negotiated(this.features);
    if (status & Status.driverOk && !(status & Status.featuresOk))
      this.#fail(new DriverError('DRIVER_OK without FEATURES_OK'));
  }

  #readyQueue(ready: boolean): void {
    const queue = this.selectedQueue;
    if (queue === undefined) return;
    if (ready) this.#catchDriverError(() => queue.start());
    else queue.stop();
  }

  #notify(index: number): void {
    const queue = this.queues[index];
    if (queue?.ready) this.run(() => this.#device?.notify(queue));
  }

  #readConfig(offset: number, bytes: number): number {
    const config = this.#device?.config() ?? new Uint8Array(0);
    let value = 0;
    for (let byte = bytes - 1; byte >= 0; byte--) value = value * 256 + (config[offset + byte] ?? 0);
    return value;
  }

  #catchDriverError(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      this.#fail(error);
    }
  }

  /** Stops every queue until the driver resets the device (virtio 1.2, "Device Status Field", DEVICE_NEEDS_RESET). */
  #fail(error: DriverError): void {
    for (const queue of this.queues) queue.stop();
    this.#set({ status: this.#control.status | Status.needsReset });
    if (this.#control.status & Status.driverOk) this.#interrupt(Interrupt.configuration);
    this.#onDriverError?.(error);
  }
}

/** The two halves of one queue address. */
function placeRows(name: string, at: number, part: 'descriptors' | 'available' | 'used') {
  const half = (suffix: string, offset: number, replace: typeof withLowWord) => ({
    at: at + offset,
    name: name + suffix,
    bytes: 4 as const,
    note: `guest-physical address of the ${part} part`,
    write: (t: VirtioMmio, word: number) => {
      const queue = t.selectedQueue;
      queue?.configure({ [part]: replace(queue.layout[part], word) });
    },
  });
  return [half('Low', 0, withLowWord), half('High', 4, withHighWord)];
}

const featureWord = (features: bigint, select: number): number =>
  select === 0 ? lowWord(features) : select === 1 ? highWord(features) : 0;

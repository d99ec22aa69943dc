import {
  type Chain,
  Status,
  type VirtioDevice,
  VirtioMmio,
  type VirtioTransport,
  type VirtQueue,
} from '../src/index.ts';
import { Driver, FakeIrq, FakeRam } from './driver.ts';

/** A device for transport tests: gives every request its own bytes back, at once or when told. */
export class EchoDevice implements VirtioDevice<number> {
  readonly name = 'echo';
  readonly deviceId = 42;
  readonly features = 1n << 3n;
  readonly queueSizes = [8, 16];
  transport: VirtioTransport | undefined;
  /** Bytes of the configuration space. */
  contents = Uint8Array.of(1, 2, 3, 4, 5, 6);
  configWrites: number[][] = [];
  /** Requests kept when `hold` is set. */
  held: Chain[] = [];
  hold = false;
  resets = 0;
  served = 0;

  config(): Uint8Array {
    return this.contents;
  }

  writeConfig(...write: number[]): void {
    this.configWrites.push(write);
  }

  attach(transport: VirtioTransport): void {
    this.transport = transport;
  }

  notify(queue: VirtQueue): void {
    for (const chain of queue.available())
      if (this.hold) this.held.push(chain);
      else this.answer(chain);
  }

  answer(chain: Chain): void {
    this.served++;
    chain.complete(chain.writable.write(chain.readable.read(chain.writable.bytes)));
  }

  reset(): void {
    this.resets++;
  }

  save(): number {
    return this.served;
  }

  restore(served: number): void {
    this.served = served;
  }
}

export interface Bench<D extends VirtioDevice> {
  readonly device: D;
  readonly driver: Driver;
  readonly ram: FakeRam;
  readonly irq: FakeIrq;
  readonly slot: VirtioMmio;
  /** What the transport reported as driver mistakes. */
  readonly mistakes: string[];
}

/** A device in a slot, with RAM, a wire and a driver that has not started. */
export function bench<D extends VirtioDevice>(device: D, ram = new FakeRam()): Bench<D> {
  const irq = new FakeIrq();
  const mistakes: string[] = [];
  const slot = new VirtioMmio({
    device,
    irq,
    memory: ram,
    onDriverError: (error) => mistakes.push(error.message),
  });
  return { device, driver: new Driver(slot, ram, irq), ram, irq, slot, mistakes };
}

/** Asserts nothing itself: what a driver sees of a device that gave up. */
export function gaveUp({ driver }: Bench<VirtioDevice>): boolean {
  const running = Status.driverOk | Status.needsReset;
  return (driver.status & running) === running && (driver.read(0x60) & 2) !== 0 && driver.irq.level;
}

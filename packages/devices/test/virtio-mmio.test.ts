import { beforeEach, describe, expect, it } from 'vitest';
import { Status, VirtioMmio } from '../src/index.ts';
import { Driver, EVENT_IDX, FakeIrq, FakeRam, INDIRECT_DESC, ramBase, room, VERSION_1 } from './driver.ts';
import { type Bench, bench, EchoDevice } from './echo-device.ts';

let b: Bench<EchoDevice>;
let driver: Driver;

beforeEach(() => {
  b = bench(new EchoDevice());
  driver = b.driver;
});

const ready = Status.acknowledge | Status.driver | Status.featuresOk;
const text = (s: string) => new TextEncoder().encode(s);

describe('identity', () => {
  it('is a version 2 device', () => {
    expect([0x00, 0x04, 0x08, 0x0c].map((at) => driver.read(at))).toEqual([0x74726976, 2, 42, 0x554d4551]);
  });

  it('an empty slot shows device ID 0 and bears everything', () => {
    const slot = new VirtioMmio({ irq: new FakeIrq(), memory: new FakeRam() });
    const empty = new Driver(slot, new FakeRam(), new FakeIrq());
    expect([0x00, 0x04, 0x08].map((at) => empty.read(at))).toEqual([0x74726976, 2, 0]);
    for (let at = 0; at < 0x200; at += 4) empty.write(at, 1);
    for (let at = 0; at < 0x200; at += 4) empty.read(at);
    expect(empty.offered()).toBe(0n);
  });

  it('has no shared memory regions', () => {
    driver.write(0xac, 0);
    expect([0xb0, 0xb4, 0xb8, 0xbc].map((at) => driver.read(at))).toEqual(Array(4).fill(0xffff_ffff));
  });
});

describe('access widths', () => {
  it('control registers take aligned 32-bit accesses only', () => {
    for (const bytes of [1, 2, 8] as const) {
      expect(b.slot.read(0x70, bytes)).toBeUndefined();
      expect(b.slot.write(0x70, bytes, 1n)).toBe(false);
    }
    expect(b.slot.read(0x72, 2)).toBeUndefined();
  });

  it('the configuration space takes 8, 16 and 32 bits, and reads zero beyond its end', () => {
    expect(b.slot.read(0x101, 1)).toBe(2n);
    expect(b.slot.read(0x102, 2)).toBe(0x0403n);
    expect(b.slot.read(0x104, 4)).toBe(0x0605n);
    expect(b.slot.read(0x1fc, 4)).toBe(0n);
    expect(b.slot.read(0x100, 8)).toBeUndefined();
    b.slot.write(0x102, 2, 0xbeefn);
    expect(b.device.configWrites).toEqual([[2, 2, 0xbeef]]);
  });
});

describe('feature negotiation', () => {
  it('offers the device’s features and its own, in two words', () => {
    expect(driver.offered()).toBe((1n << 3n) | INDIRECT_DESC | EVENT_IDX | VERSION_1);
    driver.write(0x14, 2);
    expect(driver.read(0x10)).toBe(0);
  });

  it('accepts a subset', () => {
    driver.negotiate(VERSION_1 | (1n << 3n));
    expect(driver.status).toBe(ready);
    expect(b.slot.features).toBe(VERSION_1 | (1n << 3n));
  });

  it('refuses FEATURES_OK for a feature it did not offer, until that is taken back', () => {
    driver.write(0x70, Status.acknowledge | Status.driver);
    driver.accept(VERSION_1 | (1n << 7n));
    driver.write(0x70, ready);
    expect(driver.status).toBe(Status.acknowledge | Status.driver);
    driver.accept(VERSION_1);
    driver.write(0x70, ready);
    expect(driver.status).toBe(ready);
  });

  // "A device MAY fail to operate further if VIRTIO_F_VERSION_1 is not accepted": ours works on, for xv6.
  it('serves a driver that does not accept VERSION_1', () => {
    driver.start({ features: 0n });
    const { addresses } = driver.queues[0]!.add([text('xv6'), room(3)]);
    driver.queues[0]!.kick();
    expect(b.ram.peek(addresses[1]!, 3)).toEqual(text('xv6'));
  });

  it('features are fixed by FEATURES_OK', () => {
    driver.negotiate(VERSION_1);
    driver.accept(0n);
    expect(b.slot.features).toBe(VERSION_1);
  });
});

describe('status', () => {
  it('bits only get set; NEEDS_RESET is the device’s', () => {
    driver.write(0x70, Status.acknowledge);
    driver.write(0x70, Status.driver | Status.needsReset);
    expect(driver.status).toBe(Status.acknowledge | Status.driver);
  });

  it('DRIVER_OK without FEATURES_OK stops the device', () => {
    driver.write(0x70, Status.acknowledge | Status.driver | Status.driverOk);
    expect(driver.needsReset).toBe(true);
    expect(driver.takeInterrupts()).toBe(2);
  });

  it('0 resets everything but the configuration generation', () => {
    driver.start();
    b.device.transport!.configChanged();
    driver.queues[0]!.add([text('x'), room(1)]);
    driver.queues[0]!.kick();
    expect(b.irq.level).toBe(true);
    driver.write(0x70, 0);
    driver.write(0x30, 0);
    expect([driver.status, driver.read(0x44), driver.read(0x60), b.irq.level]).toEqual([0, 0, 0, false]);
    expect([b.slot.features, driver.read(0xfc), b.device.resets]).toEqual([0n, 1, 2]); // start() resets too
    expect(b.slot.queues[0]!.layout).toEqual({ size: 8, descriptors: 0n, available: 0n, used: 0n });
  });

  it('works again after a reset', () => {
    for (let time = 0; time < 3; time++) {
      driver.start();
      const { head } = driver.queues[0]!.add([text('ab'), room(2)]);
      driver.queues[0]!.kick();
      expect(driver.queues[0]!.takeUsed()).toEqual([{ head, bytes: 2 }]);
    }
  });

  it('nothing is served before DRIVER_OK', () => {
    driver.start();
    const queue = driver.queues[0]!;
    driver.negotiate(~0n);
    driver.startQueue(queue);
    queue.add([text('x'), room(1)]);
    queue.kick();
    expect(queue.takeUsed()).toEqual([]);
    driver.write(0x70, driver.status | Status.driverOk);
    queue.kick();
    expect(queue.takeUsed()).toHaveLength(1);
  });
});

describe('queues', () => {
  it('shows their number and largest sizes', () => {
    expect(driver.queueCount()).toBe(2);
    driver.write(0x30, 1);
    expect(driver.read(0x34)).toBe(16);
    driver.write(0x30, 2);
    expect([driver.read(0x34), driver.read(0x44)]).toEqual([0, 0]);
    for (const at of [0x38, 0x44, 0x80, 0xa4, 0x50]) driver.write(at, 7);
    expect(driver.needsReset).toBe(false);
  });

  it.each([0, 3, 7, 16, 0x1_0000, 0xffff_ffff])('refuses size %i for a queue of 8', (size) => {
    driver.start();
    driver.negotiate(~0n);
    driver.startQueue(Object.assign(driver.queues[0]!, { size }));
    expect([driver.read(0x44), driver.needsReset]).toEqual([0, true]);
  });

  it.each([
    ['misaligned descriptors', 0x80, 0x8000_1008],
    ['misaligned available ring', 0x90, 0x8000_1001],
    ['misaligned used ring', 0xa0, 0x8000_1002],
    ['descriptors outside RAM', 0x80, 0x1000],
    ['an available ring outside RAM', 0x90, 0x1000],
    ['a used ring across the end of RAM', 0xa0, 0x800f_ffc0],
    ['an address above 4 GiB', 0x84, 1],
    ['an address at the end of the address space', 0xa4, 0xffff_ffff],
  ])('refuses %s', (_, at, value) => {
    driver.start();
    driver.negotiate(~0n);
    const [first] = driver.queues;
    driver.startQueue(first!);
    driver.write(0x44, 0);
    driver.write(at, value);
    driver.write(0x44, 1);
    expect([driver.read(0x44), driver.needsReset]).toEqual([0, true]);
    driver.write(0x70, driver.status | Status.driverOk);
    first!.add([text('x'), room(1)]);
    first!.kick();
    expect(first!.takeUsed()).toEqual([]);
  });

  it('keeps its place while ready, and stops when told', () => {
    driver.start();
    driver.write(0x30, 0);
    driver.write(0x80, 0);
    expect(b.slot.queues[0]!.layout.descriptors).toBe(driver.queues[0]!.descriptors);
    driver.write(0x44, 0);
    expect(driver.read(0x44)).toBe(0);
    driver.queues[0]!.add([text('x'), room(1)]);
    driver.queues[0]!.kick();
    expect(driver.queues[0]!.takeUsed()).toEqual([]);
    expect(driver.needsReset).toBe(false);
  });
});

describe('interrupts', () => {
  it('used buffers set bit 0, acknowledging clears it and the wire', () => {
    driver.start();
    driver.queues[0]!.add([text('x'), room(1)]);
    driver.queues[0]!.kick();
    expect([driver.read(0x60), b.irq.level]).toEqual([1, true]);
    driver.write(0x64, 2);
    expect(b.irq.level).toBe(true);
    driver.write(0x64, 1);
    expect([driver.read(0x60), b.irq.level]).toEqual([0, false]);
  });

  it('a configuration change sets bit 1 and a new generation, silently before DRIVER_OK', () => {
    b.device.transport!.configChanged();
    expect([driver.read(0xfc), driver.read(0x60)]).toEqual([1, 0]);
    driver.start();
    b.device.transport!.configChanged();
    expect([driver.read(0xfc), driver.takeInterrupts()]).toEqual([2, 2]);
  });
});

describe('requests in flight', () => {
  beforeEach(() => {
    b.device.hold = true;
    driver.start();
  });

  const finish = (order: number[]) => {
    const { held, transport } = b.device;
    transport!.run(() => {
      for (const at of order) b.device.answer(held[at]!);
    });
  };

  it('complete in any order', () => {
    const queue = driver.queues[0]!;
    const heads = ['a', 'bb', 'ccc'].map((s) => queue.add([text(s), room(4)]).head);
    queue.kick();
    expect([queue.takeUsed(), b.slot.inFlight]).toEqual([[], 3]);
    finish([2, 0, 1]);
    expect(queue.takeUsed()).toEqual([
      { head: heads[2], bytes: 3 },
      { head: heads[0], bytes: 1 },
      { head: heads[1], bytes: 2 },
    ]);
    expect(b.slot.inFlight).toBe(0);
    expect(b.irq.raised).toBe(1);
  });

  it('are forgotten by a reset: their late answers touch nothing', () => {
    const queue = driver.queues[0]!;
    queue.add([text('a'), room(4)]);
    queue.kick();
    const [chain] = b.device.held;
    driver.start();
    const before = b.ram.copy();
    expect(chain!.live).toBe(false);
    b.device.transport!.run(() => chain!.complete(4));
    expect(b.ram.copy().equals(before)).toBe(true);
    expect(b.irq.level).toBe(false);
  });

  it('are done again after save and restore into another machine', () => {
    const queue = driver.queues[0]!;
    queue.add([text('a'), room(4)]);
    queue.add([text('bb'), room(4)]);
    queue.kick();
    finish([0]);
    const state = structuredClone(b.slot.save());
    const copy = bench(new EchoDevice());
    copy.ram.poke(ramBase, b.ram.copy());
    copy.slot.restore(state);
    expect(copy.irq.level).toBe(true);
    expect(copy.device.served).toBe(1);
    expect(copy.slot.inFlight).toBe(1);
    expect(structuredClone(copy.slot.save())).toEqual(state);
    copy.slot.resume();
    expect(copy.ram.peek16(queue.used + 2n)).toBe(2);
    expect(copy.slot.inFlight).toBe(0);
  });
});

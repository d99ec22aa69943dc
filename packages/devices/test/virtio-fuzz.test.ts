import type { DiskBackend } from '@trapline/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessBytes,
  MemoryDisk,
  VirtioBlock,
  VirtioConsole,
  type VirtioDevice,
  VirtioRng,
} from '../src/index.ts';
import { type DriverQueue, EVENT_IDX, FakeRam, type RawDescriptor, ramBase } from './driver.ts';
import { type Bench, bench, EchoDevice } from './echo-device.ts';

const ramBytes = 64 * 1024;
/** Here lie block request headers, one every 16 bytes: all types, sectors in and out of range. */
const headers = ramBase + 0x8000n;

const lateDisk = (): DiskBackend => {
  const disk = new MemoryDisk(new Uint8Array(16 * 512));
  return {
    bytes: disk.bytes,
    readOnly: false,
    read: async (offset, into) => disk.read(offset, into),
    write: async (offset, from) => disk.write(offset, from),
    flush: () => Promise.reject(new Error('never')),
  };
};

const devices: [string, () => VirtioDevice][] = [
  ['echo', () => new EchoDevice()],
  ['a block device', () => new VirtioBlock({ disk: new MemoryDisk(new Uint8Array(16 * 512)) })],
  ['a block device that answers later', () => new VirtioBlock({ disk: lateDisk() })],
  ['a console', () => new VirtioConsole({ sink: { write: () => {} } })],
  ['an entropy device', () => new VirtioRng({ entropy: { fill: (into) => into.fill(0x5a) } })],
];

const mostly = <T>(likely: fc.Arbitrary<T>, ...others: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: likely }, ...others);

/** Addresses near what matters: in RAM, around its ends, and anywhere. */
const address = mostly(
  fc.oneof(
    fc.nat(ramBytes - 2048).map((at) => ramBase + BigInt(at)),
    fc.nat(63).map((at) => headers + BigInt(16 * at)),
  ),
  fc.nat(64).map((n) => ramBase + BigInt(ramBytes - 32 + n)),
  fc.bigInt(0n, 2n ** 64n - 1n),
);
const bytes = mostly(fc.constantFrom(0, 1, 16, 20, 32, 512, 513, 1024), fc.nat(0xffff_ffff));
const descriptor: fc.Arbitrary<RawDescriptor> = fc.record({
  address,
  bytes,
  flags: mostly(fc.constantFrom(0, 1, 2, 3), fc.nat(7)),
  next: fc.nat(8),
});
/** Well ordered: a readable header, data, a writable status byte; only places and sizes are wild. */
const chain: fc.Arbitrary<RawDescriptor[]> = fc
  .tuple(address, address, bytes, address, fc.boolean())
  .map(([first, second, length, last, read]) => [
    { address: first, bytes: 16, flags: 1, next: 1 },
    { address: second, bytes: length, flags: read ? 3 : 1, next: 2 },
    { address: last, bytes: 1, flags: 2 },
  ]);

const register = fc.oneof(
  fc.constantFrom(0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0xa0),
  fc.nat(0x210),
);
const width = mostly(fc.constant<AccessBytes>(4), fc.constantFrom<AccessBytes>(1, 2, 8));
const value = mostly(
  fc.constantFrom(0n, 1n, 2n, 3n, 8n, 11n, 15n, 0x8000_1000n),
  fc.bigInt(0n, 2n ** 64n - 1n),
);

/** With and without the event index (without it every used buffer interrupts). */
const features = fc.constantFrom(~0n, ~EVENT_IDX, ~EVENT_IDX);

type Step = (b: Bench<VirtioDevice>, queue: DriverQueue) => void;
const request =
  (descriptors: RawDescriptor[]): Step =>
  (_, queue) => {
    queue.table(descriptors);
    queue.offer(0);
    queue.kick();
  };
const well: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: chain.map(request) },
  { weight: 2, arbitrary: fc.array(descriptor, { minLength: 1, maxLength: 8 }).map(request) },
  {
    weight: 2,
    arbitrary: fc.array(descriptor, { minLength: 1, maxLength: 9 }).map(
      (table): Step =>
        (b, queue) =>
          request([b.driver.indirect(table)])(b, queue),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }).map(
      (input): Step =>
        (b) => {
          if (b.device instanceof VirtioConsole) b.device.receive(input);
        },
    ),
  },
);
const wild: fc.Arbitrary<Step> = fc.oneof(
  fc.nat(9).map(
    (head): Step =>
      (_, queue) =>
        queue.offer(head),
  ),
  fc.nat(0xffff).map(
    (index): Step =>
      (_, queue) =>
        queue.setAvailableIndex(index),
  ),
  fc.nat(0xffff).map(
    (index): Step =>
      (_, queue) =>
        void Object.assign(queue, { usedEvent: index }),
  ),
  fc.tuple(register, width, value).map(
    ([at, w, v]): Step =>
      (b) =>
        void b.slot.write(at, w, v),
  ),
  fc.tuple(register, width).map(
    ([at, w]): Step =>
      (b) =>
        void b.slot.read(at, w),
  ),
  fc.constant<Step>((b) => {
    b.slot.restore(structuredClone(b.slot.save()));
    b.slot.resume();
  }),
);
const restart: Step = (b) => void b.driver.start({ size: 8 });
const steps = fc.array(
  fc.oneof({ weight: 8, arbitrary: well }, { weight: 3, arbitrary: wild }, fc.constant(restart)),
  {
    minLength: 1,
    maxLength: 30,
    size: 'max',
  },
);

function start(device: VirtioDevice, features: bigint): Bench<VirtioDevice> {
  const b = bench(device, new FakeRam(ramBytes));
  const table = new DataView(new ArrayBuffer(64 * 16));
  for (let n = 0; n < 64; n++) {
    table.setUint32(n * 16, [0, 1, 4, 8, 13][n % 5]!, true);
    table.setBigUint64(n * 16 + 8, n < 60 ? BigInt(n % 18) : 2n ** 64n - BigInt(n), true);
  }
  b.ram.poke(headers, new Uint8Array(table.buffer));
  b.driver.start({ size: 8, features });
  return b;
}

/** The answers of disks behind promises. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe.each(devices)('whatever a driver of %s does', (_, create) => {
  // FakeRam throws for a write outside RAM, and hands out views inside it only.
  it('nothing throws, every change of RAM is declared, and a reset repairs it', async () => {
    let served = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(1), features, steps, async (index, accepted, script) => {
        const b = start(create(), accepted);
        for (const [at, act] of script.entries()) {
          if (!b.slot.live && at % 2 === 0) b.driver.start({ size: 8, features: accepted });
          act(b, b.driver.queues[index % b.driver.queues.length]!);
          if (at % 4 === 3) await settle();
          expect(b.irq.level).toBe(b.driver.read(0x60) !== 0);
          served += b.driver.takeInterrupts() & 1;
        }
        await settle();
        expect(b.ram.allDeclared).toBe(true);
        b.driver.negotiate(~0n);
        expect(b.driver.status).toBe(11);
        expect(b.slot.inFlight).toBe(0);
      }),
      { numRuns: 120 },
    );
    // The fuzzer is worth something only if requests get through.
    expect(served).toBeGreaterThan(100);
  });
});

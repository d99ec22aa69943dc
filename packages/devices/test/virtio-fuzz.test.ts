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
import { type DriverQueue, FakeRam, type RawDescriptor, ramBase } from './driver.ts';
import { type Bench, bench, EchoDevice } from './echo-device.ts';

const ramBytes = 64 * 1024;
const devices: [string, () => VirtioDevice][] = [
  ['echo', () => new EchoDevice()],
  ['block', () => new VirtioBlock({ disk: new MemoryDisk(new Uint8Array(16 * 512)) })],
  ['console', () => new VirtioConsole({ sink: { write: () => {} } })],
  ['rng', () => new VirtioRng({ entropy: { fill: (into) => into.fill(0x5a) } })],
];

/** Addresses near what matters: in RAM, around its ends, and anywhere. */
const address = fc.oneof(
  { weight: 6, arbitrary: fc.nat(ramBytes).map((at) => ramBase + BigInt(at)) },
  fc.nat(64).map((n) => ramBase + BigInt(ramBytes - 32 + n)),
  fc.bigInt(0n, 2n ** 64n - 1n),
);
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 16, 20, 32, 48, 512, 513, 1024) },
  fc.nat(0xffff_ffff),
);
const descriptor: fc.Arbitrary<RawDescriptor> = fc.record({
  address,
  bytes,
  flags: fc.nat(7),
  next: fc.nat(9),
});

const register = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0xa0),
  },
  fc.nat(0x210),
);
const width = fc.oneof(
  { weight: 5, arbitrary: fc.constant<AccessBytes>(4) },
  fc.constantFrom<AccessBytes>(1, 2, 8),
);
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0n, 1n, 2n, 3n, 8n, 11n, 15n, 0x8000_1000n) },
  fc.bigInt(0n, 2n ** 64n - 1n),
);

type Step = (b: Bench<VirtioDevice>, queue: DriverQueue) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(descriptor, fc.nat(7)).map(
      ([d, at]): Step =>
        (_, q) =>
          q.table([d], at),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.nat(9).map(
      (head): Step =>
        (_, q) =>
          q.offer(head),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>((_, q) => q.kick()) },
  fc.nat(0xffff).map(
    (index): Step =>
      (_, q) =>
        q.setAvailableIndex(index),
  ),
  fc.nat(0xffff).map(
    (index): Step =>
      (_, q) =>
        void Object.assign(q, { usedEvent: index }),
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
  fc.uint8Array({ maxLength: 40 }).map(
    (input): Step =>
      (b) => {
        if (b.device instanceof VirtioConsole) b.device.receive(input);
      },
  ),
  fc.constant<Step>((b) => b.slot.restore(structuredClone(b.slot.save()))),
  fc.constant<Step>((b) => void b.driver.start({ size: 8 })),
);

describe.each(devices)('whatever a driver of %s does', (_, create) => {
  // FakeRam throws for a write outside RAM and hands out views inside it only.
  it('nothing throws, every change of RAM is declared, and a reset repairs it', () => {
    fc.assert(
      fc.property(fc.nat(1), fc.array(step, { minLength: 1, maxLength: 40 }), (index, steps) => {
        const b = bench(create(), new FakeRam(ramBytes));
        b.driver.start({ size: 8 });
        const queue = b.driver.queues[index % b.driver.queues.length]!;
        for (const act of steps) {
          if (b.driver.queues.length === 0) break;
          act(b, queue);
          expect(b.irq.level).toBe(b.driver.read(0x60) !== 0);
        }
        expect(b.ram.allDeclared).toBe(true);
        b.driver.negotiate(~0n);
        expect(b.driver.status).toBe(11);
      }),
      { numRuns: 300 },
    );
  });

  it('random rings and descriptors in place of all of RAM end without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 512 }), fc.nat(0xffff), (noise, available) => {
        const b = bench(create(), new FakeRam(ramBytes));
        b.driver.start({ size: 8 });
        for (const queue of b.driver.queues) {
          b.ram.poke(queue.descriptors, noise.subarray(0, 128));
          b.ram.poke(queue.available, noise.subarray(128, 150));
          queue.setAvailableIndex(available % 9);
          queue.kick();
        }
        expect(b.ram.allDeclared).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

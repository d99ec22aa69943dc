import { beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../src/index.ts';
import {
  type Driver,
  type DriverQueue,
  INDIRECT,
  INDIRECT_DESC,
  NEXT,
  type RawDescriptor,
  ramBase,
  room,
  VERSION_1,
  WRITE,
} from './driver.ts';
import { type Bench, bench, EchoDevice, gaveUp } from './echo-device.ts';

let b: Bench<EchoDevice>;
let driver: Driver;
let queue: DriverQueue;
const text = (s: string) => new TextEncoder().encode(s);
const start = (features = ~0n) => {
  b = bench(new EchoDevice());
  driver = b.driver.start({ features });
  queue = driver.queues[0]!;
};

beforeEach(() => start());

const echo = (s: string, options?: { indirect: boolean }) => {
  const { addresses } = queue.add([text(s), room(s.length)], options);
  queue.kick();
  const [used] = queue.takeUsed();
  return used && new TextDecoder().decode(b.ram.peek(addresses[1]!, used.bytes));
};

describe('requests', () => {
  it('come back, also where the 16-bit indices wrap', () => {
    const { queues, ...rest } = b.slot.save();
    const [first, ...others] = queues;
    const late = { ...first!, nextAvailable: 0xfffd, nextUsed: 0xfffd, signalledUsed: 0xfffd };
    b.slot.restore({ ...rest, queues: [late, ...others] });
    queue.startAt(0xfffd);
    const answers = ['a', 'b', 'c', 'd', 'e', 'f'].map((s) => echo(s));
    expect(answers).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(queue.availableEvent).toBe(3);
    expect(b.ram.peek16(queue.used + 2n)).toBe(3);
    expect(b.mistakes).toEqual([]);
  });

  it('may be cut into descriptors anywhere', () => {
    const { addresses } = queue.add([text('ab'), text('c'), text('def'), room(1), room(4), room(5)]);
    queue.kick();
    expect(queue.takeUsed()).toEqual([{ head: 0, bytes: 6 }]);
    const parts = [1, 4, 1].map((bytes, i) => b.ram.peek(addresses[3 + i]!, bytes));
    expect(Buffer.concat(parts).toString()).toBe('abcdef');
  });

  it('may have empty descriptors', () => {
    queue.add([new Uint8Array(0), text('hi'), room(0), room(2)]);
    queue.kick();
    expect(queue.takeUsed()).toEqual([{ head: 0, bytes: 2 }]);
  });

  it('may be indirect, alone or after direct descriptors; the write flag of the reference is ignored', () => {
    expect(echo('indirect', { indirect: true })).toBe('indirect');
    const answer = driver.place(room(2));
    const reference = driver.indirect([{ address: answer, bytes: 2, flags: WRITE }]);
    queue.table([
      { address: driver.place(text('ok')), bytes: 2, flags: NEXT, next: 1 },
      { ...reference, flags: INDIRECT | WRITE },
    ]);
    queue.offer(0);
    queue.kick();
    expect(new TextDecoder().decode(b.ram.peek(answer, 2))).toBe('ok');
    expect(b.mistakes).toEqual([]);
  });

  it('declare every byte they change', () => {
    echo('declared');
    echo('declared', { indirect: true });
    expect(b.ram.allDeclared).toBe(true);
  });
});

describe('notifications without the event index', () => {
  beforeEach(() => start(VERSION_1 | INDIRECT_DESC));

  it('follow the driver’s flag', () => {
    queue.interruptsWanted = false;
    echo('quiet');
    expect(b.irq.level).toBe(false);
    queue.interruptsWanted = true;
    echo('loud');
    expect(driver.takeInterrupts()).toBe(1);
  });

  it('ignore the event field', () => {
    queue.usedEvent = 1000;
    echo('x');
    expect(driver.takeInterrupts()).toBe(1);
  });
});

describe('notifications with the event index', () => {
  it('interrupt when the used index passes the driver’s event, and only then', () => {
    queue.usedEvent = 2;
    echo('1');
    echo('2');
    expect(b.irq.level).toBe(false);
    echo('3');
    expect(driver.takeInterrupts()).toBe(1);
    echo('4');
    expect(b.irq.level).toBe(false);
  });

  it('count a batch that jumps over the event', () => {
    queue.usedEvent = 1;
    for (const s of ['1', '2', '3']) queue.add([text(s), room(1)]);
    queue.kick();
    expect(driver.takeInterrupts()).toBe(1);
  });

  it('ignore the driver’s flag', () => {
    queue.interruptsWanted = false;
    queue.usedEvent = 0;
    echo('x');
    expect(driver.takeInterrupts()).toBe(1);
  });

  it('ask to be told of the next new buffer', () => {
    expect(queue.availableEvent).toBe(0);
    echo('1');
    expect(queue.availableEvent).toBe(1);
    for (const s of ['2', '3']) queue.add([text(s), room(1)]);
    queue.kick();
    expect(queue.availableEvent).toBe(3);
  });
});

describe('a driver’s mistake stops the device until reset', () => {
  const buffer: RawDescriptor = { address: ramBase, bytes: 16 };
  const offerTable = (...descriptors: RawDescriptor[]) => {
    queue.table(descriptors);
    queue.offer(0);
    queue.kick();
  };
  const offerIndirect = (descriptors: RawDescriptor[], change: Partial<RawDescriptor> = {}) =>
    offerTable({ ...driver.indirect(descriptors), ...change });
  const chainOf = (count: number): RawDescriptor[] =>
    Array.from({ length: count }, (_, i) => ({ ...buffer, flags: i < count - 1 ? NEXT : 0, next: i + 1 }));

  const cases: [string, () => void, RegExp][] = [
    ['a chain that loops', () => offerTable({ ...buffer, flags: NEXT, next: 0 }), /longer than the queue/],
    [
      'a loop of two',
      () => offerTable({ ...buffer, flags: NEXT, next: 1 }, { ...buffer, flags: NEXT, next: 0 }),
      /longer than the queue/,
    ],
    ['an indirect chain longer than the queue', () => offerIndirect(chainOf(9)), /longer than the queue/],
    [
      'a loop in an indirect table',
      () => offerIndirect([{ ...buffer, flags: NEXT }]),
      /longer than the queue/,
    ],
    ['a buffer below RAM', () => offerTable({ address: 0n, bytes: 4 }), /not all RAM/],
    [
      'a buffer across the end of RAM',
      () => offerTable({ address: ramBase + 0xf_fffen, bytes: 4 }),
      /not all RAM/,
    ],
    ['a buffer that wraps around', () => offerTable({ address: 2n ** 64n - 4n, bytes: 8 }), /not all RAM/],
    ['a buffer of 4 GiB', () => offerTable({ address: ramBase, bytes: 0xffff_ffff }), /not all RAM/],
    [
      'readable after writable',
      () => offerTable({ ...buffer, flags: WRITE | NEXT, next: 1 }, buffer),
      /readable descriptor follows/,
    ],
    [
      'a next beyond the table',
      () => offerTable({ ...buffer, flags: NEXT, next: 8 }),
      /descriptor 8 of a table of 8/,
    ],
    [
      'a next beyond an indirect table',
      () => offerIndirect([{ ...buffer, flags: NEXT, next: 1 }]),
      /table of 1/,
    ],
    ['a head beyond the table', () => [queue.offer(8), queue.kick()], /descriptor 8 of a table of 8/],
    [
      'an indirect table inside another',
      () => offerIndirect([driver.indirect([buffer])]),
      /inside an indirect/,
    ],
    ['an indirect length of 17', () => offerIndirect(chainOf(2), { bytes: 17 }), /not a multiple of 16/],
    ['an empty indirect table', () => offerIndirect([buffer], { bytes: 0 }), /not a multiple of 16/],
    ['an indirect table outside RAM', () => offerIndirect([buffer], { address: 0x1000n }), /not all RAM/],
    [
      'indirect and next together',
      () => offerIndirect([buffer], { flags: INDIRECT | NEXT }),
      /also continues/,
    ],
    [
      'an available index too far ahead',
      () => [queue.setAvailableIndex(9), queue.kick()],
      /9 ahead on a queue of 8/,
    ],
    ['an available index gone back', () => [queue.setAvailableIndex(-1), queue.kick()], /65535 ahead/],
    [
      'a head made available twice',
      () => {
        b.device.hold = true;
        queue.table([buffer]);
        queue.offer(0);
        queue.offer(0);
        queue.kick();
      },
      /made available twice/,
    ],
  ];

  it.each(cases)('%s', (_, mistake, message) => {
    mistake();
    expect(gaveUp(b)).toBe(true);
    expect(b.mistakes).toHaveLength(1);
    expect(b.mistakes[0]).toMatch(message);
    queue.offer(0);
    queue.kick();
    expect(b.mistakes).toHaveLength(1);
    start();
    expect(echo('well again')).toBe('well again');
  });

  it('an indirect descriptor without the feature', () => {
    start(VERSION_1);
    offerIndirect([buffer]);
    expect(b.mistakes).toEqual(['an indirect descriptor, but the feature was not negotiated']);
    expect(gaveUp(b)).toBe(true);
  });

  it('keeps what came before in the batch', () => {
    const { head } = queue.add([text('good'), room(4)]);
    queue.table([{ address: 0n, bytes: 1 }], 5);
    queue.offer(5);
    queue.kick();
    expect(queue.takeUsed()).toEqual([{ head, bytes: 4 }]);
    expect(gaveUp(b)).toBe(true);
  });

  it('takes requests in flight from the device: their buffers are not touched any more', () => {
    b.device.hold = true;
    queue.add([text('late'), room(4)]);
    queue.kick();
    const [chain] = b.device.held;
    expect(chain!.live).toBe(true);
    queue.table([{ address: 0n, bytes: 1 }], 5);
    queue.offer(5);
    queue.kick();
    expect([chain!.live, b.slot.inFlight]).toEqual([false, 0]);
    driver.write(0x30, 0);
    expect(driver.read(0x44)).toBe(0);
  });

  it('stops the other queue too, and writing Status cannot undo it', () => {
    offerTable({ address: 0n, bytes: 4 });
    driver.write(0x70, Status.acknowledge | Status.driver | Status.featuresOk | Status.driverOk);
    expect(driver.needsReset).toBe(true);
    const [, other] = driver.queues;
    other!.add([text('x'), room(1)]);
    other!.kick();
    expect(other!.takeUsed()).toEqual([]);
  });
});

it('a request that overwrites the ring is served once per notification', () => {
  // The answer lands on the available ring: index 2, both entries this very chain.
  queue.table([
    { address: driver.place(Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0)), bytes: 8, flags: NEXT, next: 1 },
    { address: queue.available, bytes: 8, flags: WRITE },
  ]);
  queue.offer(0);
  queue.kick();
  expect(b.device.served).toBe(1);
  queue.kick();
  expect(b.device.served).toBe(2);
});

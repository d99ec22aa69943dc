import type { DiskBackend } from '@trapline/core';
import { describe, expect, it } from 'vitest';
import { MemoryDisk, VirtioBlock, type VirtioBlockOptions } from '../src/index.ts';
import { type DriverQueue, NEXT, type Part, ramBase, room, WRITE } from './driver.ts';
import { type Bench, bench, gaveUp } from './echo-device.ts';

const [IN, OUT, FLUSH, GET_ID] = [0, 1, 4, 8];
const [OK, IOERR, UNSUPP] = [0, 1, 2];
const FLUSH_FEATURE = 1n << 9n;
const RO_FEATURE = 1n << 5n;

const header = (type: number, sector: bigint): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, sector, true);
  return new Uint8Array(view.buffer);
};
/** Recognisable contents: byte i of the disk. */
const pattern = (bytes: number, seed = 7): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + seed) & 0xff);

/** A disk that answers when told, through promises, and records what happens to it. */
class SlowDisk implements DiskBackend {
  readonly log: string[] = [];
  readonly waiting: { release: () => void; fail: (error: Error) => void }[] = [];
  readonly readOnly = false;
  constructor(readonly contents: Uint8Array) {}

  get bytes(): number {
    return this.contents.length;
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.later(`read ${offset}+${into.length}`, () =>
      into.set(this.contents.subarray(offset, offset + into.length)),
    );
  }

  write(offset: number, from: Uint8Array): Promise<void> {
    return this.later(`write ${offset}+${from.length}`, () => this.contents.set(from, offset));
  }

  flush(): Promise<void> {
    return this.later('flush', () => {});
  }

  private later(what: string, work: () => void): Promise<void> {
    this.log.push(what);
    return new Promise((resolve, reject) => {
      this.waiting.push({ release: () => resolve(work()), fail: reject });
    });
  }
}

/** Lets promise callbacks run. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

type BlockBench = Bench<VirtioBlock> & { queue: DriverQueue };

function attach(disk: DiskBackend, features = ~0n, options: Partial<VirtioBlockOptions> = {}): BlockBench {
  const b = bench(new VirtioBlock({ disk, ...options }));
  return { ...b, queue: b.driver.start({ features, size: 16 }).queues[0]! };
}

/** Submits one request; the buffers' addresses. */
function submit(b: BlockBench, type: number, sector: number | bigint, data: readonly Part[] = []): bigint[] {
  const { addresses } = b.queue.add([header(type, BigInt(sector)), ...data, room(1)]);
  b.ram.poke(addresses.at(-1)!, Uint8Array.of(0xee));
  b.queue.kick();
  return addresses;
}

/** Submits one request to a disk that answers at once: status, used length, and the bytes of the first buffer. */
function request(b: BlockBench, type: number, sector: number | bigint, data: readonly Part[] = []) {
  const addresses = submit(b, type, sector, data);
  const [first] = data;
  const bytes = first instanceof Uint8Array ? first.length : (first?.room ?? 0);
  return {
    status: b.ram.peek(addresses.at(-1)!, 1)[0],
    used: b.queue.takeUsed()[0]?.bytes,
    data: b.ram.peek(addresses[1]!, bytes),
  };
}

describe('configuration', () => {
  it('shows capacity in whole sectors, segment limit and block size', () => {
    const { driver } = attach(new MemoryDisk(new Uint8Array(5 * 512 + 100)));
    expect([0x100, 0x104, 0x10c, 0x114].map((at) => driver.read(at))).toEqual([5, 0, 254, 512]);
    expect(driver.read(0x08)).toBe(2);
  });

  it('offers RO for read-only disks only', () => {
    expect(attach(new MemoryDisk(new Uint8Array(512))).driver.offered() & RO_FEATURE).toBe(0n);
    expect(
      attach(new MemoryDisk(new Uint8Array(512), { readOnly: true })).driver.offered() & RO_FEATURE,
    ).toBe(RO_FEATURE);
  });
});

describe('requests', () => {
  const disk = () => new MemoryDisk(pattern(8 * 512));

  it('IN reads sectors', () => {
    const b = attach(disk());
    const { data, ...result } = request(b, IN!, 3, [room(1024)]);
    expect(result).toEqual({ status: OK, used: 1025 });
    expect(data).toEqual(pattern(8 * 512).slice(3 * 512, 5 * 512));
    expect(b.ram.allDeclared).toBe(true);
  });

  it('OUT writes sectors', () => {
    const contents = pattern(8 * 512);
    const b = attach(new MemoryDisk(contents));
    expect(request(b, OUT!, 7, [pattern(512, 99)])).toMatchObject({ status: OK, used: 1 });
    expect(contents.slice(7 * 512)).toEqual(pattern(512, 99));
    expect(contents.slice(0, 7 * 512)).toEqual(pattern(7 * 512));
  });

  it('does not care how buffers are cut', () => {
    const contents = pattern(8 * 512);
    const b = attach(new MemoryDisk(contents));
    const whole = Buffer.concat([header(OUT!, 1n), pattern(512, 5)]);
    b.queue.add([whole.subarray(0, 5), whole.subarray(5, 100), whole.subarray(100), room(1)]);
    const { addresses } = b.queue.add([header(IN!, 1n), room(3), room(510)]);
    b.queue.kick();
    expect(b.queue.takeUsed().map((used) => used.bytes)).toEqual([1, 513]);
    const back = Buffer.concat([b.ram.peek(addresses[1]!, 3), b.ram.peek(addresses[2]!, 509)]);
    expect([...back]).toEqual([...pattern(512, 5)]);
    expect(b.ram.peek(addresses[2]! + 509n, 1)[0]).toBe(OK);
  });

  it('GET_ID gives 20 bytes', () => {
    const { data, ...result } = request(attach(disk(), ~0n, { id: 'root' }), GET_ID!, 0, [room(20)]);
    expect(result).toEqual({ status: OK, used: 21 });
    expect(new TextDecoder().decode(data)).toBe(`root${'\0'.repeat(16)}`);
  });

  it('FLUSH reaches the disk; without the feature every write does', () => {
    let flushes = 0;
    const counting = () => Object.assign(disk(), { flush: () => void flushes++ });
    const b = attach(counting());
    request(b, OUT!, 0, [pattern(512)]);
    expect(flushes).toBe(0);
    expect(request(b, FLUSH!, 0)).toMatchObject({ status: OK, used: 1 });
    expect(flushes).toBe(1);
    request(attach(counting(), ~FLUSH_FEATURE), OUT!, 0, [pattern(512)]);
    expect(flushes).toBe(2);
  });

  it.each([2, 3, 11, 13, 0xffff_ffff])('type %i is unsupported', (type) => {
    expect(request(attach(disk()), type, 0, [room(512)])).toMatchObject({ status: UNSUPP, used: 0 });
  });
});

describe('a driver’s mistake fails the request', () => {
  const cases: [string, number, number | bigint, Part[]][] = [
    ['a read past the end', IN!, 8, [room(512)]],
    ['a read across the end', IN!, 7, [room(1024)]],
    ['a read at the last 64-bit sector', IN!, 2n ** 64n - 1n, [room(512)]],
    ['a read whose byte offset overflows 64 bits', IN!, 2n ** 55n, [room(512)]],
    ['a write past the end', OUT!, 8, [pattern(512)]],
    ['a write at the last 64-bit sector', OUT!, 2n ** 64n - 1n, [pattern(512)]],
    ['a read of part of a sector', IN!, 0, [room(100)]],
    ['a write of part of a sector', OUT!, 0, [pattern(513)]],
    ['a write with room for an answer', OUT!, 0, [pattern(512), room(512)]],
    ['a read that brings data', IN!, 0, [pattern(512), room(512)]],
    ['an ID into 19 bytes', GET_ID!, 0, [room(19)]],
  ];

  it.each(cases)('%s', (_, type, sector, data) => {
    const contents = pattern(8 * 512);
    const b = attach(new MemoryDisk(contents));
    expect(request(b, type, sector, data).status).toBe(IOERR);
    expect(contents).toEqual(pattern(8 * 512));
    expect(b.mistakes).toEqual([]);
    expect(request(b, IN!, 0, [room(512)]).status).toBe(OK);
  });

  it('a write to a read-only disk', () => {
    const contents = pattern(512);
    const b = attach(new MemoryDisk(contents, { readOnly: true }));
    expect(request(b, OUT!, 0, [new Uint8Array(512)])).toMatchObject({ status: IOERR, used: 1 });
    expect(contents).toEqual(pattern(512));
  });
});

describe('a request that cannot be answered stops the device', () => {
  it.each<[string, Part[]]>([
    ['a short header', [new Uint8Array(15), room(1)]],
    ['no header', [room(513)]],
    ['no status byte', [header(IN!, 0n)]],
    ['an empty status buffer', [header(FLUSH!, 0n), room(0)]],
  ])('%s', (_, parts) => {
    const b = attach(new MemoryDisk(new Uint8Array(512)));
    b.queue.add(parts);
    b.queue.kick();
    expect(gaveUp(b)).toBe(true);
    expect(b.queue.takeUsed()).toEqual([]);
  });
});

describe('disks that fail', () => {
  const broken = (work: () => void | Promise<void>): DiskBackend => ({
    bytes: 4096,
    readOnly: false,
    synchronous: true,
    read: work,
    write: work,
    flush: work,
  });

  it.each([
    [
      'by throwing',
      () => {
        throw new Error('worn out');
      },
      true,
    ],
    ['by rejecting', () => Promise.reject(new Error('worn out')), false],
  ])('%s give an I/O error and are reported', async (_, work, synchronous) => {
    const errors: unknown[] = [];
    const b = attach({ ...broken(work), synchronous }, ~0n, { onDiskError: (error) => errors.push(error) });
    const statuses = [];
    for (const [type, data] of [
      [IN!, [room(512)]],
      [OUT!, [pattern(512)]],
      [FLUSH!, []],
    ] as [number, Part[]][])
      statuses.push(submit(b, type, 0, data).at(-1)!);
    await settle();
    expect(statuses.map((address) => b.ram.peek(address, 1)[0])).toEqual([IOERR, IOERR, IOERR]);
    expect(errors.map(String)).toEqual(Array(3).fill('Error: worn out'));
    expect(b.mistakes).toEqual([]);
    expect(b.ram.allDeclared).toBe(true);
  });
});

describe('disks that answer later', () => {
  it('have several requests in flight, which finish in any order', async () => {
    const disk = new SlowDisk(pattern(8 * 512));
    const b = attach(disk);
    const first = submit(b, IN!, 0, [room(512)]);
    const second = submit(b, IN!, 4, [room(512)]);
    expect(disk.log).toEqual(['read 0+512', 'read 2048+512']);
    expect(b.slot.inFlight).toBe(2);
    b.ram.move(); // no view may outlive the call it was got in
    disk.waiting[1]!.release();
    await settle();
    expect(b.queue.takeUsed()).toEqual([{ head: 3, bytes: 513 }]);
    expect(b.ram.peek(second[1]!, 512)).toEqual(pattern(8 * 512).slice(2048, 2560));
    expect(b.ram.peek(first[2]!, 1)[0]).toBe(0xee);
    expect(b.driver.takeInterrupts()).toBe(1);
    disk.waiting[0]!.release();
    await settle();
    expect(b.queue.takeUsed()).toEqual([{ head: 0, bytes: 513 }]);
    expect(b.ram.peek(first[1]!, 512)).toEqual(pattern(512));
    expect(b.ram.allDeclared).toBe(true);
  });

  it('get writes of their own copy, and flush when asked', async () => {
    const disk = new SlowDisk(new Uint8Array(1024));
    const b = attach(disk, ~FLUSH_FEATURE);
    const [, data, status] = submit(b, OUT!, 1, [pattern(512)]);
    b.ram.move();
    b.ram.poke(data!, new Uint8Array(512));
    disk.waiting[0]!.release();
    await settle();
    expect(disk.contents.slice(512)).toEqual(pattern(512));
    expect(b.ram.peek(status!, 1)[0]).toBe(0xee);
    disk.waiting[1]!.release();
    await settle();
    expect(disk.log).toEqual(['write 512+512', 'flush']);
    expect(b.ram.peek(status!, 1)[0]).toBe(OK);
  });

  it('are given the pieces of one request together, however buffers are cut', async () => {
    const disk = new SlowDisk(pattern(8 * 512));
    const b = attach(disk);
    const [, first, second] = submit(b, IN!, 1, [room(100), room(412), room(512)]);
    expect(disk.log).toEqual(['read 512+1024']);
    disk.waiting[0]!.release();
    await settle();
    expect(b.ram.peek(first!, 100)).toEqual(pattern(8 * 512).slice(512, 612));
    expect(b.ram.peek(second!, 412)).toEqual(pattern(8 * 512).slice(612, 1024));
    submit(b, OUT!, 3, [pattern(12, 1), pattern(500, 13), pattern(512, 5)]);
    expect(disk.log.slice(1)).toEqual(['write 1536+1024']);
    expect(b.ram.allDeclared).toBe(true);
  });

  it('are flushed after all writes before, those in pieces too', async () => {
    const mib = 2 ** 20;
    const disk = new SlowDisk(new Uint8Array(4 * mib));
    const b = attach(disk);
    const data = b.driver.place(room(mib / 4));
    const write = { address: data, bytes: mib / 4 };
    const headerAt = b.driver.place(header(OUT!, 0n));
    const statusAt = b.driver.place(room(1));
    b.queue.table([
      { address: headerAt, bytes: 16, flags: NEXT, next: 1 },
      ...[2, 3, 4, 5, 6].map((next) => ({ ...write, flags: NEXT, next })),
      { address: statusAt, bytes: 1, flags: WRITE },
      { address: b.driver.place(header(FLUSH!, 0n)), bytes: 16, flags: NEXT, next: 8 },
      { address: b.driver.place(room(1)), bytes: 1, flags: WRITE },
    ]);
    b.queue.offer(0);
    b.queue.offer(7);
    b.queue.kick();
    await settle();
    expect(disk.log).toEqual([`write 0+${mib}`]);
    disk.waiting[0]!.release();
    await settle();
    expect(disk.log.slice(1)).toEqual([`write ${mib}+${mib / 4}`]);
    disk.waiting[1]!.release();
    await settle();
    expect(disk.log.slice(2)).toEqual(['flush']);
  });

  it('that lend their memory are copied from it, and not after a reset', async () => {
    const lent: ((parts: readonly Uint8Array[]) => void)[] = [];
    const later: (() => void)[] = [];
    const disk: DiskBackend = {
      ...new MemoryDisk(pattern(1024)),
      bytes: 1024,
      readOnly: false,
      synchronous: false,
      read: () => expect.unreachable(),
      write: () => {},
      flush: () => {},
      lend: (offset, bytes, use) =>
        new Promise((resolve) => {
          lent.push(use);
          later.push(() => {
            use([
              pattern(1024).subarray(offset, offset + 100),
              pattern(1024).subarray(offset + 100, offset + bytes),
            ]);
            resolve();
          });
        }),
    };
    const b = attach(disk);
    const [, data, status] = submit(b, IN!, 1, [room(512)]);
    later[0]!();
    await settle();
    expect(b.ram.peek(data!, 512)).toEqual(pattern(1024).slice(512));
    expect(b.ram.peek(status!, 1)[0]).toBe(OK);
    submit(b, IN!, 0, [room(512)]);
    b.driver.start();
    const before = b.ram.copy();
    later[1]!();
    await settle();
    expect(b.ram.copy().equals(before)).toBe(true);
    expect(b.ram.allDeclared).toBe(true);
  });

  it('that answer after a reset change nothing', async () => {
    const disk = new SlowDisk(pattern(1024));
    const b = attach(disk);
    submit(b, IN!, 0, [room(512)]);
    submit(b, FLUSH!, 0);
    b.driver.start();
    const before = b.ram.copy();
    for (const request of disk.waiting) request.release();
    await settle();
    expect(b.ram.copy().equals(before)).toBe(true);
    expect(b.irq.level).toBe(false);
  });

  it('are asked again after save and restore', async () => {
    const b = attach(new SlowDisk(pattern(1024)));
    const [, data, status] = submit(b, IN!, 1, [room(512)]);
    const copy = bench(new VirtioBlock({ disk: new MemoryDisk(pattern(1024)) }));
    copy.ram.poke(ramBase, b.ram.copy());
    copy.slot.restore(structuredClone(b.slot.save()));
    copy.slot.resume();
    expect(copy.ram.peek(status!, 1)[0]).toBe(OK);
    expect(copy.ram.peek(data!, 512)).toEqual(pattern(1024).slice(512));
    expect(copy.irq.level).toBe(true);
  });
});

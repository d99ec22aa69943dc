import type { DiskBackend } from '@trapline/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CachedDisk } from '../src/index.ts';

const KIB = 1024;
const block = 256 * KIB;
const longest = new Uint8Array(16 * block).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
/** Recognisable contents. */
const pattern = (bytes: number): Uint8Array => longest.slice(0, bytes);

/** Lets promise callbacks run. */
const settle = async () => {
  for (let i = 0; i < 40; i++) await Promise.resolve();
};

/** A disk that does what it was asked when told to, and keeps a log. */
class ToldDisk implements DiskBackend {
  readonly readOnly = false;
  readonly log: string[] = [];
  readonly waiting: { readonly what: string; go(): void; fail(): void }[] = [];
  constructor(readonly contents: Uint8Array) {}

  get bytes(): number {
    return this.contents.length;
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.later(`read ${offset / KIB}+${into.length / KIB}`, () =>
      into.set(this.contents.subarray(offset, offset + into.length)),
    );
  }

  write(offset: number, from: Uint8Array): Promise<void> {
    return this.later(`write ${offset / KIB}+${from.length / KIB}`, () => this.contents.set(from, offset));
  }

  flush(): Promise<void> {
    return this.later('flush', () => {});
  }

  async goOn(): Promise<void> {
    while (this.waiting.length > 0) {
      this.waiting.shift()!.go();
      await settle();
    }
  }

  private later(what: string, work: () => void): Promise<void> {
    this.log.push(what);
    return new Promise((resolve, reject) => {
      this.waiting.push({
        what,
        go: () => resolve(work()),
        fail: () => reject(new Error(`no ${what}`)),
      });
    });
  }
}

const make = (bytes: number, cacheBytes = 4 * block) => {
  const base = new ToldDisk(pattern(bytes));
  return { base, disk: new CachedDisk(base, { cacheBytes }) };
};

describe('reads', () => {
  it('are answered at once where the block is there, and later else', async () => {
    const { base, disk } = make(3 * block + 512);
    const into = new Uint8Array(1024);
    const first = disk.read(block - 512, into);
    expect(base.log).toEqual(['read 0+256', 'read 256+256']);
    expect(into).toEqual(new Uint8Array(1024));
    await base.goOn();
    await first;
    expect(into).toEqual(base.contents.slice(block - 512, block + 512));
    expect(disk.read(0, into)).toBeUndefined();
    expect(into).toEqual(base.contents.slice(0, 1024));
    const tail = new Uint8Array(512);
    const last = disk.read(3 * block, tail);
    expect(base.log.at(-1)).toBe('read 768+0.5');
    await base.goOn();
    await last;
    expect(tail).toEqual(base.contents.slice(3 * block));
  });

  it('in sequence are run ahead of, up to the end of the disk', async () => {
    const { base, disk } = make(6 * block, 8 * block);
    void disk.read(0, new Uint8Array(4096));
    expect(base.log).toEqual(['read 0+256']);
    await base.goOn();
    void disk.read(4096, new Uint8Array(4096));
    expect(base.log.slice(1)).toEqual([1, 2, 3, 4, 5].map((number) => `read ${number * 256}+256`));
    await base.goOn();
    for (let at = 8192; at < disk.bytes; at += 4096)
      expect(disk.read(at, new Uint8Array(4096)), `at ${at}`).toBeUndefined();
  });

  it('forget what was used longest ago, and only that', async () => {
    const { base, disk } = make(8 * block, 2 * block);
    const one = new Uint8Array(512);
    for (const number of [0, 3, 0, 6, 0]) {
      void disk.read(number * block, one);
      await base.goOn();
    }
    expect(base.log).toEqual(['read 0+256', 'read 768+256', 'read 1536+256']);
    void disk.read(3 * block, one);
    expect(base.log.at(-1)).toBe('read 768+256');
  });

  it('never lend memory that is used for another block meanwhile', async () => {
    const { base, disk } = make(16 * block, block);
    const got: number[] = [];
    const wanted = [1, 9, 5, 13, 3];
    const reads = wanted.map((number) =>
      disk.lend(
        number * block,
        512,
        ([part]) =>
          void got.push(Buffer.compare(part!, base.contents.subarray(number * block, number * block + 512))),
      ),
    );
    await base.goOn();
    await Promise.all(reads);
    expect(got).toEqual(wanted.map(() => 0));
  });

  it('that fail are tried again by the next', async () => {
    const { base, disk } = make(block);
    const into = new Uint8Array(512);
    const failed = disk.read(0, into);
    base.waiting.shift()!.fail();
    await expect(failed).rejects.toThrow('no read');
    const again = disk.read(0, into);
    await base.goOn();
    await again;
    expect(into).toEqual(base.contents.slice(0, 512));
  });

  it('ahead of a reader that fail bother nobody', async () => {
    const { base, disk } = make(3 * block);
    void disk.read(0, new Uint8Array(512));
    await base.goOn();
    expect(disk.read(512, new Uint8Array(512))).toBeUndefined();
    for (const { fail } of base.waiting.splice(0)) fail();
    await settle();
  });
});

describe('writes', () => {
  it('show in later reads, whether the block is there, on its way, or not', async () => {
    const { base, disk } = make(4 * block);
    const mine = new Uint8Array(512).fill(0xaa);
    const read = async (offset: number) => {
      const into = new Uint8Array(512);
      const done = disk.read(offset, into);
      await base.goOn();
      await done;
      return into;
    };
    await read(0);
    const there = disk.write(0, mine);
    expect(await read(0)).toEqual(mine);
    void disk.read(2 * block, new Uint8Array(512));
    const onItsWay = disk.write(2 * block, mine);
    expect(base.log.at(-1)).toBe('read 512+256');
    expect(await read(2 * block)).toEqual(mine);
    const away = disk.write(3 * block, mine);
    expect(base.log.at(-1)).toBe('write 768+0.5');
    expect(await read(3 * block)).toEqual(mine);
    await Promise.all([there, onItsWay, away]);
    for (const at of [0, 2 * block, 3 * block]) expect(base.contents.slice(at, at + 512)).toEqual(mine);
  });

  it('that overlap reach the disk in order; others do not wait for each other', async () => {
    const { base, disk } = make(block);
    void disk.write(0, new Uint8Array(1024).fill(1));
    void disk.write(512, new Uint8Array(1024).fill(2));
    void disk.write(4096, new Uint8Array(1024).fill(3));
    expect(base.log).toEqual(['write 0+1', 'write 4+1']);
    await base.goOn();
    expect(base.contents.slice(0, 1536)).toEqual(
      Uint8Array.from({ length: 1536 }, (_, i) => (i < 512 ? 1 : 2)),
    );
  });

  it('are all on the disk before a flush', async () => {
    const { base, disk } = make(block);
    void disk.write(0, new Uint8Array(512));
    void disk.write(512, new Uint8Array(512));
    let flushed = false;
    const flush = disk.flush().then(() => {
      flushed = true;
    });
    await settle();
    base.waiting.pop()!.go();
    await settle();
    expect(base.log).toEqual(['write 0+0.5', 'write 0.5+0.5']);
    base.waiting.pop()!.go();
    await settle();
    expect(base.log.at(-1)).toBe('flush');
    expect(flushed).toBe(false);
    base.waiting.pop()!.go();
    await flush;
  });

  it('that fail leave nothing behind in memory', async () => {
    const { base, disk } = make(block);
    void disk.read(0, new Uint8Array(512));
    await base.goOn();
    const failed = disk.write(0, new Uint8Array(512).fill(1));
    base.waiting.shift()!.fail();
    await expect(failed).rejects.toThrow('no write');
    const into = new Uint8Array(512);
    const read = disk.read(0, into);
    await base.goOn();
    await read;
    expect(into).toEqual(pattern(512));
  });
});

it('is the disk below, whatever is asked in whatever order and answered in whatever order', async () => {
  const sectors = 2048;
  const operation = fc.record({
    write: fc.boolean(),
    sector: fc.nat(sectors - 1),
    sectors: fc.integer({ min: 1, max: 40 }),
    fill: fc.integer({ min: 1, max: 255 }),
    answer: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      const { base, disk } = make(sectors * 512, block);
      const model = base.contents.slice();
      const pending: Promise<void>[] = [];
      for (const { write, sector, sectors: count, fill, answer } of operations) {
        const [start, end] = [sector * 512, Math.min(sectors, sector + count) * 512];
        if (write) {
          model.fill(fill, start, end);
          pending.push(disk.write(start, new Uint8Array(end - start).fill(fill)));
        } else {
          // What a read gives must be what was asked to be written before it: later writes wait for it here.
          const [into, expected] = [new Uint8Array(end - start), model.slice(start, end)];
          const done = disk.read(start, into);
          while (done && base.waiting.length > 0) {
            base.waiting.splice(fill % base.waiting.length, 1)[0]!.go();
            await settle();
          }
          await done;
          expect(Buffer.compare(into, expected)).toBe(0);
        }
        for (let left = answer; left > 0 && base.waiting.length > 0; left--) {
          base.waiting.splice(fill % base.waiting.length, 1)[0]!.go();
          await settle();
        }
      }
      await base.goOn();
      await Promise.all(pending);
      expect(Buffer.compare(base.contents, model)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockStore, blockBytes, ForeignStore, type SyncFile } from '../src/worker/block-store.ts';
import { openDisk } from '../src/worker/disk-cupboard.ts';
import { KeptDisk } from '../src/worker/kept-disk.ts';

/** A file in memory that may die: after `writes` more writes every one of them fails. */
class MemoryFile implements SyncFile {
  bytes = new Uint8Array(0);
  flushed = 0;
  read(into: Uint8Array, { at }: { at: number }): number {
    const part = this.bytes.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  }
  write(from: Uint8Array, { at }: { at: number }): number {
    world.write();
    if (at + from.length > this.bytes.length) {
      const longer = new Uint8Array(at + from.length);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes.set(from, at);
    return from.length;
  }
  getSize = () => this.bytes.length;
  truncate(bytes: number) {
    this.bytes = this.bytes.slice(0, bytes);
  }
  flush() {
    this.flushed++;
  }
  close() {}
}

const world = {
  writesLeft: Number.POSITIVE_INFINITY,
  write() {
    if (this.writesLeft-- <= 0) throw new Error('the browser died');
  },
};

/** Comparing as values takes the runner seconds. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const blocks = 5;
const image = () => Uint8Array.from({ length: blocks * blockBytes - 512 }, (_, at) => at % 251);
const newFiles = () => ({ index: new MemoryFile(), data: new MemoryFile() });
const open = (files: ReturnType<typeof newFiles>, failed: (error: unknown) => void = () => {}) =>
  new KeptDisk(image(), new BlockStore(files, blocks), failed);

const writes = fc.array(
  fc.record({
    offset: fc.integer({ min: 0, max: image().length - 1 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 3 * blockBytes }),
  }),
  { maxLength: 12 },
);

describe('a disk kept as changed blocks', () => {
  it('is any sequence of writes over the image, also when opened again; the image is never changed', () => {
    fc.assert(
      fc.property(writes, (sequence) => {
        const files = newFiles();
        const expected = image();
        const disk = open(files);
        for (const { offset, bytes } of sequence) {
          const fits = bytes.subarray(0, expected.length - offset);
          expected.set(fits, offset);
          disk.write(offset, fits);
        }
        disk.flush();
        expect(same(open(files).contents(), expected)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('holds every write that was finished when the browser died, wherever it died', () => {
    fc.assert(
      fc.property(writes, fc.nat(20), (sequence, survive) => {
        const now = newFiles();
        const disk = open(now);
        const expected = image();
        world.writesLeft = survive;
        let torn: { from: number; to: number } | undefined;
        for (const { offset, bytes } of sequence) {
          const fits = bytes.subarray(0, expected.length - offset);
          try {
            disk.write(offset, fits);
            expected.set(fits, offset);
          } catch {
            torn = { from: offset, to: offset + fits.length };
            break;
          }
        }
        world.writesLeft = Number.POSITIVE_INFINITY;
        const found = open(now).contents();
        if (torn) expected.set(found.subarray(torn.from, torn.to), torn.from);
        expect(same(found, expected)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('discards its changes', () => {
    const files = newFiles();
    const disk = open(files);
    disk.write(100, Uint8Array.of(1, 2, 3));
    expect(disk.changedBytes).toBe(blockBytes);
    disk.discard();
    expect(disk.contents()).toEqual(image());
    expect(open(files).changedBytes).toBe(0);
  });

  it('tells of a write the browser refused, and fails it', () => {
    const told: unknown[] = [];
    const disk = open(newFiles(), (error) => told.push(error));
    world.writesLeft = 0;
    expect(() => disk.write(0, Uint8Array.of(1))).toThrow('died');
    world.writesLeft = Number.POSITIVE_INFINITY;
    expect(told).toHaveLength(1);
    expect(disk.contents()).toEqual(image());
  });

  it('leaves alone what is not its own', () => {
    const files = newFiles();
    files.index.bytes = new TextEncoder().encode('something else entirely');
    expect(() => open(files)).toThrow(ForeignStore);
    const other = newFiles();
    new BlockStore(other, blocks + 1);
    expect(() => open(other)).toThrow(ForeignStore);
  });
});

it('a browser without storage gives a disk that forgets, and says so', async () => {
  const told: string[] = [];
  const disk = await openDisk({ name: 'fs.img', bytes: image() }, 1, (message) => told.push(message));
  disk.backend.write(0, Uint8Array.of(9));
  expect(disk.contents()[0]).toBe(9);
  expect(disk.kept).toBeUndefined();
  expect(told).toEqual([
    'This browser gives the page no storage. What the guest writes to fs.img is lost when this page goes.',
  ]);
});

import type { DiskBackend } from '@trapline/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryDisk, OverlayDisk } from '../src/index.ts';

/** The same disk behind promises. */
const deferred = (disk: MemoryDisk): DiskBackend => ({
  bytes: disk.bytes,
  readOnly: disk.readOnly,
  read: async (offset, into) => disk.read(offset, into),
  write: async (offset, from) => disk.write(offset, from),
  flush: async () => {},
});

const size = 5 * 512 + 77;
const contents = () => Uint8Array.from({ length: size }, (_, i) => i & 0xff);
const access = fc
  .record({ start: fc.nat(size), end: fc.nat(size), write: fc.boolean(), value: fc.nat(255) })
  .map(({ start, end, ...rest }) => ({
    offset: Math.min(start, end),
    bytes: Math.abs(end - start),
    ...rest,
  }));

async function agree(
  overlay: OverlayDisk,
  steps: readonly { offset: number; bytes: number; write: boolean; value: number }[],
) {
  const model = contents();
  for (const { offset, bytes, write, value } of steps) {
    if (write) {
      await overlay.write(offset, new Uint8Array(bytes).fill(value));
      model.fill(value, offset, offset + bytes);
    } else {
      const got = new Uint8Array(bytes);
      await overlay.read(offset, got);
      expect(Buffer.compare(got, model.subarray(offset, offset + bytes))).toBe(0);
    }
  }
}

describe('an overlay', () => {
  it.each([
    ['at once', (disk: MemoryDisk): DiskBackend => disk],
    ['later', deferred],
  ])('reads what was written, over a base that answers %s and never changes', async (_, wrap) => {
    await fc.assert(
      fc.asyncProperty(fc.array(access, { maxLength: 12 }), async (steps) => {
        const base = contents();
        await agree(new OverlayDisk(wrap(new MemoryDisk(base, { readOnly: true }))), steps);
        expect(Buffer.compare(base, contents())).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('answers at once when its base does', () => {
    const overlay = new OverlayDisk(new MemoryDisk(contents()));
    expect([overlay.synchronous, overlay.readOnly, overlay.bytes]).toEqual([true, false, size]);
    expect(overlay.write(10, Uint8Array.of(1))).toBeUndefined();
    expect(overlay.read(10, new Uint8Array(1))).toBeUndefined();
    expect(new OverlayDisk(deferred(new MemoryDisk(contents()))).synchronous).toBe(false);
  });

  it('keeps both of two writes to one sector whose loads end one after the other', async () => {
    const releases: (() => void)[] = [];
    const base = new MemoryDisk(contents());
    const slow = {
      ...deferred(base),
      read: (offset: number, into: Uint8Array) =>
        new Promise<void>((resolve) => releases.push(() => resolve(base.read(offset, into)))),
    };
    const overlay = new OverlayDisk(slow);
    const first = overlay.write(0, Uint8Array.of(0xaa));
    const second = overlay.write(5, Uint8Array.of(0xbb));
    releases[0]!();
    await first;
    releases[1]!();
    await second;
    expect([...overlay.save().get(0)!.subarray(0, 6)]).toEqual([0xaa, 1, 2, 3, 4, 0xbb]);
  });

  it('saves what changed, by sector', () => {
    const overlay = new OverlayDisk(new MemoryDisk(contents()));
    overlay.write(600, Uint8Array.of(9));
    const saved = structuredClone(overlay.save());
    expect([...saved.keys()]).toEqual([1]);
    overlay.write(600, Uint8Array.of(1));
    overlay.write(0, Uint8Array.of(1));
    overlay.restore(saved);
    const got = new Uint8Array(1);
    overlay.read(600, got);
    expect(got[0]).toBe(9);
    overlay.read(0, got);
    expect(got[0]).toBe(0);
  });
});

describe('a memory disk', () => {
  it('saves and restores its contents', () => {
    const disk = new MemoryDisk(contents());
    const saved = disk.save();
    disk.write(3, Uint8Array.of(99));
    expect(saved).toEqual(contents());
    disk.restore(saved);
    const got = new Uint8Array(1);
    disk.read(3, got);
    expect(got[0]).toBe(3);
  });
});

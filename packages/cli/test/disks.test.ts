import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFileDisk, parseDisk } from '../src/disks.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-disk-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([true, false])(
  'what is written is in the file, at its place (synchronous: %s)',
  async (synchronous) => {
    const path = join(directory, 'disk');
    writeFileSync(path, new Uint8Array(2048));
    const disk = openFileDisk(path, false, synchronous);
    const { backend } = disk;
    expect(backend.synchronous ?? false).toBe(synchronous);
    await backend.write(512, new Uint8Array(512).fill(7));
    await backend.flush();
    expect(readFileSync(path).indexOf(7)).toBe(512);
    const back = new Uint8Array(4);
    await backend.read(1022, back);
    expect([...back]).toEqual([7, 7, 0, 0]);
    await disk.close();
    await disk.close();
    const file = readFileSync(path);
    expect(file.length).toBe(2048);
    expect(file.indexOf(7)).toBe(512);
    expect(file.lastIndexOf(7)).toBe(1023);
  },
);

test('closing, or settling, waits for what is under way, and a flush for the writes before', async () => {
  const path = join(directory, 'disk');
  const sectors = 64;
  writeFileSync(path, new Uint8Array(sectors * 512));
  const disk = openFileDisk(path, false, false);
  const sector = (number: number) => new Uint8Array(512).fill(number + 1);
  const expected = Buffer.concat(Array.from({ length: sectors }, (_, number) => sector(number)));
  for (let number = 0; number < sectors; number++) void disk.backend.write(number * 512, sector(number));
  await disk.backend.flush();
  expect(readFileSync(path).equals(expected)).toBe(true);
  for (let number = 0; number < sectors; number++) void disk.backend.write(number * 512, new Uint8Array(512));
  await disk.settle();
  expect(readFileSync(path).equals(Buffer.alloc(sectors * 512))).toBe(true);
  void disk.backend.write(0, expected);
  await disk.close();
  expect(readFileSync(path).equals(expected)).toBe(true);
});

test.each([true, false])('a file that shrank fails the request (synchronous: %s)', async (synchronous) => {
  const path = join(directory, 'disk');
  writeFileSync(path, new Uint8Array(4096));
  const disk = openFileDisk(path, false, synchronous);
  truncateSync(path, 1024);
  await expect(async () => disk.backend.read(0, new Uint8Array(4096))).rejects.toThrow('shrank');
  await disk.close();
});

test('a read-only disk says so', async () => {
  const path = join(directory, 'disk');
  writeFileSync(path, new Uint8Array(512));
  for (const synchronous of [true, false]) {
    const disk = openFileDisk(path, true, synchronous);
    expect(disk.backend).toMatchObject({ readOnly: true, bytes: 512 });
    await disk.close();
  }
});

test('FILE,ro is read-only', () => {
  expect(parseDisk('a,b.img,ro')).toEqual({ path: 'a,b.img', readOnly: true });
  expect(parseDisk('a.img')).toEqual({ path: 'a.img', readOnly: false });
});

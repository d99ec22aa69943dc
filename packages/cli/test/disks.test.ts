import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFileDisk, parseDisk } from '../src/disks.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-disk-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('what is written is in the file, at its place', () => {
  const path = join(directory, 'disk');
  writeFileSync(path, new Uint8Array(2048));
  const disk = openFileDisk(path, false);
  disk.write(512, new Uint8Array(512).fill(7));
  void disk.flush();
  const back = new Uint8Array(4);
  disk.read(1022, back);
  expect([...back]).toEqual([7, 7, 0, 0]);
  disk.close();
  disk.close();
  const file = readFileSync(path);
  expect(file.length).toBe(2048);
  expect(file.indexOf(7)).toBe(512);
  expect(file.lastIndexOf(7)).toBe(1023);
});

test('a read-only disk says so', () => {
  const path = join(directory, 'disk');
  writeFileSync(path, new Uint8Array(512));
  const disk = openFileDisk(path, true);
  expect(disk).toMatchObject({ readOnly: true, bytes: 512 });
  disk.close();
});

test('FILE,ro is read-only', () => {
  expect(parseDisk('a,b.img,ro')).toEqual({ path: 'a,b.img', readOnly: true });
  expect(parseDisk('a.img')).toEqual({ path: 'a.img', readOnly: false });
});

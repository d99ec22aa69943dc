import { readFileSync } from 'node:fs';
import type { DiskBackend } from '@trapline/core';
import { CachedDisk, MemoryDisk } from '@trapline/devices';
import { expect, test } from 'vitest';
import { createMachine } from '../src/index.ts';

const built = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)));

/** A disk that takes its time, and says how far the guest got meanwhile. */
function slowDisk(instructions: () => number) {
  const memory = new MemoryDisk(built('disk.img').slice());
  const meanwhile: number[] = [];
  const later = async (work: () => void): Promise<void> => {
    const before = instructions();
    await new Promise((resolve) => setTimeout(resolve, 1));
    meanwhile.push(instructions() - before);
    work();
  };
  const disk: DiskBackend = {
    bytes: memory.bytes,
    readOnly: false,
    read: (offset, into) => later(() => memory.read(offset, into)),
    write: (offset, from) => later(() => memory.write(offset, from)),
    flush: () => later(() => {}),
  };
  return { disk, meanwhile };
}

test.each([
  ['shadow', 1, false],
  ['shadow', 3, true],
  ['none', 1, true],
  ['none', 3, false],
] as const)(
  'the built-in guest lives with a disk that answers later (monitor %s, %i harts, cached: %s)',
  async (monitor, harts, cached) => {
    let instructions = () => 0;
    const { disk, meanwhile } = slowDisk(() => instructions());
    const machine = await createMachine({
      kernel: { name: 'kernel.elf', bytes: built('kernel.elf') },
      disks: [{ backend: cached ? new CachedDisk(disk) : disk }],
      ramBytes: 64 * 1024 ** 2,
      append: 'selftest',
      monitor,
      harts,
    });
    instructions = () => machine.instructions;
    let text = '';
    machine.onOutput((bytes) => {
      text += new TextDecoder().decode(bytes);
    });
    const ending = await machine.run();
    expect(text).toMatch(/selftest: [1-9]\d* passed, 0 failed/);
    expect(ending).toEqual({ kind: 'guest', code: 0 });
    // Harts ran while the disk worked.
    expect(Math.max(...meanwhile)).toBeGreaterThan(0);
  },
  120_000,
);

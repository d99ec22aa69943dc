import { gzipSync } from 'node:zlib';
import { HostError } from '@trapline/core';
import { expect, test } from 'vitest';
import { type BootOptions, planBoot } from '../src/boot/plan.ts';
import { readFdt, writeFdt } from '../src/fdt/blob.ts';
import { cells, child, node, text, wide } from '../src/fdt/tree.ts';
import { type Kernel, readKernel } from '../src/kernel.ts';
import { makeElf } from './make-elf.ts';

const MIB = 1024 * 1024;
const named = (name: string, bytes: Uint8Array) => ({ name, bytes });
const elfAt = (address: bigint, memoryBytes = 0x1000n): Promise<Kernel> =>
  readKernel(named('k.elf', makeElf({ segments: [{ address, data: new Uint8Array(16), memoryBytes }] })));

function linuxImage(imageBytes = 8 * MIB, textOffset = 2 * MIB): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageBytes), true);
  view.setUint32(56, 0x05435352, true);
  return bytes;
}

const plan = (options: Partial<BootOptions>) => planBoot({ ramBytes: 128 * MIB, harts: 1, ...options });

async function code(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof HostError) return error.code;
    throw error;
  }
  return 'none';
}

test('an ELF at the start of RAM starts every hart in M-mode', async () => {
  expect(plan({ kernel: await elfAt(0x8000_0000n) })).toMatchObject({
    protocol: 'none',
    privilege: 3,
    startAll: true,
    entry: 0x8000_0000,
  });
});

test('a Linux Image starts the boot hart in S-mode at its text offset, plain or compressed', async () => {
  for (const bytes of [linuxImage(), gzipSync(linuxImage())]) {
    const made = plan({ kernel: await readKernel(named('Image', bytes)) });
    expect(made).toMatchObject({ protocol: 'builtin', privilege: 1, startAll: false, entry: 0x8020_0000 });
    expect(made.pieces[0]).toMatchObject({ address: 0x8020_0000, memoryBytes: 8 * MIB });
  }
});

test('firmware is at the start of RAM, learns of the kernel, and hands over at 2 MiB', async () => {
  const bios = await readKernel(named('fw.bin', new Uint8Array(1000)));
  const made = plan({ bios, kernel: await readKernel(named('Image', linuxImage())) });
  expect(made).toMatchObject({ protocol: 'firmware', privilege: 3, startAll: true, entry: 0x8000_0000 });
  const info = made.pieces.find((piece) => piece.address === made.dynamicInfo);
  const view = new DataView(info!.data.buffer);
  expect(view.getBigUint64(0, true)).toBe(0x4942534fn);
  expect(view.getBigUint64(16, true)).toBe(0x8020_0000n);
  expect(view.getBigUint64(24, true)).toBe(1n);
});

test('a flat binary starts at the start of RAM', async () => {
  const made = plan({ kernel: await readKernel(named('flat.bin', new Uint8Array([0x6f, 0, 0, 0]))) });
  expect(made).toMatchObject({ protocol: 'none', entry: 0x8000_0000, dynamicInfo: 0 });
});

test('the device tree says where the initrd is and what the command line is', async () => {
  const initrd = named('initrd', new Uint8Array(5000).fill(1));
  const made = plan({ kernel: await elfAt(0x8000_0000n), initrd, append: 'quiet' });
  const piece = made.pieces.find(({ what }) => what === 'initrd initrd')!;
  const blob = made.pieces.find(({ address }) => address === made.deviceTree)!;
  const chosen = child(readFdt(blob.data, 'dtb'), 'chosen')!;
  expect(chosen.properties.bootargs).toEqual(text('quiet'));
  expect(chosen.properties['linux,initrd-start']).toEqual(wide(piece.address));
  expect(chosen.properties['linux,initrd-end']).toEqual(wide(piece.address + 5000));
  expect(piece.address + 5000).toBeLessThanOrEqual(made.deviceTree);
});

test('a given device tree is kept and its /chosen filled in', async () => {
  const bytes = writeFdt(
    node('', { mine: cells(1) }, [node('chosen', { kept: cells(2), bootargs: text('old') })]),
  );
  const made = plan({ kernel: await elfAt(0x8000_0000n), dtb: named('my.dtb', bytes), append: 'new' });
  const root = readFdt(made.pieces.find(({ address }) => address === made.deviceTree)!.data, 'dtb');
  expect(root.properties.mine).toEqual(cells(1));
  expect(child(root, 'chosen')?.properties).toEqual({ kept: cells(2), bootargs: text('new') });
});

test.each<[string, () => Promise<unknown>, string]>([
  ['nothing to run', async () => plan({}), 'boot-nothing'],
  ['an empty kernel', () => readKernel(named('k', new Uint8Array(0))), 'kernel-empty'],
  ['a truncated ELF', () => readKernel(named('k', makeElf().subarray(0, 3))), 'elf-magic'],
  ['damaged gzip', () => readKernel(named('k', gzipSync(linuxImage()).subarray(0, 30))), 'kernel-gzip'],
  ['a segment below RAM', async () => plan({ kernel: await elfAt(0x1000n) }), 'boot-outside-ram'],
  ['a segment above RAM', async () => plan({ kernel: await elfAt(0x8800_0000n) }), 'boot-outside-ram'],
  ['a wild segment', async () => plan({ kernel: await elfAt(0xffff_ffff_ffff_0000n) }), 'boot-outside-ram'],
  [
    'a kernel larger than RAM',
    async () => plan({ kernel: await elfAt(0x8000_0000n, 0x900_0000n) }),
    'boot-too-large',
  ],
  [
    'a kernel where the device tree goes',
    async () => plan({ kernel: await elfAt(0x8000_0000n, 0x800_0000n) }),
    'boot-overlap',
  ],
  [
    'an initrd larger than RAM',
    async () =>
      plan({ ramBytes: MIB, kernel: await elfAt(0x8000_0000n), initrd: named('i', new Uint8Array(2 * MIB)) }),
    'boot-too-large',
  ],
  [
    'an initrd over the kernel',
    async () =>
      plan({ kernel: await elfAt(0x8000_0000n, 0x600_0000n), initrd: named('i', new Uint8Array(64 * MIB)) }),
    'boot-overlap',
  ],
  [
    'firmware under a kernel linked at the start of RAM',
    async () =>
      plan({ bios: await readKernel(named('fw', new Uint8Array(99))), kernel: await elfAt(0x8000_0000n) }),
    'boot-overlap',
  ],
  [
    'a device tree too large',
    async () => plan({ kernel: await elfAt(0x8000_0000n), dtb: named('d', new Uint8Array(3 * MIB)) }),
    'dtb-too-large',
  ],
  [
    'a device tree that is none',
    async () => plan({ kernel: await elfAt(0x8000_0000n), dtb: named('d', new Uint8Array(300)) }),
    'dtb-damaged',
  ],
])('refuses %s', async (_, work, expected) => {
  expect(await code(work)).toBe(expected);
});

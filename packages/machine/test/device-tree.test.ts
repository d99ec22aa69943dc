import { execFileSync } from 'node:child_process';
import { HostError } from '@trapline/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deviceTree } from '../src/board/device-tree.ts';
import { readFdt, writeFdt } from '../src/fdt/blob.ts';
import { cells, child, type FdtNode, node, text, wide } from '../src/fdt/tree.ts';

// The device tree compiler is the oracle: what it reads from our blob is what a kernel reads.
const dtc = (input: Uint8Array | string, from: string, to: string): Buffer =>
  execFileSync('dtc', ['-I', from, '-O', to, '-q'], { input });

const board = deviceTree(
  { ramBytes: 0x1_8000_0000, harts: 3 },
  {
    bootargs: 'console=ttyS0',
    initrd: { start: 0x8800_0000, end: 0x8810_0000 },
    rngSeed: new Uint8Array(32).fill(7),
  },
);

test('dtc reads the board without a warning', () => {
  const warnings = execFileSync('sh', ['-c', 'dtc -I dtb -O dts -o /dev/null - 2>&1'], {
    input: writeFdt(board),
  });
  // A finisher that is also a syscon, and nodes named as QEMU names them, are what kernels expect.
  const unexpected = warnings
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !/unit_address_format|simple_bus_reg/.test(line));
  expect(unexpected).toEqual([]);
});

test('dtc sees the addresses, interrupts and strings', () => {
  const source = dtc(writeFdt(board), 'dtb', 'dts').toString();
  for (const line of [
    'bootargs = "console=ttyS0"',
    'linux,initrd-start = <0x00 0x88000000>',
    'linux,initrd-end = <0x00 0x88100000>',
    'reg = <0x00 0x80000000 0x01 0x80000000>',
    'compatible = "sifive,test1\\0sifive,test0\\0syscon"',
    'interrupts-extended = <0x20 0x0b 0x20 0x09 0x21 0x0b 0x21 0x09 0x22 0x0b 0x22 0x09>',
    'timebase-frequency = <0x989680>',
    'virtio_mmio@10008000',
    'stdout-path = "/soc/serial@10000000"',
    'mmu-type = "riscv,sv57"',
  ])
    expect(source).toContain(line);
});

test('the blob dtc makes from its own reading of ours is ours', () => {
  const ours = writeFdt(board);
  const theirs = dtc(dtc(ours, 'dtb', 'dts').toString(), 'dts', 'dtb');
  expect(readFdt(theirs, 'dtc')).toEqual(readFdt(ours, 'ours'));
});

const anyTree: fc.Arbitrary<FdtNode> = fc.letrec<{ tree: FdtNode }>((tie) => ({
  tree: fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9]{0,12}$/),
    properties: fc.dictionary(fc.stringMatching(/^[a-z][a-z,-]{0,12}$/), fc.uint8Array({ maxLength: 20 }), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    children: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }),
})).tree;

test('reading is the inverse of writing', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      expect(readFdt(writeFdt(tree), 'tree')).toEqual(tree);
    }),
  );
});

test('a damaged blob is a HostError or still a tree', () => {
  const blob = writeFdt(node('', { a: text('b'), c: cells(1, 2), d: wide(3) }, [node('e', {})]));
  fc.assert(
    fc.property(fc.nat(blob.length - 1), fc.nat(255), fc.nat(blob.length), (at, byte, length) => {
      const damaged = blob.slice();
      damaged[at] = byte;
      try {
        readFdt(damaged.subarray(0, length), 'x.dtb');
      } catch (error) {
        expect(error).toBeInstanceOf(HostError);
      }
    }),
  );
});

test('a tree made by dtc is read', () => {
  const blob = dtc('/dts-v1/; /memreserve/ 0x1000 0x2000; / { a = <1 2>; b { c = "d"; }; };', 'dts', 'dtb');
  const root = readFdt(blob, 'x.dtb');
  expect(root.properties.a).toEqual(cells(1, 2));
  expect(child(root, 'b')?.properties.c).toEqual(text('d'));
});

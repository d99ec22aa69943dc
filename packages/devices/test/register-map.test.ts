import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccessBytes, registerDocs, registerMap, registerMarkdown } from '../src/index.ts';

interface Board {
  word: number;
  double: bigint;
  cells: number[][];
}

const map = registerMap<Board>([
  {
    at: 0,
    name: 'word',
    bytes: 4,
    read: (b) => b.word,
    write: (b, value) => {
      b.word = value;
    },
  },
  {
    at: 8,
    name: 'double',
    bytes: 8,
    read: (b) => b.double,
    write: (b, value) => {
      b.double = value;
    },
  },
  { at: 0x10, name: 'narrow', bytes: 4, widths: [2, 4], read: () => -1 },
  { at: 0x14, name: 'sink', bytes: 4, write: () => {} },
  {
    at: 0x100,
    name: 'cell',
    bytes: 4,
    each: [
      { of: 'row', count: 2, stride: 0x20 },
      { of: 'column', count: 3, stride: 4 },
    ],
    note: 'a cell',
    read: (b, i, j) => b.cells[i]![j]!,
    write: (b, value, i, j) => {
      b.cells[i]![j] = value;
    },
  },
  { at: 0x200, name: 'window', window: 8, read: (_, offset, bytes) => offset * 16 + bytes },
]);

const board = (): Board => ({
  word: 0x12345678,
  double: 0x1122334455667788n,
  cells: [
    [1, 2, 3],
    [4, 5, 6],
  ],
});

describe('a register map', () => {
  it('dispatches scalar, array and window rows', () => {
    const b = board();
    expect(map.read(b, 0, 4)).toBe(0x12345678n);
    expect(map.read(b, 0x128, 4)).toBe(6n);
    expect(map.write(b, 0x104, 4, 99n)).toBe(true);
    expect(b.cells[0]![1]).toBe(99);
    expect(map.read(b, 0x204, 2)).toBe(0x42n);
  });

  it('gives unsigned values of the accessed width', () => {
    expect(map.read(board(), 0x10, 4)).toBe(0xffff_ffffn);
    expect(map.read(board(), 0x10, 2)).toBe(0xffffn);
  });

  it('reads and writes 64-bit registers whole and by halves', () => {
    const b = board();
    expect(map.read(b, 8, 8)).toBe(0x1122334455667788n);
    expect(map.read(b, 8, 4)).toBe(0x55667788n);
    expect(map.read(b, 12, 4)).toBe(0x11223344n);
    map.write(b, 12, 4, 0xaaaabbbbn);
    map.write(b, 8, 4, 0xccccddddn);
    expect(b.double).toBe(0xaaaabbbbccccddddn);
  });

  it.each<[number, AccessBytes]>([
    [0, 1],
    [0, 2],
    [0, 8],
    [2, 2],
    [8, 2],
    [10, 4],
    [0x10, 1],
    [0x100, 8],
    [0x201, 2],
    [0x200, 8],
    [0x206, 4],
  ])('makes a bus error of an access at %i of %i bytes', (offset, bytes) => {
    expect(map.read(board(), offset, bytes)).toBeUndefined();
    expect(map.write(board(), offset, bytes, 0n)).toBe(false);
  });

  it('reads zero and ignores writes where there is no register, and on the missing side of one', () => {
    expect(map.read(board(), 0x10c, 4)).toBe(0n);
    expect(map.write(board(), 0x140, 4, 1n)).toBe(true);
    expect(map.read(board(), 0x14, 4)).toBe(0n);
    expect(map.write(board(), 0x10, 4, 1n)).toBe(true);
  });

  it('names registers for traces', () => {
    expect(map.nameAt(0x124)).toBe('cell[1][1]');
    expect(map.nameAt(12)).toBe('double.high');
    expect(map.nameAt(0x203)).toBe('window+3');
    expect(map.nameAt(0x300)).toBeUndefined();
  });

  it('documents itself', () => {
    expect(map.docs.find((row) => row.name === 'cell')).toEqual({
      offset: '0x100 + 0x20*row + 0x4*column',
      name: 'cell',
      bytes: 4,
      access: 'RW',
      note: 'a cell',
    });
    expect(map.docs.map((row) => row.access)).toEqual(['RW', 'RW', 'R', 'W', 'RW', 'R']);
  });

  it('refuses rows that overlap', () => {
    expect(() =>
      registerMap([
        { at: 0, name: 'a', bytes: 4 },
        { at: 3, name: 'b', bytes: 1 },
      ]),
    ).toThrow('registers a and b overlap');
  });

  it('never throws, and a read is as wide as the access', () => {
    const widths = fc.constantFrom<AccessBytes>(1, 2, 4, 8);
    fc.assert(
      fc.property(fc.nat(0x300), widths, fc.bigInt(0n, 2n ** 64n - 1n), (offset, bytes, value) => {
        const b = board();
        map.write(b, offset, bytes, value);
        const read = map.read(b, offset, bytes);
        expect(read === undefined || read < 1n << BigInt(bytes * 8)).toBe(true);
      }),
    );
  });
});

describe('the documentation of all devices', () => {
  it('has a row for every register', () => {
    const uart = registerDocs().find((doc) => doc.device === 'UART 16550A')!;
    expect(uart.registers.map((row) => row.offset)).toEqual([
      '0x0',
      '0x1',
      '0x2',
      '0x3',
      '0x4',
      '0x5',
      '0x6',
      '0x7',
    ]);
    const markdown = registerMarkdown();
    expect(markdown).toContain(
      '| `0x2000 + 0x80*context + 0x4*word` | enable | 4 | RW | one bit per source |',
    );
    expect(markdown.match(/^## /gm)).toHaveLength(6);
  });
});

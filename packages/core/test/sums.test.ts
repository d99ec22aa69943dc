import { describe, expect, test } from 'vitest';
import { type PlacedAccess, placedAccesses } from '../src/translator/sums.ts';
import { blocksOf, edgesOf, flowOf } from './blocks.ts';

// Which addresses are known to be a constant apart. That nothing is known that is not so is tested with the translator.

/** The accesses of a program, by the register they load or store: of an inlined function, as many as there are calls. */
function accessesOf(source: string): (register: number) => readonly PlacedAccess[] {
  const blocks = blocksOf(source);
  const placed = placedAccesses(blocks, edgesOf(blocks), flowOf(blocks)).flat();
  return (register) =>
    placed.filter(({ store, step: { decoded } }) => (store ? decoded.rs2 : decoded.rd) === register);
}

/** How far the access of x11 is from that of x10; undefined: nobody knows. */
function distance(source: string): number | undefined {
  const of = accessesOf(source);
  const [[a, ...noMore], [b, ...none]] = [of(10), of(11)];
  expect([noMore, none]).toEqual([[], []]);
  return a!.address.name === b!.address.name ? b!.address.plus - a!.address.plus : undefined;
}

describe('in a straight line', () => {
  test.each([
    ['the same register', 'ld x10, 8(x20); lb x11, -3(x20)', -11],
    ['a register that moved', 'ld x10, 8(x20); addi x20, x20, 100; sw x11, -8(x20)', 84],
    ['a copy', 'sd x10, 0(x20); mv x21, x20; ld x11, 16(x21)', 16],
    [
      'a copy of a register that moved since',
      'mv x21, x20; addi x20, x20, 64; lw x10, 0(x20); lw x11, 4(x21)',
      -60,
    ],
    [
      'a sum of many',
      'lw x10, 0(x20); addi x21, x20, 2047; addi x21, x21, 2047; c.addi x21, 2; lw x11, 0(x21)',
      4096,
    ],
    ['a float and an integer', 'fld f1, 0(x20); ld x10, 0(x20); fsd f2, 8(x20); ld x11, 8(x20)', 8],
    ['constants', 'lui x21, 5; ld x10, 0(x21); ld x11, 24(x0)', 24 - 5 * 4096],
    ['constants added to a register', 'li x6, 48; ld x10, 0(x20); add x21, x6, x20; ld x11, 0(x21)', 48],
    ['pc-relative addresses', 'auipc x20, 1; ld x10, 0(x20); auipc x21, 1; ld x11, 0(x21)', 8],
    ['a link and a pc-relative address', 'auipc x20, 0; ld x10, 0(x20); jal x22, 1f; 1: ld x11, 0(x22)', 12],
    ['what was computed, then copied', 'xor x20, x5, x6; mv x21, x20; ld x10, 0(x20); ld x11, 8(x21)', 8],
  ] as const)('%s', (_name, source, expected) => {
    expect(distance(source)).toBe(expected);
  });

  test.each([
    ['different registers', 'ld x10, 0(x20); ld x11, 0(x21)'],
    ['a register and none', 'ld x10, 0(x20); ld x11, 0(x0)'],
    ['a register and a constant', 'lui x20, 5; ld x10, 0(x20); ld x11, 0(x21)'],
    ['a pc-relative address and a constant', 'auipc x20, 0; ld x10, 0(x20); ld x11, 0(x0)'],
    ['sums of 32 bits', 'ld x10, 0(x20); addiw x20, x20, 8; ld x11, 0(x20)'],
    ['copies of 32 bits', 'ld x10, 0(x20); sext.w x21, x20; ld x11, 0(x21)'],
    ['sums of two registers', 'ld x10, 0(x20); add x21, x20, x5; ld x11, 0(x21)'],
    ['a difference', 'ld x10, 0(x20); li x5, 8; sub x20, x20, x5; ld x11, 0(x20)'],
    ['a shifted sum', 'ld x10, 0(x20); sh1add x20, x0, x20; slli x20, x20, 1; ld x11, 0(x20)'],
    ['a register and what was loaded over it', 'ld x10, 0(x20); ld x20, 8(x20); ld x11, 8(x20)'],
    ['two loads from one place', 'ld x20, 0(x9); ld x10, 0(x20); ld x20, 0(x9); ld x11, 0(x20)'],
    ['the same operation twice', 'xor x20, x5, x6; xor x21, x5, x6; ld x10, 0(x20); ld x11, 0(x21)'],
  ])('not %s', (_name, source) => {
    expect(distance(source)).toBeUndefined();
  });

  test('what is written to register 0 stays away', () => {
    expect(distance('ld x10, 0(x0); addi x0, x20, 8; ld x11, 8(x0)')).toBe(8);
  });

  test('the instruction that overwrites its own base goes by the value before', () => {
    expect(distance('lw x11, 4(x20); ld x10, 0(x20)')).toBe(4);
    const [first, second] = accessesOf('ld x20, 0(x20); ld x20, 0(x20)')(20);
    expect(first!.address).toEqual({ name: 20, plus: 0 });
    expect(second!.address.name).not.toBe(20);
  });

  test('atomics and what is no access are not among them', () => {
    const of = accessesOf(
      'amoadd.d x10, x11, (x20); lr.d x10, (x20); sc.d x10, x11, (x20); addi x10, x20, 0',
    );
    expect([of(10), of(11)]).toEqual([[], []]);
  });

  test('kind and width are told', () => {
    const of = accessesOf('lhu x10, 2(x20); sd x11, 0(x20)');
    expect(of(10)).toMatchObject([{ store: false, bytes: 2, block: 0, address: { name: 20, plus: 2 } }]);
    expect(of(11)).toMatchObject([{ store: true, bytes: 8, block: 0, address: { name: 20, plus: 0 } }]);
  });
});

describe('where ways meet', () => {
  const ways = (one: string, other: string): number | undefined =>
    distance(`
      ld x10, 0(x20)
      beqz x5, 1f
      ${one}
      j 2f
    1:
      ${other}
    2:
      ld x11, 0(x20)`);

  test.each([
    ['neither writes', 'nop', 'nop', 0],
    ['both move as far', 'addi x20, x20, 16', 'addi x20, x20, 8; addi x20, x20, 8', 16],
    ['one moves back again', 'addi x20, x20, 16; addi x20, x20, -16', 'nop', 0],
    ['both copy the same', 'mv x21, x20; mv x20, x21', 'addi x22, x20, 4; addi x20, x22, -4', 0],
  ])('the name stays when %s', (_name, one, other, expected) => {
    expect(ways(one, other)).toBe(expected);
  });

  test.each([
    ['one moves', 'addi x20, x20, 16', 'nop'],
    ['both move, not as far', 'addi x20, x20, 16', 'addi x20, x20, 8'],
    ['one loads it', 'ld x20, 0(x9)', 'nop'],
    ['both load it', 'ld x20, 0(x9)', 'ld x20, 0(x9)'],
    ['they copy different ones', 'mv x20, x21', 'mv x20, x22'],
  ])('it is a new one when %s', (_name, one, other) => {
    expect(ways(one, other)).toBeUndefined();
  });

  test('the new one is as good as any behind it, and is one register’s', () => {
    const meeting = (then: string): number | undefined =>
      distance(`
        beqz x5, 1f
        addi x20, x20, 16
        addi x21, x21, 16
      1:
        ld x10, 0(x20)
        ${then}`);
    expect(meeting('beqz x6, 2f; nop; 2: mv x22, x20; ld x11, 24(x22)')).toBe(24);
    expect(meeting('ld x11, 0(x21)')).toBeUndefined();
  });

  test('registers that are the same on each way are still two behind it', () => {
    const source = `
      mv x21, x20
      beqz x5, 1f
      ld x20, 0(x9)
      mv x21, x20
    1:
      ld x10, 0(x20)
      ld x11, 0(x21)`;
    expect(distance(source)).toBeUndefined();
  });
});

describe('in loops', () => {
  test('a pointer that moves has a name of its own at the head, one that stays keeps its name', () => {
    const of = accessesOf(`
      ld x10, 0(x20)
      ld x11, 0(x21)
    1:
      ld x12, 0(x20)
      ld x13, 8(x21)
      addi x20, x20, 8
      ld x14, 0(x20)
      bnez x12, 1b
      ld x15, 0(x20)`);
    const [before, , head, invariant, moved, behind] = [10, 11, 12, 13, 14, 15].map((n) => of(n)[0]!.address);
    expect(before).toEqual({ name: 20, plus: 0 });
    expect(invariant).toEqual({ name: 21, plus: 8 });
    expect(head!.name).not.toBe(before!.name);
    expect(moved).toEqual({ name: head!.name, plus: head!.plus + 8 });
    expect(behind).toEqual(moved);
  });

  test('so it does at the start of the region itself', () => {
    const of = accessesOf('1: ld x10, 0(x20); addi x20, x20, 8; ld x11, 0(x21); bnez x10, 1b');
    expect(of(10)[0]!.address.name).not.toBe(20);
    expect(of(11)[0]!.address).toEqual({ name: 21, plus: 0 });
  });

  test('one that moves there and back keeps its name', () => {
    const round = 'addi x20, x20, 8; ld x11, 0(x20); addi x20, x20, -8';
    expect(distance(`ld x10, 0(x20); 1: ${round}; bnez x11, 1b`)).toBe(8);
  });

  test('an outer loop’s pointer is not what it was before, nor in the inner loop', () => {
    const of = accessesOf(`
      ld x9, 0(x20)
    1:
      ld x10, 0(x20)
    2:
      ld x11, 0(x20)
      ld x12, 0(x21)
      ld x13, 16(x20)
      addi x21, x21, 8
      bnez x12, 2b
      addi x20, x20, 8
      bnez x11, 1b`);
    const [before, outer, inner, walking, again] = [9, 10, 11, 12, 13].map((n) => of(n)[0]!.address);
    expect(inner!.name).not.toBe(before!.name);
    expect(outer!.name).not.toBe(before!.name);
    expect(walking!.name).not.toBe(inner!.name);
    expect(again).toEqual({ name: inner!.name, plus: 16 });
  });

  test('a loaded pointer of the round before is not that of this round', () => {
    const of = accessesOf(`
      ld x21, 0(x8)
    1:
      ld x10, 0(x21)
      ld x20, 0(x9)
      ld x11, 0(x20)
      mv x21, x20
      ld x12, 0(x21)
      bnez x12, 1b`);
    const [last, now, copied] = [10, 11, 12].map((n) => of(n)[0]!.address);
    expect(last!.name).not.toBe(now!.name);
    expect(copied).toEqual(now);
  });

  test('both entries of a loop with two count', () => {
    const loop = (before: string): number | undefined =>
      distance(`
        ld x10, 0(x20)
        beqz x5, 2f
        ${before}
      1:
        addi x6, x6, -1
      2:
        ld x11, 0(x20)
        bnez x6, 1b`);
    expect(loop('nop')).toBe(0);
    expect(loop('addi x20, x20, 8')).toBeUndefined();
  });
});

describe('through calls', () => {
  const frame = 'function: addi x2, x2, -32; sd x12, 8(x2); ld x13, 8(x2); addi x2, x2, 32; ret';

  test('an inlined function’s frame is a constant from its caller’s, and sp is back behind it', () => {
    const of = accessesOf(`
      sd x10, 0(x2)
      call function
      ld x11, 16(x2)
      call function
      ebreak
      ${frame}`);
    const at = (plus: number) => ({ name: 2, plus });
    expect([10, 11].map((n) => of(n).map(({ address }) => address))).toEqual([[at(0)], [at(16)]]);
    expect([12, 13].map((n) => of(n).map(({ address }) => address))).toEqual([
      [at(-24), at(-24)],
      [at(-24), at(-24)],
    ]);
  });

  test('calls within calls add up', () => {
    const of = accessesOf(`
      call outer
      ebreak
    outer:
      addi x2, x2, -16
      mv x18, x1
      call function
      mv x1, x18
      sd x11, 0(x2)
      addi x2, x2, 16
      ret
      ${frame}`);
    const [inner] = of(12);
    const [outer] = of(11);
    expect(outer!.address).toEqual({ name: 2, plus: -16 });
    expect(inner!.address).toEqual({ name: 2, plus: -16 - 32 + 8 });
  });

  test('a function that leaves sp elsewhere is believed', () => {
    expect(distance('ld x10, 0(x2); call f; ld x11, 0(x2); ebreak; f: addi x2, x2, -16; ret')).toBe(-16);
  });

  test('a function that was not followed may have changed anything', () => {
    const of = accessesOf('ld x10, 0(x2); jalr x5; ld x11, 0(x2)');
    expect(of(10)).toHaveLength(1);
    expect(of(11)).toEqual([]);
  });
});

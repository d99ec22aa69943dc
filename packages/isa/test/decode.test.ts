import { describe, expect, test } from 'vitest';
import { decode } from '../src/decode.ts';
import { checkRows } from '../src/instructions/check.ts';
import { parseEncoding } from '../src/instructions/encoding.ts';
import { rowsOf } from '../src/instructions/row.ts';
import { baseInstructions } from '../src/instructions/table.ts';

const name = (word: number) => decode(word)?.row.name;

describe('the row builder', () => {
  test('reads an encoding as the manual draws it', () => {
    const encoding = parseEncoding('imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011', 4);
    expect(encoding.mask).toBe(0x0000_707f);
    expect(encoding.match).toBe(0x63);
    expect(encoding.fields.map((field) => field.name)).toEqual(['imm', 'rs2', 'rs1']);
  });

  test.each([
    ['rs2 rs1 000 rd 1100011', /7 of 32 bits left over/],
    ['imm[6:0] rs2 rs1 000 imm[4:0] 1100011', /draws a bit twice/],
    ['foo rs2 rs1 000 rd 1100011', /unknown operand/],
    ['imm rs1 000 rd 1100011', /needs a \[range\]/],
    ['funct7=3 rs2 rs1 000 rd 1100011', /cannot read/],
  ])('refuses %s', (encoding, problem) => {
    expect(() => parseEncoding(encoding, 4)).toThrow(problem);
  });

  test('refuses rows that overlap, unless one is a declared hint of the other', () => {
    const instruction = rowsOf('i');
    const wide = instruction('wide', '', 'imm[11:0] rs1 000 rd 0001111', []);
    const narrow = instruction('narrow', '', 'imm[11:0] rs1 000 00000 0001111', []);
    const hint = instruction('hint', '', 'imm[11:0] rs1 000 00000 0001111', [], 'wide');
    expect(() => checkRows([wide, narrow])).toThrow('rows "wide" and "narrow" overlap');
    expect(() => checkRows([wide, hint])).not.toThrow();
  });
});

describe('decode', () => {
  test('base rows are numbered by position', () => {
    expect(baseInstructions.map((row) => row.index)).toEqual(baseInstructions.map((_, i) => i));
  });

  test('reads operands', () => {
    // beq a1, a2, -2
    expect(decode(0xfec58fe3)).toMatchObject({ row: { name: 'beq' }, rs1: 11, rs2: 12, rd: 0, imm: -2 });
    // lui t0, 0xfffff
    expect(decode(0xfffff2b7)).toMatchObject({ row: { name: 'lui' }, rd: 5, imm: -4096 });
    // csrrwi a0, sscratch, 31
    expect(decode(0x140fd573)).toMatchObject({
      row: { name: 'csrrwi' },
      rd: 10,
      csr: 0x140,
      imm: 31,
      rs1: 0,
    });
    // amoadd.d.aqrl a0, a1, (a2)
    expect(decode(0x06b6352f)).toMatchObject({
      row: { name: 'amoadd.d' },
      aqrl: 3,
      rd: 10,
      rs1: 12,
      rs2: 11,
    });
    // fmadd.d fa0, fa1, fa2, fa3, rtz
    expect(decode(0x6ac59543)).toMatchObject({ row: { name: 'fmadd.d', rounding: true }, rm: 1, rs3: 13 });
  });

  test('a compressed word is the base row it expands to', () => {
    // c.addi4spn s0, sp, 16
    expect(decode(0x0800)).toMatchObject({
      row: { name: 'addi' },
      compressed: { name: 'c.addi4spn' },
      length: 2,
      word: 0x0800,
      rd: 8,
      rs1: 2,
      imm: 16,
    });
    // c.jalr a5
    expect(decode(0x9782)).toMatchObject({ row: { name: 'jalr' }, rd: 1, rs1: 15, imm: 0 });
    // c.bnez a5, -6
    expect(decode(0xffed)).toMatchObject({ row: { name: 'bne' }, rs1: 15, rs2: 0, imm: -6 });
    // c.fsdsp fs0, 8(sp)
    expect(decode(0xa422)).toMatchObject({ row: { name: 'fsd' }, rs1: 2, rs2: 8, imm: 8 });
    expect(decode(0x9002)).toMatchObject({ row: { name: 'ebreak' }, compressed: { name: 'c.ebreak' } });
    // upper halves are ignored
    expect(decode(0xdead_9782 | 0)).toEqual(decode(0x9782));
  });

  test.each([
    ['the all-zero word', 0x0000],
    ['c.addi4spn without immediate', 0x0004],
    ['c.lui without immediate', 0x6081],
    ['c.addi16sp without immediate', 0x6101],
    ['c.addiw to x0', 0x2005],
    ['c.lwsp to x0', 0x4002],
    ['c.ldsp to x0', 0x6002],
    ['c.jr x0', 0x8002],
    ['the reserved 100 space', 0x9c41],
    ['lr.w with rs2', 0x1015_252f | (1 << 20)],
    ['slliw with shamt[5]', 0x0205_151b],
    ['static rounding mode 5', 0x00c5_d553],
    ['static rounding mode 6', 0x00c5_e553],
    ['amocas.q with odd rd', 0x28c5_c5af],
    ['amocas.q with odd rs2', 0x28d5_c52f],
    ['48-bit prefix', 0x0000_001f],
    ['all ones', 0xffff_ffff],
    ['sfence.vma with rd', 0x1200_00f3],
    ['wfi with rs1', 0x1050_8073],
  ])('%s is illegal', (_, word) => {
    expect(decode(word)).toBeUndefined();
  });

  test('hints and the whole fence space are legal', () => {
    expect(name(0x0100_000f)).toBe('pause');
    expect(name(0x8330_000f)).toBe('fence.tso');
    expect(name(0x8ff0_000f)).toBe('fence');
    expect(name(0xf00f_8f8f)).toBe('fence');
    expect(name(0xfff0_100f)).toBe('fence.i');
    // c.lui x0, 1; c.li x0, 1; c.slli x0, 1; c.mv x0, a0; c.nop 1
    expect([0x6005, 0x4005, 0x0006, 0x802a, 0x0005].map(name)).toEqual([
      'lui',
      'addi',
      'slli',
      'add',
      'addi',
    ]);
  });

  test('amocas.q names even registers', () => {
    expect(decode(0x28c5_c52f)).toMatchObject({ row: { name: 'amocas.q' }, rd: 10, rs1: 11, rs2: 12 });
  });
});

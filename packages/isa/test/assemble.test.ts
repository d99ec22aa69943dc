import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assemble } from '../src/assembly/assemble.ts';
import { AssemblyError } from '../src/assembly/error.ts';
import { disassemble } from '../src/disassemble.ts';

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Assembles, and reads the result back. */
function listing(source: string, options: Parameters<typeof assemble>[1] = { base: 0x1000 }): string[] {
  const { base, bytes } = assemble(source, options);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const half = view(bytes).getUint16(at, true);
    const short = (half & 3) !== 3;
    const word = short ? half : view(bytes).getUint32(at, true);
    lines.push(disassemble(word, { pc: base + BigInt(at) }));
    at += short ? 2 : 4;
  }
  return lines;
}

const words = (source: string, options?: Parameters<typeof assemble>[1]): number[] => [
  ...new Uint32Array(assemble(source, options).bytes.slice().buffer),
];

function problem(source: string): AssemblyError {
  try {
    assemble(source);
  } catch (error) {
    if (error instanceof AssemblyError) return error;
    throw error;
  }
  throw new Error('it assembled');
}

describe('instructions', () => {
  test('are encoded as the manual says', () => {
    expect(words('beq a1, a2, .-2')).toEqual([0xfec58fe3]);
    expect(words('csrrwi a0, sscratch, 31')).toEqual([0x140fd573]);
    expect(words('amoadd.d.aqrl a0, a1, (a2)')).toEqual([0x06b6352f]);
    expect(words('lr.w a0, 0(a1)')).toEqual([0x1005a52f]);
    expect(words('fmadd.d fa0, fa1, fa2, fa3, rtz; fadd.s fa0, fa1, fa2')).toEqual([0x6ac59543, 0x00c5f553]);
    expect(words('fcvt.d.w fa0, a0; fcvt.s.w fa0, a0')).toEqual([0xd2050553, 0xd0057553]);
    expect(words('fence; fence rw, w; fence.tso; pause')).toEqual([
      0x0ff0000f, 0x0310000f, 0x8330000f, 0x0100000f,
    ]);
    expect(words('cbo.zero (a0); sfence.vma; sfence.vma a0, a1; mret; wfi')).toEqual([
      0x0045200f, 0x12000073, 0x12b50073, 0x30200073, 0x10500073,
    ]);
    expect(words('li a0, 0x7ff; lui a0, 0xfffff')).toEqual([0x7ff00513, 0xfffff537]);
    expect(words('fli.s fa0, 1.0; fli.d fa1, inf')).toEqual([0xf0180553, 0xf21f05d3]);
  });

  test('have the usual other writings', () => {
    const source = `
      nop; mv a0, a1; not a0, a1; neg a0, a1; seqz a0, a1; snez a0, a1; sext.w a0, a1; zext.b a0, a1
      add a0, a0, 4; sll a0, a0, 3; and a0, a1, ~1; sgt a0, a1, a2
      csrr a0, mstatus; csrw mtvec, a0; csrs mie, a0; csrwi mscratch, 3; csrw 0x340, t0; csrw mscratch, 7
      rdtime a0; rdcycle a1; frflags a2; ret; jr a0; jalr a0; jalr ra, a0; jalr ra, 8(a0); jalr zero, a0, 4
      fmv.s fa0, fa1; fneg.d fa0, fa1; fgt.d a0, fa1, fa2; fmv.x.s a0, fa0; unimp; scall
    `;
    expect(listing(source)).toEqual([
      ...['nop', 'mv a0,a1', 'not a0,a1', 'neg a0,a1', 'seqz a0,a1', 'snez a0,a1', 'sext.w a0,a1'],
      ...['zext.b a0,a1', 'add a0,a0,4', 'sll a0,a0,0x3', 'and a0,a1,-2', 'slt a0,a2,a1'],
      ...['csrr a0,mstatus', 'csrw mtvec,a0', 'csrs mie,a0', 'csrw mscratch,3', 'csrw mscratch,t0'],
      ...['csrw mscratch,7', 'rdtime a0', 'rdcycle a1', 'frflags a2', 'ret', 'jr a0', 'jalr a0', 'jalr a0'],
      ...['jalr 8(a0)', 'jr 4(a0)', 'fmv.s fa0,fa1', 'fneg.d fa0,fa1', 'flt.d a0,fa2,fa1'],
      ...['fmv.x.w a0,fa0', 'unimp', 'ecall'],
    ]);
  });

  test('branch to labels, named and numeric', () => {
    const source = `
    start:
    1:  beqz a0, 1f
        j 1b
    1:  bgt a0, a1, start
        jal start
        bnez a0, 1b
    `;
    expect(listing(source)).toEqual([
      'beqz a0,0x1008',
      'j 0x1000',
      'blt a1,a0,0x1000',
      'jal 0x1000',
      'bnez a0,0x1008',
    ]);
  });

  test('reach far symbols relative to the pc', () => {
    const source = `
        la a0, data
        ld a1, data
        sw a2, data, t0
        call away
        tail away
    1:  auipc a3, %pcrel_hi(data)
        addi a3, a3, %pcrel_lo(1b)
        lui a4, %hi(data)
        ld a4, %lo(data)(a4)
        .data
    data: .dword 5
    `;
    const text = listing(source, { base: 0x1000, symbols: { away: 0x20000 } });
    expect(text.slice(0, 14)).toEqual([
      ...['auipc a0,0x0', 'add a0,a0,64', 'auipc a1,0x0', 'ld a1,56(a1)', 'auipc t0,0x0', 'sw a2,48(t0)'],
      ...['auipc ra,0x1f', 'jalr -24(ra)', 'auipc t1,0x1f', 'jr -32(t1)'],
      ...['auipc a3,0x0', 'mv a3,a3'.replace('mv a3,a3', 'add a3,a3,24'), 'lui a4,0x1', 'ld a4,64(a4)'],
    ]);
  });

  test('are compressed on request only', () => {
    expect(listing('c.addi a0, 1; c.lwsp a1, 4(sp); c.jr a0; c.ebreak')).toHaveLength(4);
    expect(assemble('addi a0, a0, 1').bytes).toHaveLength(4);
    expect(assemble('.option rvc\n addi a0, a0, 1; ld s0, 8(s1)\n .option norvc\n nop').bytes).toHaveLength(
      8,
    );
  });
});

describe('li', () => {
  /** What the instructions of `li` compute, executed here. */
  function value(source: string): bigint {
    let a0 = 0n;
    for (const line of listing(source)) {
      const [name = '', list = ''] = line.split(' ');
      const last = BigInt(list.split(',').at(-1)!);
      const wide: Record<string, () => bigint> = {
        li: () => last,
        lui: () => BigInt.asIntN(32, last << 12n),
        add: () => a0 + last,
        addw: () => BigInt.asIntN(32, a0 + last),
        sll: () => a0 << last,
        // With an operand of zero these are printed as moves.
        nop: () => a0,
      };
      a0 = BigInt.asIntN(64, wide[name]!());
    }
    return a0;
  }

  test.each([
    0n,
    -1n,
    2047n,
    2048n,
    -2048n,
    0x7fff_ffffn,
    0x8000_0000n,
    -0x8000_0000n,
    0x7fff_f800n,
    1n << 63n,
  ])('loads %d', (constant) => {
    expect(value(`li a0, ${constant}`)).toBe(BigInt.asIntN(64, constant));
  });

  test('loads any constant in at most eight instructions', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (constant) => {
        expect(value(`li a0, ${constant}`)).toBe(constant);
        expect(listing(`li a0, ${constant}`).length).toBeLessThanOrEqual(8);
      }),
    );
  });

  test('may load a label that comes later', () => {
    const { symbols, bytes } = assemble('li a0, end\n ebreak\nend:', { base: 0x8000_0000 });
    expect(symbols.get('end')).toBe(0x8000_0000n + BigInt(bytes.length));
  });
});

describe('data', () => {
  test('directives place bytes', () => {
    const { bytes } = assemble(`
      .equ two, 1 + 1
      .byte two, 'a', -1, '\\n'
      .half 0x1234
      .balign 4
      .word two << 4 | 1, end - .
      .dword 0x8000000000000000
      .ascii "a,#;\\"" # a comment; with "quotes"
      .string "\\x41\\102" /* and one
      over lines */
      .zero 2
      end:
    `);
    const expected = [
      ...[2, 97, 255, 10, 0x34, 0x12, 1, 0, 33, 0, 0, 0, 22 - 4 + 6, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0x80],
      ...[97, 44, 35, 59, 34],
      ...[65, 66, 0, 0, 0],
    ];
    expect([...bytes].slice(0, 8)).toEqual(expected.slice(0, 8));
    expect([...bytes].slice(8, 12)).toEqual([33, 0, 0, 0]);
    expect(bytes[12]).toBe(bytes.length - 12);
    expect([...bytes].slice(16)).toEqual(expected.slice(16));
  });

  test('.align, .org and sections place what follows', () => {
    const { bytes, symbols } = assemble(
      `
      .text
      start: nop
      .section .rodata, "a"
      text: .asciz "hi"
      .data
      .align 3
      table: .dword start, text
      .text
      .org 0x20
      handler: .align 4
      ret
      `,
      { base: 0x8000_0000n },
    );
    expect(Object.fromEntries(symbols)).toEqual({
      start: 0x8000_0000n,
      handler: 0x8000_0020n,
      text: 0x8000_0030n,
      table: 0x8000_0040n,
    });
    expect(bytes).toHaveLength(0x50);
    expect(view(bytes).getBigUint64(0x48, true)).toBe(0x8000_0030n);
    expect(view(bytes).getUint32(0x20, true)).toBe(0x0000_8067);
  });

  test('expressions follow the GNU precedence', () => {
    expect(words('.word 1 << 4 + 1, (2 + 3) * 4, 7 & ~2, 10 % 4, -1 >> 60, 0b101, 010, 6 / 2 - 1')).toEqual([
      17, 20, 5, 2, 15, 5, 8, 2,
    ]);
  });
});

describe('mistakes are named with line and column', () => {
  test.each([
    ['nop\n  frob a0', 2, 3, 'no instruction or directive is called "frob"'],
    ['addi a0, a1, 4096', 1, 1, 'addi: operand imm cannot be 4096'],
    ['add a0, a1, q9', 1, 13, '"q9" is not defined'],
    ['mv a0, 5', 1, 8, '"5" is not an integer register'],
    ['mv a0', 1, 1, 'write: mv rd, rs1'],
    ['ld a0, 8[a1]', 1, 9, 'cannot read "[a1]" as an expression'],
    ['j nowhere', 1, 3, '"nowhere" is not defined'],
    ['beq a0, a1, 1f', 1, 13, '"1f" is not defined'],
    ['a: nop\na: nop', 2, 1, '"a" is already defined'],
    ['.byte 256', 1, 7, '256 does not fit 1 bytes'],
    ['.frob 1', 1, 1, 'no directive is called ".frob"'],
    ['.asciz "abc', 1, 8, 'this string does not end'],
    ['.org 8\n.org 4', 2, 6, '.org cannot go backwards'],
    ['csrr a0, nosuch', 1, 10, '"nosuch" is not defined'],
    ['lui a0, 0x100000', 1, 9, 'the upper immediate 1048576 is not in 0..0xfffff'],
    ['x: lui a0, %hi(x)', 1, 12, '%hi does not reach 0x80000000; use li or la'],
    ['addi a0, a0, %pcrel_lo(0)', 1, 14, '"%pcrel_lo(…) without its %pcrel_hi" is not defined'],
    ['la a0, 0x900000000', 1, 8, '"0x900000000" is more than 2 GiB away; load its address with li'],
    ['beq a0, a1, .+4096', 1, 1, 'beq: operand imm cannot be 4096'],
    ['slli a0, a0, 64', 1, 1, 'slli: operand shamt cannot be 64'],
    ['c.lw t0, 0(a0)', 1, 1, "c.lw: operand rd' cannot be 5"],
    ['.word (1 + 2', 1, 13, '")" is missing'],
    ['amocas.q a1, a2, (a0)', 1, 1, 'amocas.q: operand rd cannot be 11'],
  ])('%s', (source, line, column, text) => {
    const found = problem(source);
    expect([found.line, found.column, found.problem]).toEqual([line, column, text]);
  });
});

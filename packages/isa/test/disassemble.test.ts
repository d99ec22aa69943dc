import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decode } from '../src/decode.ts';
import { disassemble } from '../src/disassemble.ts';
import { type ObjdumpLine, objdumpBytes } from './objdump.ts';
import { generator, halfWords, randomWords, rowWords } from './words.ts';

const bytesOf = (words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

/**
 * Where GNU objdump (2.40) is known to say something else, and why it is not followed. Each applies to exactly the words its
 * condition names; a word outside them must read the same.
 */
const deviations: readonly { readonly why: string; readonly applies: (line: ObjdumpLine) => boolean }[] = [
  {
    why: 'newer than binutils 2.40: checked against the specification below',
    applies: ({ word, text }) =>
      text.startsWith('.4byte') && ['zacas', 'zfa', 'zicond'].includes(decode(word)?.row.extension ?? ''),
  },
  {
    why: 'rounding modes 5 and 6 are reserved: no instruction, where objdump writes "unknown" for the mode',
    applies: ({ word, text }) => text.endsWith(',unknown') && [5, 6].includes((word >>> 12) & 7),
  },
  {
    why: 'fields of fence and fence.i that mean nothing yet "shall be ignored", where objdump knows no instruction',
    applies: ({ word, text }) =>
      text.startsWith('.4byte') && (word & 0x607f) === 0x0f && ((word >>> 12) & 7) < 2,
  },
  {
    why: 'fcvt.d.w, .wu and .s never round and so take every legal mode, where objdump knows rne only',
    applies: ({ word, text }) =>
      text.startsWith('.4byte') && /^fcvt\.d\.(w|wu|s)$/.test(decode(word)?.row.name ?? ''),
  },
  {
    why: 'c.addi16sp without an immediate is reserved, where objdump writes an addition of 0',
    applies: ({ word, bytes }) => bytes === 2 && word === 0x6101,
  },
];

function differences(lines: readonly ObjdumpLine[], aliases: boolean): string[] {
  return lines.flatMap((line) => {
    const ours = disassemble(line.word, { pc: line.address, aliases });
    if (ours === line.text || deviations.some(({ applies }) => applies(line))) return [];
    return [`${line.word.toString(16)}: objdump "${line.text}", here "${ours}"`];
  });
}

describe.each([
  { mode: 'with aliases', aliases: true, perRow: 900, random: 100_000 },
  { mode: 'with -M no-aliases', aliases: false, perRow: 200, random: 40_000 },
])('as GNU objdump, $mode', ({ aliases, perRow, random }) => {
  test('every 16-bit word', () => {
    const lines = objdumpBytes(new Uint8Array(Uint16Array.from(halfWords).buffer), aliases);
    expect(lines).toHaveLength(49152);
    expect(differences(lines, aliases)).toEqual([]);
  });

  test('every row with many operands, and random words', () => {
    const next = generator(aliases ? 0x1234_5678 : 0x8765_4321);
    const words = [...rowWords(perRow, next), ...randomWords(random, next)];
    const lines = objdumpBytes(bytesOf(words), aliases);
    expect(lines).toHaveLength(words.length);
    expect(differences(lines, aliases)).toEqual([]);
  });

  test('every CSR number', () => {
    const words = Array.from({ length: 4096 }, (_, csr) => ((csr << 20) | 0x0005_13f3) >>> 0);
    expect(differences(objdumpBytes(bytesOf(words), aliases), aliases)).toEqual([]);
  });
});

/** The code of a file of the cross compiler's C library. */
function textSection(file: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-text-'));
  try {
    const out = join(folder, 'text');
    const path = `/usr/riscv64-linux-gnu/lib/${file}`;
    execFileSync('riscv64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', path, out]);
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each(['libc.so.6', 'libm.so.6', 'ld-linux-riscv64-lp64d.so.1', 'libgcc_s.so.1'])(
  'the code of %s reads as in GNU objdump',
  (file) => {
    const lines = objdumpBytes(textSection(file), true);
    expect(lines.length).toBeGreaterThan(4_000);
    expect(differences(lines, true)).toEqual([]);
    // Compiled code has no unknown words but an occasional padding.
    const unknown = lines.filter((line) => line.text.startsWith('.')).length;
    expect(unknown).toBeLessThan(lines.length / 1000);
  },
);

describe('what binutils 2.40 does not know reads as its specification says', () => {
  test.each([
    // Zicond: czero.eqz 0000111 rs2 rs1 101 rd 0110011, czero.nez 111
    [0x0ec5d533, 'czero.eqz a0,a1,a2'],
    [0x0ec5f533, 'czero.nez a0,a1,a2'],
    // Zacas: 00101 aq rl rs2 rs1 width rd 0101111
    [0x28c5a52f, 'amocas.w a0,a2,(a1)'],
    [0x2ec5a52f, 'amocas.w.aqrl a0,a2,(a1)'],
    [0x2cc5b52f, 'amocas.d.aq a0,a2,(a1)'],
    [0x2ac5c52f, 'amocas.q.rl a0,a2,(a1)'],
    // Zfa
    [0xf0100553, 'fli.s fa0,-1'],
    [0xf0108553, 'fli.s fa0,min'],
    [0xf2110553, 'fli.d fa0,0x1p-16'],
    [0xf2180553, 'fli.d fa0,1'],
    [0xf21f0553, 'fli.d fa0,inf'],
    [0xf21f8553, 'fli.d fa0,nan'],
    [0x28c5a553, 'fminm.s fa0,fa1,fa2'],
    [0x2ac5b553, 'fmaxm.d fa0,fa1,fa2'],
    [0x4045f553, 'fround.s fa0,fa1'],
    [0x42559553, 'froundnx.d fa0,fa1,rtz'],
    [0xa0c5c553, 'fleq.s a0,fa1,fa2'],
    [0xa2c5d553, 'fltq.d a0,fa1,fa2'],
    [0xc2859553, 'fcvtmod.w.d a0,fa1,rtz'],
  ])('%i is %s', (word, text) => {
    expect(disassemble(word)).toBe(text);
  });
});

describe('options', () => {
  test('a target may be given a name', () => {
    const symbol = (address: bigint): string | undefined =>
      address === 0x8000_0010n ? 'main+0x10' : undefined;
    expect(disassemble(0x00a5_8463, { pc: 0x8000_0008n, symbol })).toBe('beq a1,a0,80000010 <main+0x10>');
    expect(disassemble(0x00a5_8463, { pc: 0x8000_0000n, symbol })).toBe('beq a1,a0,0x80000008');
  });

  test('targets wrap at 64 bits', () => {
    expect(disassemble(0xffdf_f06f)).toBe('j 0xfffffffffffffffc');
  });

  test('illegal words read as data', () => {
    expect(disassemble(0xffff_ffff)).toBe('.4byte 0xffffffff');
    expect(disassemble(0x0000_9c41)).toBe('.2byte 0x9c41');
    expect(disassemble(0)).toBe('unimp');
  });
});

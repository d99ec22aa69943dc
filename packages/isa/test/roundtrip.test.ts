import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assemble } from '../src/assembly/assemble.ts';
import { decode } from '../src/decode.ts';
import { disassemble } from '../src/disassemble.ts';
import { encode } from '../src/encode.ts';
import { fieldWidth, readField } from '../src/instructions/encoding.ts';
import { operandNames } from '../src/instructions/operands.ts';
import { baseRows, compressedTable } from '../src/instructions/table.ts';
import { generator, halfWords, randomWords, rowWords } from './words.ts';

const base = 0x8000_0000n;

/** Fences with ignored fields have the text, and so the encoding, of those without. */
const canonical = (word: number): boolean => {
  const row = decode(word)?.row.name;
  if (row === 'fence') return (word & 0xf00f_ff80) === 0;
  return row !== 'fence.i' || word === 0x0000_100f;
};

function reassembled(words: readonly number[], bytes: 2 | 4, aliases: boolean): number[] {
  const lines = words.map((word, i) => disassemble(word, { pc: base + BigInt(bytes * i), aliases }));
  const image = assemble(lines.join('\n'), { base }).bytes;
  expect(image).toHaveLength(words.length * bytes);
  return [...(bytes === 2 ? new Uint16Array(image.buffer) : new Uint32Array(image.buffer))];
}

const mismatches = (words: readonly number[], again: readonly number[]): string[] =>
  words.flatMap((word, i) =>
    again[i] === word ? [] : [`${word.toString(16)} -> ${again[i]?.toString(16)}`],
  );

test('every 16-bit word assembles from its text', () => {
  expect(mismatches(halfWords, reassembled(halfWords, 2, false))).toEqual([]);
});

test.each([
  ['aliases', true],
  ['real mnemonics', false],
])('32-bit words assemble from their text in %s', (_, aliases) => {
  const next = generator(aliases ? 99 : 77);
  const words = [...rowWords(60, next), ...randomWords(5_000, next)].filter(canonical);
  expect(words.length).toBeGreaterThan(15_000);
  expect(mismatches(words, reassembled(words, 4, aliases))).toEqual([]);
});

test('encode is the inverse of reading the fields, for every row', () => {
  for (const row of [...baseRows, ...compressedTable]) {
    fc.assert(
      fc.property(fc.nat({ max: 0xffff_ffff }), (random) => {
        const low = row.length === 2 ? 0xffff : 0xffff_ffff;
        const word = (((random & ~row.mask) | row.match) & low) >>> 0;
        const decoded = decode(word);
        fc.pre(decoded !== undefined && (decoded.compressed ?? decoded.row).name === row.name);
        const operands = row.fields.map((field) => [operandNames[field.name]!.slot, readField(field, word)]);
        expect(encode(row.name, Object.fromEntries(operands))).toBe(word);
      }),
      { numRuns: 30, seed: 1 },
    );
  }
});

test('encode refuses what a field cannot hold', () => {
  expect(() => encode('addi', { imm: 2048 })).toThrow(RangeError);
  expect(() => encode('addi', { rd: 32 })).toThrow('addi: operand rd cannot be 32');
  expect(() => encode('beq', { imm: 3 })).toThrow('beq: operand imm cannot be 3');
  expect(() => encode('c.lui', { rd: 2, imm: 4096 })).toThrow(RangeError);
  expect(() => encode('c.lui', { rd: 1, imm: 0 })).toThrow(RangeError);
  expect(() => encode('fadd.s', { rm: 5 })).toThrow(RangeError);
  expect(() => encode('frob')).toThrow('no instruction is called "frob"');
  expect(fieldWidth(baseRows[0]!.fields[0]!)).toBe(32);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as isa from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the example of the README runs as written', () => {
  const [, example = ''] = /```ts\n(import[\s\S]*?)```/.exec(readme) ?? [];
  const script = example.replace(/^import .*\n/, '').replaceAll('!', '');
  const lines: string[] = [];
  const log = (...words: unknown[]): number => lines.push(words.join(' '));
  new Function('assemble', 'decode', 'disassemble', 'console', script)(
    isa.assemble,
    isa.decode,
    isa.disassemble,
    { log },
  );
  expect(lines[0]).toBe('80000000 lui a0,0x10000');
  expect(lines).toContain('8000000c lbu a2,0(a1)');
  expect(lines.at(-1)).toBe('80000024 j 0x80000020');
});

test('the words the README decodes are what it says', () => {
  expect(isa.decode(0x0085_3503)).toMatchObject({ row: { name: 'ld' }, rd: 10, rs1: 10, imm: 8, length: 4 });
  expect(isa.decode(0)).toBeUndefined();
});

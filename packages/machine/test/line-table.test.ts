import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainLine } from '@trapline/vmm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf } from '../src/dwarf/compressed.ts';
import { lineTable } from '../src/dwarf/line-table.ts';
import { createMachine, type Elf, parseElf, sourceLines } from '../src/index.ts';

const programs = {
  'main.c': `#include "deeper/twice.h"
int table[4];
static int loop(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) {
    sum += twice(i);
    table[i & 3] = sum;
  }
  return sum;
}
__attribute__((section(".text.far"))) int far(int n) { return n ? loop(n) : 7; }
int _start(void) {
  volatile int n = 10;
  return loop(n) + far(n);
}
`,
  'deeper/twice.h': `static inline int twice(int n) {
  return n *
         2;
}
`,
  'start.S': `.text
.globl other
other:
  addi a0, a0, 1
  call _start
  ret
`,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trapline-lines-'));
  execFileSync('mkdir', ['-p', join(folder, 'deeper')]);
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (tool: string, ...args: string[]): string =>
  execFileSync(`riscv64-linux-gnu-${tool}`, args, { cwd: folder, encoding: 'utf8' });

function build(...flags: string[]): { path: string; elf: Elf } {
  run('gcc', '-nostdlib', '-nostartfiles', '-static', '-fno-pic', ...flags, '-o', 'out', 'main.c', 'start.S');
  const path = join(folder, 'out');
  return { path, elf: parseElf(new Uint8Array(readFileSync(path)), 'out') };
}

/** A program of many functions, and the same with compressed sections: small ones stay as they are. */
function buildCompressed(how: string): { elf: Elf; smaller: Elf } {
  const functions = Array.from({ length: 200 }, (_, n) => `int f${n}(int n) {\n  return n * ${n};\n}`);
  writeFileSync(join(folder, 'many.c'), functions.join('\n'));
  const { elf } = build('-gdwarf-5', '-O1', 'many.c');
  run('objcopy', `--compress-debug-sections=${how}`, 'out', 'smaller');
  const smaller = parseElf(new Uint8Array(readFileSync(join(folder, 'smaller'))), 'smaller');
  expect(smaller.sections.find(({ name }) => name === '.debug_line')?.compressed).toBe(true);
  return { elf, smaller };
}

/** The line addr2line knows for each address. */
const linesBy = (path: string, addresses: readonly bigint[]): (number | undefined)[] =>
  run('addr2line', '-e', path, ...addresses.map((address) => `0x${address.toString(16)}`))
    .trim()
    .split('\n')
    .map((line) => Number(/:(\d+)(?: \(.*\))?$/.exec(line)?.[1] ?? 0) || undefined);

/**
 * File and line at every address readelf has a row for; of several the last. (addr2line 2.40 names the wrong file where version 5 starts
 * with file 1.)
 */
function rowsBy(path: string): Map<bigint, string> {
  const rows = new Map<bigint, string>();
  for (const line of run('readelf', '--debug-dump=decodedline', '--wide', path).split('\n')) {
    const [, file, number, address] = /^(\S+)\s+(\d+|-)\s+(0x[0-9a-f]+|0)\b/.exec(line) ?? [];
    if (address === undefined) continue;
    // The end of one sequence may be the start of the next.
    if (number !== '-') rows.set(BigInt(address), `${file}:${number}`);
  }
  return rows;
}

function everyAddress({ sections }: Elf): bigint[] {
  const code = sections.filter(({ executable }) => executable);
  return code.flatMap(({ address, data }) =>
    Array.from({ length: Math.ceil(data.length / 2) }, (_, index) => address + BigInt(2 * index)),
  );
}

describe('source lines, by the tools of binutils', () => {
  const dwarfs = [2, 3, 4, 5].map((version) => `-gdwarf-${version}`);
  it.each([
    ...dwarfs.flatMap((dwarf) => [
      [dwarf, '-O0'],
      [dwarf, '-O2'],
      [dwarf, '-Os -mno-relax'],
    ]),
    ['-gdwarf-5 -gdwarf64', '-O1'],
  ] as [string, string][])('every address of a program built with %s %s', (dwarf, optimise) => {
    const { path, elf } = build(...dwarf.split(' '), ...optimise.split(' '));
    const { lineOf } = sourceLines([elf]);
    const addresses = everyAddress(elf);
    // addr2line 2.40 finds nothing in 64-bit DWARF.
    if (!dwarf.includes('dwarf64'))
      expect(addresses.map((address) => lineOf(address)?.line)).toEqual(linesBy(path, addresses));
    const rows = rowsBy(path);
    const ours = [...rows.keys()].map((address) => lineOf(address));
    expect(ours.map((found) => found && `${found.file.split('/').at(-1)}:${found.line}`)).toEqual([
      ...rows.values(),
    ]);
    expect(new Set(rows.values()).size).toBeGreaterThan(8);
  });

  it('knows directories', () => {
    const { elf } = build('-gdwarf-5', '-O0');
    const { lineOf } = sourceLines([elf]);
    const files = new Set(everyAddress(elf).map((address) => lineOf(address)?.file));
    expect(files).toContain(join(folder, 'deeper/twice.h'));
    expect(files).toContain(join(folder, 'main.c'));
  });

  it('a machine names the lines of its guest, as traces print them', async () => {
    const bytes = new Uint8Array(
      readFileSync(build('-g', '-O1', '-mcmodel=medany', '-Wl,-Ttext-segment=0x80000000').path),
    );
    const machine = await createMachine({ kernel: { name: 'out', bytes }, ramBytes: 2 ** 20 });
    const start = machine.symbols.addressOf('_start')!;
    expect(machine.lines.lineOf(start)).toEqual({ file: join(folder, 'main.c'), line: 12 });
    expect(machine.names.lineOf?.(start)).toBe('main.c:12');
    const lines: string[] = [];
    machine.onExit((event) => lines.push(explainLine(event, machine.names)));
    machine.step(1);
    expect(lines[0]).toMatch(/^\[0\] hart0 M 0x8000[0-9a-f]+ <_start, main\.c:12> .*fetchPageFault/);
  });

  it.each(['zlib', 'zstd'])('of sections compressed with %s', (how) => {
    const { elf, smaller } = buildCompressed(how);
    const [plain, compressed] = [sourceLines([elf]), sourceLines([smaller])];
    const addresses = everyAddress(elf);
    const lines = addresses.map((address) => plain.lineOf(address));
    expect(addresses.map((address) => compressed.lineOf(address))).toEqual(lines);
    expect(lines.filter((line) => line?.file.endsWith('many.c')).length).toBeGreaterThan(200);
  });

  it('says nothing of a program without', () => {
    const { elf } = build('-O2');
    expect(sourceLines([elf]).lineOf(elf.entry)).toBeUndefined();
  });
});

describe('hostile sections', () => {
  const contents = (elf: Elf, name: string): Uint8Array =>
    elf.sections.find((section) => section.name === name)?.data ?? new Uint8Array(0);

  it('cut or changed anywhere, answers are lines or nothing, and soon', () => {
    const { elf } = build('-gdwarf-5', '-O1');
    const whole = contents(elf, '.debug_line');
    const lineStrings = contents(elf, '.debug_line_str');
    const strings = contents(elf, '.debug_str');
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
        const line = whole.slice(0, length);
        for (const { at, to } of changes) if (at < length) line[at] = to;
        const { lineOf } = lineTable({ line, lineStrings, strings });
        for (const address of [0n, elf.entry, 2n ** 64n - 1n]) {
          const found = lineOf(address);
          if (found) expect(found.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['zlib', 'zstd'])('compressed with %s, they are decompressed or nothing', (how) => {
    const { elf, smaller } = buildCompressed(how);
    const whole = contents(elf, '.debug_line');
    const section = smaller.sections.find(({ name }) => name === '.debug_line')!;
    expect(contentsOf(section)).toEqual(whole);
    const at = fc.oneof(fc.nat(40), fc.nat(section.data.length - 1));
    const change = fc.record({ at, to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(section.data.length), (changes, length) => {
        const data = section.data.slice(0, length);
        for (const { at, to } of changes) if (at < length) data[at] = to;
        expect(contentsOf({ ...section, data }).length).toBeLessThanOrEqual(2 ** 28);
      }),
      { numRuns: 300 },
    );
  });

  it('of random bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, bytes, (line, strings) => {
        lineTable({ line, lineStrings: strings, strings }).lineOf(0n);
      }),
      { numRuns: 2000 },
    );
  });

  it('entries of nothing are not counted out', () => {
    // Version 5, no directory format, and as many directories as a number can say.
    const header = [1, 1, 1, 1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    const unit = [5, 0, 8, 0, header.length, 0, 0, 0, ...header];
    const line = Uint8Array.from([unit.length, 0, 0, 0, ...unit]);
    const none = new Uint8Array(0);
    expect(lineTable({ line, lineStrings: none, strings: none }).lineOf(0n)).toBeUndefined();
  });

  it('one damaged unit does not hide the next', () => {
    const { elf } = build('-gdwarf-4', '-O1');
    const good = contents(elf, '.debug_line');
    const line = Uint8Array.from([8, 0, 0, 0, 4, 0, 255, 255, 255, 0, 0, 0, ...good]);
    const none = new Uint8Array(0);
    const found = lineTable({ line, lineStrings: none, strings: none }).lineOf(elf.entry);
    expect(found).toEqual(sourceLines([elf]).lineOf(elf.entry));
    expect(found?.line).toBeGreaterThan(0);
  });
});

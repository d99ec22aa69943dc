import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '@trapline/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseElf } from '../src/elf.ts';
import { symbolTable } from '../src/symbols.ts';
import { makeElf } from './make-elf.ts';

const failure = (bytes: Uint8Array): string => {
  try {
    parseElf(bytes, 'guest.elf');
  } catch (error) {
    if (error instanceof HostError) {
      expect(error.message).toContain('guest.elf');
      return error.code;
    }
    throw error;
  }
  return 'none';
};

test.each([
  ['empty', new Uint8Array(0), 'elf-empty'],
  ['text', new TextEncoder().encode('#!/bin/sh'), 'elf-magic'],
  ['header cut off', makeElf().subarray(0, 40), 'elf-truncated'],
  ['program headers cut off', makeElf().subarray(0, 80), 'elf-truncated'],
  ['segment cut off', makeElf().subarray(0, makeElf().length - 1), 'elf-truncated'],
  ['32-bit', makeElf({ elfClass: 1 }), 'elf-class'],
  ['big-endian', makeElf({ endian: 2 }), 'elf-endian'],
  ['x86-64', makeElf({ machine: 62 }), 'elf-machine'],
  ['object file', makeElf({ type: 1 }), 'elf-type'],
  ['no segments', makeElf({ segments: [] }), 'elf-nothing'],
  [
    'segment longer in the file than in memory',
    makeElf({ segments: [{ address: 0x8000_0000n, data: new Uint8Array(8), memoryBytes: 4n }] }),
    'elf-segment',
  ],
  [
    'overlap',
    makeElf({
      segments: [
        { address: 0x8000_1000n, data: new Uint8Array(8) },
        { address: 0x8000_0000n, data: new Uint8Array(8), memoryBytes: 0x1001n },
      ],
    }),
    'elf-overlap',
  ],
])('refuses a file that is bad: %s', (_, bytes, code) => {
  expect(failure(bytes)).toBe(code);
});

test('adjacent segments do not overlap', () => {
  const adjacent = makeElf({
    segments: [
      { address: 0x8000_0000n, data: new Uint8Array(8), memoryBytes: 0x1000n },
      { address: 0x8000_1000n, data: new Uint8Array(8) },
    ],
  });
  expect(parseElf(adjacent, 'guest.elf').segments).toHaveLength(2);
});

test('any damage to a file is a HostError or still a file', () => {
  const good = makeElf();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
      const damaged = good.slice();
      damaged[at] = byte;
      failure(damaged.subarray(0, length));
    }),
  );
});

test('reads what the GNU tools made', () => {
  const directory = mkdtempSync(join(tmpdir(), 'trapline-'));
  try {
    const source = join(directory, 'a.S');
    const output = join(directory, 'a.elf');
    writeFileSync(
      source,
      '.globl _start\n_start: nop\n.L1: j .L1\n.globl tohost\n.type tohost,@object\n.bss\n.balign 8\ntohost: .dword 0\n.size tohost,8\n',
    );
    const linked = [
      '-nostdlib',
      '-static',
      '-Wl,-Ttext=0x80000000',
      '-Wl,-Tbss=0x80001000',
      '-Wl,--no-relax',
    ];
    execFileSync('riscv64-linux-gnu-gcc', [...linked, '-march=rv64gc', '-o', output, source]);
    const elf = parseElf(readFileSync(output), 'a.elf');
    const symbols = symbolTable(elf.symbols);
    expect(elf.physicalEntry).toBe(0x8000_0000n);
    expect(symbols.addressOf('tohost')).toBe(0x8000_1000n);
    expect(symbols.nameOf(0x8000_0002n)).toBe('_start+0x2');
    expect(symbols.nameOf(0x7fff_ffffn)).toBeUndefined();
    expect(symbols.at(0x8000_0000n)).toContain('_start');
    const code = elf.sections.find((section) => section.executable);
    expect(code?.name).toBe('.text');
    expect([...(code?.data.subarray(0, 2) ?? [])]).toEqual([0x01, 0x00]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

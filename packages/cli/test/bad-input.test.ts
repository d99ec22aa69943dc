import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeElf } from '../../machine/test/make-elf.ts';
import { FakeHost } from './support/fake-host.ts';
import { buildGuest } from './support/guests.ts';

const MIB = 1024 ** 2;
let directory: string;
const at = (name: string): string => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-bad-'));
  buildGuest(directory, 'echo');
  const good = makeElf();
  const big = makeElf({
    segments: [{ address: 0x8000_0000n, data: new Uint8Array(4), memoryBytes: 64n * 1024n ** 2n }],
  });
  const files: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    truncated: good.subarray(0, good.length - 2),
    bits32: makeElf({ elfClass: 1 }),
    bigEndian: makeElf({ endian: 2 }),
    x86: makeElf({ machine: 62 }),
    outside: makeElf({ segments: [{ address: 0x1000n, data: new Uint8Array(4) }] }),
    big,
    overlapping: makeElf({
      segments: [
        { address: 0x8000_0000n, data: new Uint8Array(8), memoryBytes: 0x1001n },
        { address: 0x8000_1000n, data: new Uint8Array(8) },
      ],
    }),
    'odd.img': new Uint8Array(513),
    'empty.img': new Uint8Array(0),
    'good.img': new Uint8Array(4096),
    'big.dtb': new Uint8Array(3 * MIB),
    'bad.dtb': new Uint8Array(300),
    'big.initrd': new Uint8Array(20 * MIB),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(at(name), bytes);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What is wrong, the arguments, the exit code, and words the sentence must have. */
const cases: readonly (readonly [string, () => string[], number, readonly string[]])[] = [
  ['a missing kernel', () => [at('gone')], 125, ['gone', 'does not exist']],
  ['a directory for a kernel', () => [directory], 125, ['is a directory']],
  ['an empty kernel', () => [at('empty')], 125, ['empty is empty']],
  ['a truncated ELF', () => [at('truncated')], 125, ['truncated is truncated']],
  ['a 32-bit ELF', () => [at('bits32')], 125, ['bits32', '32-bit', 'riscv64']],
  ['a big-endian ELF', () => [at('bigEndian')], 125, ['bigEndian', 'big-endian']],
  ['an x86-64 ELF', () => [at('x86')], 125, ['x86-64', 'riscv64']],
  ['a segment outside RAM', () => [at('outside')], 125, ['outside', '0x1000', 'Link it']],
  ['a kernel larger than RAM', () => [at('big'), '-m', '16M'], 125, ['big needs 64 MiB', '-m 128M']],
  ['overlapping segments', () => [at('overlapping')], 125, ['overlapping', '0x80001000', 'linker script']],
  [
    'a missing disk',
    () => [at('echo'), '--disk', at('gone.img')],
    125,
    ['disk', 'gone.img', 'does not exist'],
  ],
  [
    'a disk of odd size',
    () => [at('echo'), '--disk', at('odd.img')],
    125,
    ['odd.img', '513 bytes', 'truncate -s'],
  ],
  ['an empty disk', () => [at('echo'), '--disk', at('empty.img')], 125, ['empty.img', '0 bytes']],
  ['a directory for a disk', () => [at('echo'), '--disk', `${directory},ro`], 125, ['is a directory']],
  [
    'nine disks',
    () => [at('echo'), ...Array.from({ length: 9 }, () => ['--disk', `${at('good.img')},ro`]).flat()],
    125,
    ['disk 9', '8 slots'],
  ],
  [
    'an initrd larger than RAM',
    () => [at('echo'), '-m', '16M', '--initrd', at('big.initrd')],
    125,
    ['big.initrd', '-m'],
  ],
  ['a missing initrd', () => [at('echo'), '--initrd', at('gone')], 125, ['initrd', 'gone']],
  ['a device tree too large', () => [at('echo'), '--dtb', at('big.dtb')], 125, ['big.dtb', '3 MiB', 'dtc']],
  ['a device tree that is none', () => [at('echo'), '--dtb', at('bad.dtb')], 125, ['bad.dtb', 'dtc']],
  ['missing firmware', () => [at('echo'), '--bios', at('gone')], 125, ['firmware', 'gone']],
  ['firmware where the kernel is', () => [at('echo'), '--bios', at('good.img')], 125, ['good.img', 'echo']],
  ['a log that cannot be written', () => [at('echo'), '--serial-log', at('no/log')], 125, ['no/log']],
  ['an unknown option', () => [at('echo'), '--frobnicate'], 2, ["'--frobnicate'"]],
  ['an option without its value', () => [at('echo'), '--harts'], 2, ['--harts']],
  ['an impossible -m', () => [at('echo'), '-m', '7T'], 2, ['-m 7T', '256M']],
  ['impossible --harts', () => [at('echo'), '--harts', '0'], 2, ['--harts 0', '1 to 8']],
  ['an unknown monitor', () => [at('echo'), '--monitor', 'xen'], 2, ["'xen'"]],
  ['an impossible --timeout', () => [at('echo'), '--timeout', 'soon'], 2, ['--timeout soon']],
  ['an unknown trace', () => [at('echo'), '--trace', 'everything'], 2, ['everything']],
  ['an unknown cause', () => [at('echo'), '--trace', 'exits=hiccup'], 2, ['hiccup', 'mmio']],
  ['two guests', () => [at('echo'), '--kernel', at('big')], 2, ['both']],
];

test.each(cases)('%s is one sentence and a documented exit code', async (_, argv, code, words) => {
  const host = new FakeHost({ terminal: true });
  expect(await host.run('run', ...argv())).toBe(code);
  for (const word of words) expect(host.stderr.text).toContain(word);
  expect(host.stderr.text).toMatch(/^trapline: [^\n]+\n(\(trapline --help[^\n]+\n)?$/);
  expect(host.stdout.text).toBe('');
  // The terminal was not touched, or is as it was.
  expect(host.modes.at(-1) ?? false).toBe(false);
  expect(host.leftovers).toBe(0);
});

// Root reads and writes whatever the permissions say.
test.runIf(process.getuid?.() !== 0)('a read-only disk without ro, an unreadable file', async () => {
  chmodSync(at('good.img'), 0o444);
  const host = new FakeHost();
  expect(await host.run('run', at('echo'), '--disk', at('good.img'))).toBe(125);
  expect(host.stderr.text).toContain(`--disk ${at('good.img')},ro`);
  chmodSync(at('good.img'), 0o000);
  expect(await new FakeHost().run('run', at('echo'), '--disk', `${at('good.img')},ro`)).toBe(125);
});

test('an unknown command is named', async () => {
  const host = new FakeHost();
  expect(await host.run('frobnicate')).toBe(2);
  expect(host.stderr.text).toContain("'frobnicate'");
});

test('disasm names a file it cannot read', async () => {
  const host = new FakeHost();
  expect(await host.run('disasm', at('x86'))).toBe(125);
  expect(host.stderr.text).toContain('x86-64');
});

test('disasm prints sections, labels and instructions', async () => {
  const host = new FakeHost();
  expect(await host.run('disasm', at('echo'))).toBe(0);
  expect(host.stdout.text).toContain('Disassembly of section .text:');
  expect(host.stdout.text).toContain(
    '0000000080000000 <_start>:\n80000000:\tf14022f3            \tcsrr t0,mhartid\n',
  );
});

test('a version and a help are no errors', async () => {
  const host = new FakeHost();
  expect(await host.run('--version')).toBe(0);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(host.stdout.text).toBe(`${version}\n`);
  expect(await host.run('run', '--help')).toBe(0);
  expect(host.stdout.text).toContain('--deterministic');
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeHost } from './support/fake-host.ts';
import { buildGuest } from './support/guests.ts';

let directory: string;
let tests: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-conformance-'));
  tests = join(directory, 'tests');
  mkdirSync(tests);
  for (const name of ['tohost-pass', 'tohost-fail-3', 'finisher-pass', 'finisher-fail'] as const)
    buildGuest(tests, name);
  writeFileSync(join(tests, 'notes.dump'), 'not a test');
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each(['shadow', 'none'])('runs the ELF files of a directory under monitor %s', async (monitor) => {
  const host = new FakeHost();
  expect(await host.run('conformance', tests, '--monitor', monitor)).toBe(1);
  expect(host.stdout.text.split('\n')).toEqual([
    `FAIL ${join(tests, 'finisher-fail')}: the finisher says 5`,
    `pass ${join(tests, 'finisher-pass')}`,
    `FAIL ${join(tests, 'tohost-fail-3')}: test 3 failed`,
    `pass ${join(tests, 'tohost-pass')}`,
    '2 passed, 2 failed',
    '',
  ]);
});

test('all passing is exit code 0, and --json says the same', async () => {
  const host = new FakeHost();
  const file = join(tests, 'tohost-pass');
  expect(await host.run('conformance', file, '--json')).toBe(0);
  expect(JSON.parse(host.stdout.text)).toMatchObject({
    passed: 1,
    failed: 0,
    tests: [{ file, passed: true }],
  });
});

test('a test that says nothing fails at the limit', async () => {
  const host = new FakeHost();
  expect(await host.run('conformance', buildGuest(directory, 'tohost-never'), '--max-insns', '50000')).toBe(
    1,
  );
  expect(host.stdout.text).toContain('no result after 50000 instructions');
});

test('--signature writes a word a line', async () => {
  const host = new FakeHost();
  const out = join(directory, 'signatures');
  await host.run('conformance', join(tests, 'tohost-pass'), '--signature', out);
  expect(readFileSync(join(out, 'tohost-pass.signature'), 'utf8')).toBe('11223344\ndeadbeef\n');
});

test('a file that cannot be loaded is a failed test', async () => {
  const host = new FakeHost();
  const file = join(tests, 'notes.dump');
  expect(await host.run('conformance', join(directory, 'gone'))).toBe(125);
  writeFileSync(file, Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1));
  expect(await host.run('conformance', file)).toBe(1);
  expect(host.stdout.text).toContain('32-bit');
});

test('--isa names what is missing', async () => {
  const host = new FakeHost();
  expect(await host.run('conformance', tests, '--isa', 'rv64gcv')).toBe(2);
  expect(host.stderr.text).toContain('names v,');
});

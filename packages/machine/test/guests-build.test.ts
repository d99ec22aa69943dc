import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

// The guests in guests/built are committed; here they are built again, from a copy of the sources somewhere else.

const root = resolve(fileURLToPath(import.meta.url), '../../../..');
const built = join(root, 'guests/built');
const work = mkdtempSync(join(tmpdir(), 'trapline-guests-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const compiler = spawnSync(`${process.env.RISCV_PREFIX ?? 'riscv64-unknown-elf-'}gcc`, ['--version'], {
  encoding: 'utf8',
});
const version = compiler.status === 0 ? (compiler.stdout.split('\n')[0] ?? '') : undefined;
const committedVersion = readFileSync(join(built, 'compiler.txt'), 'utf8').trim();

function buildIn(name: string): string {
  const clone = join(work, name);
  mkdirSync(join(clone, 'scripts'), { recursive: true });
  cpSync(join(root, 'scripts/guests-build.mjs'), join(clone, 'scripts/guests-build.mjs'));
  cpSync(join(root, 'guests'), join(clone, 'guests'), { recursive: true, filter: (path) => path !== built });
  execFileSync('node', [join(clone, 'scripts/guests-build.mjs')], { stdio: 'pipe' });
  return join(clone, 'guests/built');
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();

function expectSame(directory: string, reference: string): void {
  expect(filesBelow(directory)).toEqual(filesBelow(reference));
  for (const file of filesBelow(reference)) {
    const same = readFileSync(join(directory, file)).equals(readFileSync(join(reference, file)));
    expect(same, `${file} differs; run pnpm guests:build and commit guests/built`).toBe(true);
  }
}

const without = version === undefined ? ' (skipped: no riscv64-unknown-elf-gcc here)' : '';

it.skipIf(version === undefined)(`a build elsewhere gives the committed bytes${without}`, () => {
  const first = buildIn('first');
  // Another version of the compiler makes other code; then two builds in two places are compared with each other.
  if (version === committedVersion) return expectSame(first, built);
  console.warn(
    `guests/built is from "${committedVersion}", here is "${version}": comparing two builds of ours`,
  );
  expectSame(buildIn('a-second-place/deeper'), first);
});

it('the guest that is shipped stays under a megabyte', () => {
  const bytes = ['kernel.elf', 'disk.img'].map((file) => statSync(join(built, file)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1 << 20);
});

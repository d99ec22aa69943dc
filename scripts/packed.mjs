import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { members, run } from './workspace.mjs';

/** The packages as npm would publish them: packs each into `directory` and gives its name and tarball. */
async function pack(directory) {
  const packed = [];
  for (const { directory: cwd, manifest } of members('packages')) {
    const before = new Set(readdirSync(directory));
    const result = await run('pnpm', ['pack', '--pack-destination', directory], { cwd });
    const file = readdirSync(directory).find((name) => !before.has(name));
    packed.push({ name: manifest.name, tarball: file && join(directory, file), ...result });
  }
  return packed;
}

/** Calls `use` with the packed packages and a temporary directory of their own, removed afterwards. */
export async function withPacked(use) {
  const directory = mkdtempSync(join(tmpdir(), 'trapline-packed-'));
  try {
    return await use(await pack(directory), directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** publint and "are the types wrong" on every tarball: one result each. */
export async function lintPacked(packed) {
  const results = [];
  for (const { name, tarball, ok, output } of packed) {
    results.push({ name: `${name} packs`, ok: ok && tarball !== undefined, output });
    if (tarball === undefined) continue;
    const publint = await run('publint', ['run', tarball, '--strict']);
    results.push({ name: `${name} passes publint`, ...publint });
    const attw = await run('attw', [tarball, '--profile', 'esm-only', '--no-emoji']);
    results.push({ name: `${name} passes attw`, ...attw });
  }
  return results;
}

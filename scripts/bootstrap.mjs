// Installs and builds what changed since the last time; says so only when it takes long. Needs Node and npm, nothing else.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { members, pnpmVersion, root, run } from './workspace.mjs';

const stamp = join(root, 'node_modules', '.trapline-installed');

/** A digest of everything an installation depends on. */
function wanted() {
  const manifests = ['packages', 'apps'].flatMap((folder) =>
    members(folder).map(({ directory }) => directory),
  );
  const files = [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...manifests.map((directory) => join(directory, 'package.json')),
  ];
  const digest = createHash('sha256').update(process.version);
  for (const file of files) digest.update(readFileSync(file.startsWith(root) ? file : join(root, file)));
  return digest.digest('hex');
}

/** Installs the locked dependencies, unless they are there already. */
export async function install() {
  const digest = wanted();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return { ok: true, output: '' };
  console.error('Installing dependencies ...');
  const flags = ['--frozen-lockfile', '--prefer-offline', '--config.confirmModulesPurge=false'];
  const result = await run('npx', ['--yes', pnpmVersion, 'install', ...flags]);
  if (result.ok) writeFileSync(stamp, digest);
  return result;
}

/** Builds every package whose sources changed. */
export function build() {
  return run('turbo', ['run', 'build', '--output-logs=errors-only']);
}

/** Both, in order, until one fails. */
export async function bootstrap() {
  for (const [name, step] of Object.entries({ install, build })) {
    const { ok, output } = await step();
    if (ok) continue;
    console.error(`${output}\n${name} failed.`);
    return false;
  }
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await bootstrap()) ? 0 : 1);

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** "pnpm@<version>", the version the lockfile was written with. */
export const pnpmVersion = readJson(join(root, 'package.json')).packageManager;

/** The workspace's members under `folder`, in the order of their names: where they are and what their manifests say. */
export function members(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, folder, entry.name))
    .map((directory) => ({ directory, manifest: readJson(join(directory, 'package.json')) }));
}

/** Runs a command and gives its exit status and everything it printed; programs of node_modules/.bin are found first. */
export function run(command, args, { cwd = root, env = {}, show = false } = {}) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: {
        ...process.env,
        PATH: path,
        TURBO_TELEMETRY_DISABLED: '1',
        TURBO_NO_UPDATE_NOTIFIER: '1',
        ...env,
      },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      shell: process.platform === 'win32',
    });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    const finish = (status, extra = '') =>
      resolve({ ok: status === 0, output: Buffer.concat(output).toString() + extra });
    child.on('error', (error) => finish(1, `${command}: ${error.message}\n`));
    child.on('close', (status) => finish(status ?? 1));
  });
}

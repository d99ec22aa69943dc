import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { members, root, run } from './workspace.mjs';

/**
 * The README's examples: code blocks opened as "```js name.mjs"; a "```text" block that follows one directly is what it
 * prints.
 */
function readExamples() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const pattern = /^```js (\S+\.mjs)\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;
  return [...readme.matchAll(pattern)].map(([, file, code, expected]) => ({ file, code, expected }));
}

/** Dependencies of the packages that are not packages themselves, where the workspace has them. */
function thirdParty() {
  const found = {};
  for (const { directory, manifest } of members('packages')) {
    for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
      if (!version.startsWith('workspace:'))
        found[name] = `link:${realpathSync(join(directory, 'node_modules', name))}`;
  }
  return found;
}

/** A project outside the workspace that depends on the tarballs; libraries come from the workspace, so no network is needed. */
async function installConsumer(packed, directory) {
  const packages = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: packages,
    pnpm: { overrides: { ...packages, ...thirdParty() } },
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest, undefined, 2));
  return run('pnpm', ['install', '--offline', '--ignore-workspace', '--no-frozen-lockfile'], {
    cwd: directory,
  });
}

/** Type-checks the examples against the published types, as a strict program of the given module resolution would. */
async function typecheck(directory, files, resolution, module) {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    allowJs: true,
    checkJs: true,
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
    module,
    moduleResolution: resolution,
  };
  const config = `tsconfig.${resolution}.json`;
  writeFileSync(join(directory, config), JSON.stringify({ compilerOptions, files }));
  return run('tsc', ['-p', config], { cwd: directory });
}

async function runExample(directory, { file, expected }) {
  const { ok, output } = await run(process.execPath, [file], { cwd: directory });
  const name = `README ${file} runs from the tarballs`;
  if (!ok || expected === undefined || output === expected) return { name, ok, output };
  return { name, ok: false, output: `printed:\n${output}\nthe README says:\n${expected}` };
}

/** Installs the tarballs into a consumer project and runs the README's examples there: one result each. */
export async function checkExamples(packed, directory) {
  const examples = readExamples();
  const installed = await installConsumer(packed, directory);
  const results = [{ name: 'the tarballs install together', ...installed }];
  if (!installed.ok) return results;
  for (const { file, code } of examples) writeFileSync(join(directory, file), code);
  const files = examples.map(({ file }) => file);
  for (const [resolution, module] of Object.entries({ nodenext: 'nodenext', bundler: 'esnext' })) {
    const name = `README examples type-check (${resolution})`;
    results.push({ name, ...(await typecheck(directory, files, resolution, module)) });
  }
  for (const example of examples) results.push(await runExample(directory, example));
  return results;
}

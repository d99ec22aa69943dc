// `npm test`: everything that must hold of the workspace, one summary, and a last line "N passed, N failed".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build, install } from './bootstrap.mjs';
import { checkDocs } from './docs.mjs';
import { checkExamples } from './examples.mjs';
import { lintPacked, withPacked } from './packed.mjs';
import { root, run } from './workspace.mjs';

/** The command as a check of one result. */
const command =
  (name, program, ...args) =>
  async () => [{ name, ...(await run(program, args)) }];

/** The test suites; vitest reports as it goes, its failures are the results' output. */
async function vitest() {
  const directory = mkdtempSync(join(tmpdir(), 'trapline-vitest-'));
  const file = join(directory, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const { ok } = await run('vitest', ['run', ...reporters], { show: true });
    const report = JSON.parse(readFileSync(file, 'utf8'));
    return vitestResults(report, ok);
  } catch (error) {
    return [{ name: 'vitest reports', ok: false, output: `${error.message}\n` }];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function vitestResults(report, ok) {
  const results = [];
  for (const suite of report.testResults) {
    const file = relative(root, suite.name);
    const ran = suite.assertionResults.filter(({ status }) => status === 'passed' || status === 'failed');
    results.push(
      ...ran.map(({ status, fullName }) => testResult(`${file}: ${fullName}`, status === 'passed')),
    );
    if (suite.status === 'failed' && ran.every(({ status }) => status === 'passed'))
      results.push(testResult(`${file} loads`, false));
  }
  const told = results.some((result) => !result.ok);
  return ok || told ? results : [...results, testResult('vitest ends without errors', false)];
}

const testResult = (name, ok) => ({ name, ok, output: '' });

const packages = () =>
  withPacked(async (packed, directory) => {
    const results = await lintPacked(packed);
    const packedAll = packed.every(({ tarball }) => tarball !== undefined);
    return packedAll ? [...results, ...(await checkExamples(packed, directory))] : results;
  });

/** The lockfile names packages by version and hash, so that any registry serves it. */
async function lockfile() {
  const hosts = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8').match(/^.*https?:\/\/.*$/gm) ?? [];
  return [{ name: 'the lockfile names no host', ok: hosts.length === 0, output: hosts.join('\n') }];
}

const checks = {
  install: async () => [{ name: 'install', ...(await install()) }],
  build: async () => [{ name: 'build', ...(await build()) }],
  // Building already checked every package under its own `lib` and `types`: isa sees no DOM, only the command sees Node.
  types: command('types of sources and tests', 'tsc', '--noEmit', '-p', '.'),
  lint: command('lint (biome)', 'biome', 'check', '--error-on-warnings', '.'),
  layering: command('layering (dependency-cruiser)', 'depcruise', 'packages', 'apps'),
  tests: vitest,
  'dead code': command('dead code (knip)', 'knip', '--no-progress', '--no-config-hints'),
  docs: checkDocs,
  lockfile,
  packages,
};

/** Runs one check and reports it in a line, with what failed. */
async function report(name, check) {
  const started = performance.now();
  const results = await check();
  const failed = results.filter(({ ok }) => !ok);
  for (const { name: what, output } of failed) console.log(`${output.trimEnd()}\nFAILED ${what}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${results.length - failed.length} passed, ${failed.length} failed (${seconds} s)`);
  return { passed: results.length - failed.length, failed: failed.length };
}

const wanted = process.argv.slice(2);
const total = { passed: 0, failed: 0 };
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { passed, failed } = await report(name, check);
  total.passed += passed;
  total.failed += failed;
  if (name === 'install' && failed > 0) break;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

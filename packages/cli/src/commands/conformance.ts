import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type EngineName, HostError } from '@trapline/core';
import { isElf } from '@trapline/machine';
import type { Command } from 'commander';
import { runConformanceTest, type TestResult } from '../conformance-test.ts';
import { ExitCode } from '../exit-codes.ts';
import { fileError } from '../files.ts';
import { type Host, write } from '../host.ts';
import { checkIsa } from '../isa-check.ts';
import type { Done } from '../main.ts';
import { wholeNumber } from '../quantity.ts';
import { engineOption, interceptOption, monitorOption } from './run.ts';

interface ConformanceFlags {
  readonly monitor: 'shadow' | 'none';
  readonly intercept?: 'all' | 'needed';
  readonly engine?: EngineName;
  readonly isa?: string;
  readonly signature?: string;
  readonly maxInsns: string;
  readonly json?: boolean;
}

/** Adds `trapline conformance`. */
export function conformanceCommand(program: Command, host: Host, done: Done): void {
  program
    .command('conformance')
    .description('run ELF tests that report through tohost or the test finisher')
    .argument('<path...>', 'ELF files, or directories of them')
    .addOption(monitorOption())
    .addOption(interceptOption())
    .addOption(engineOption())
    .option('--isa <string>', 'check that the machine has these extensions, for example rv64imafdc_zba')
    .option(
      '--signature <directory>',
      'write the words from begin_signature to end_signature to TEST.signature',
    )
    .option('--max-insns <n>', 'a test fails after so many instructions', '50000000')
    .option('--json', 'print one JSON object')
    .action(async (paths: readonly string[], flags: ConformanceFlags) => {
      if (flags.isa !== undefined) checkIsa(flags.isa);
      const most = wholeNumber('--max-insns', flags.maxInsns, 1, Number.MAX_SAFE_INTEGER);
      done(await runAll(paths.flatMap(testFiles), flags, most, host));
    });
}

async function runAll(
  files: readonly string[],
  flags: ConformanceFlags,
  maxInstructions: number,
  host: Host,
): Promise<number> {
  if (flags.signature !== undefined) makeDirectory(flags.signature);
  const results: TestResult[] = [];
  for (const file of files) {
    const { monitor, intercept, engine } = flags;
    const result = await runConformanceTest(file, { monitor, intercept, engine, maxInstructions });
    results.push(result);
    if (flags.signature !== undefined && result.signature !== undefined)
      saveSignature(join(flags.signature, `${basename(file)}.signature`), result.signature);
    if (!flags.json)
      await write(
        host.stdout,
        `${result.passed ? 'pass' : 'FAIL'} ${file}${result.passed ? '' : `: ${result.why}`}\n`,
      );
  }
  const passed = results.filter((result) => result.passed).length;
  const failed = results.length - passed;
  if (flags.json) {
    const tests = results.map(({ signature: _, ...rest }) => rest);
    await write(host.stdout, `${JSON.stringify({ monitor: flags.monitor, passed, failed, tests })}\n`);
  } else await write(host.stdout, `${passed} passed, ${failed} failed\n`);
  return failed === 0 ? ExitCode.ok : ExitCode.failed;
}

/** A file itself, or the ELF files below a directory, in order of name. Throws HostError `file` or `usage`. */
function testFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const found = readdirSync(path, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => isElf(readFileSync(file)))
      .sort();
    if (found.length > 0) return found;
  } catch (error) {
    throw fileError('test', path, error);
  }
  throw new HostError('usage', `${path} holds no ELF files`, { hint: 'Name a directory of built tests.' });
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw fileError('signature directory', path, error);
  }
}

function saveSignature(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw fileError('signature', path, error);
  }
}

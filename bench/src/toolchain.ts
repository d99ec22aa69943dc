import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A compiler that makes programs for Linux. */
export interface Compiler {
  readonly command: string;
  readonly flags: readonly string[];
}

export const guestCompiler: Compiler = { command: 'riscv64-linux-gnu-gcc', flags: ['-static', '-s'] };

/** The host's own, with the processor's fused multiply-add if it has one: the guest's has. */
export const nativeCompiler = (): Compiler => ({ command: 'gcc', flags: hasFma() ? ['-mfma'] : [] });

function hasFma(): boolean {
  try {
    return process.arch === 'x64' && /^flags\s*:.*\bfma\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

/** The first line a tool says about its version, or undefined: it is not there. */
export async function toolVersion(command: string): Promise<string | undefined> {
  try {
    return (await run(command, ['--version'])).stdout.split('\n')[0];
  } catch {
    return undefined;
  }
}

// The same as the bare machine's (scripts/guests-build.mjs), so that all compute the same.
const FLAGS = ['-O2', '-std=gnu17', '-ffp-contract=off', '-fno-math-errno'];

/** Where the sources are, below the repository's root. */
const SOURCES = 'guests/tests/bench';

const compile = (compiler: Compiler, root: string, out: string, sources: readonly string[]) =>
  run(compiler.command, [
    ...FLAGS,
    ...compiler.flags,
    `-I${join(root, SOURCES, 'runtime')}`,
    ...sources.map((source) => join(root, SOURCES, source)),
    ...['-lm', '-o', out],
  ]);

/** Builds a benchmark as a program for an operating system. */
export const compileProgram = (
  compiler: Compiler,
  root: string,
  { name, bare }: { readonly name: string; readonly bare: boolean },
  out: string,
) => compile(compiler, root, out, [bare ? `${name}.c` : `linux/${name}.c`, 'linux/runtime/run.c']);

/** Builds the program that runs the others. */
export const compileInit = (compiler: Compiler, root: string, out: string) =>
  compile(compiler, root, out, ['linux/runtime/init.c']);

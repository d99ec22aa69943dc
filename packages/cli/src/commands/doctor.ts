import { spawnSync } from 'node:child_process';
import { freemem } from 'node:os';
import type { Command } from 'commander';
import { builtinGuestPresent } from '../builtin-guest.ts';
import { ExitCode } from '../exit-codes.ts';
import { type Host, write } from '../host.ts';
import type { Done } from '../main.ts';

/** One thing doctor looks at. */
interface Check {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'optional';
  readonly found: string;
  /** What to do about it when it is not ok. */
  readonly remedy?: string;
}

const LEAST_NODE = 20;
const GUEST_RAM_BYTES = 256 * 1024 ** 2;
const WASM_PAGE = 65536;

/** Adds `trapline doctor`. */
export function doctorCommand(program: Command, host: Host, done: Done): void {
  program
    .command('doctor')
    .description('check that this machine has what Trapline needs')
    .action(async () => {
      const checks = [
        nodeCheck(),
        wasmCheck(),
        memoryCheck(),
        guestCheck(),
        terminalCheck(host),
        ...toolChecks(),
      ];
      await write(host.stdout, `${checks.map(line).join('\n')}\n`);
      done(checks.some(({ state }) => state === 'missing') ? ExitCode.failed : ExitCode.ok);
    });
}

const MARKS = { ok: 'ok      ', missing: 'MISSING ', optional: 'absent  ' } as const;
const line = ({ what, state, found, remedy }: Check): string =>
  `${MARKS[state]} ${what.padEnd(16)} ${found}${state !== 'ok' && remedy ? `\n${' '.repeat(26)}${remedy}` : ''}`;

function nodeCheck(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    what: 'Node',
    state: major >= LEAST_NODE ? 'ok' : 'missing',
    found: process.versions.node,
    remedy: `Install Node ${LEAST_NODE} or later.`,
  };
}

/** A function with a bulk memory instruction and a sign extension: (func (i32.extend8_s (i32.const 0)) drop memory.fill). */
const FEATURES = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 10, 17, 1, 15, 0],
  ...[65, 0, 192, 26, 65, 0, 65, 0, 65, 0, 252, 11, 0, 11],
);

function wasmCheck(): Check {
  const works = typeof WebAssembly === 'object' && WebAssembly.validate(FEATURES);
  return {
    what: 'WebAssembly',
    state: works ? 'ok' : 'missing',
    found: works ? 'bulk memory, sign extension, BigInt' : 'not available',
    remedy: 'Run Node without --jitless and with a current version.',
  };
}

function memoryCheck(): Check {
  const free = Math.round(freemem() / 1024 ** 2);
  const works = allocates(GUEST_RAM_BYTES);
  return {
    what: 'memory',
    state: works ? 'ok' : 'missing',
    found: `${free} MiB free`,
    remedy:
      'The default 256 MiB of guest RAM cannot be had: give less with -m, or raise the limit (ulimit -v).',
  };
}

function allocates(bytes: number): boolean {
  try {
    const pages = bytes / WASM_PAGE;
    return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer.byteLength === bytes;
  } catch {
    return false;
  }
}

const guestCheck = (): Check => ({
  what: 'built-in guest',
  state: builtinGuestPresent() ? 'ok' : 'missing',
  found: builtinGuestPresent() ? 'present' : 'not found',
  remedy: 'In a clone run npm start; otherwise install the package again.',
});

const terminalCheck = ({ stdin }: Host): Check => ({
  what: 'terminal',
  state: stdin.isTTY ? 'ok' : 'optional',
  found: stdin.isTTY ? 'stdin is a terminal' : 'stdin is no terminal',
  remedy: 'trapline run tests the built-in guest instead of starting its shell.',
});

const TOOLS: readonly (readonly [tool: string, purpose: string])[] = [
  ['riscv64-linux-gnu-gcc', 'only to build guests: apt install gcc-riscv64-linux-gnu'],
  ['dtc', 'only for tests: apt install device-tree-compiler'],
  ['qemu-system-riscv64', 'only to compare: apt install qemu-system-misc'],
  ['apt-get', 'only for trapline image busybox'],
];

const toolChecks = (): Check[] =>
  TOOLS.map(([tool, remedy]) => {
    const { status, stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8' });
    const found = status === 0 ? (stdout.split('\n')[0] ?? '') : 'not installed';
    return { what: tool, state: status === 0 ? 'ok' : 'optional', found, remedy };
  });

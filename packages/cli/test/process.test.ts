import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildCommand } from './support/built-command.ts';
import { buildGuest } from './support/guests.ts';

// The command as a process of its own: signals, pipes and terminals that are real.
let command: string;
let directory: string;
let guest: string;
beforeAll(async () => {
  command = await buildCommand();
  directory = mkdtempSync(join(tmpdir(), 'trapline-process-'));
  guest = buildGuest(directory, 'echo');
});
afterAll(() => {
  for (const each of [command, directory]) rmSync(each, { recursive: true });
});

// A test that failed leaves nothing running behind; closing a terminal ends what is on it.
const children: Child[] = [];
afterEach(() => {
  for (const { process } of children.splice(0)) process.kill('SIGKILL');
});

/** A child process, what it printed so far, and how it ends. */
class Child {
  readonly process: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  output = '';
  #look: (() => void) | undefined;

  constructor(program: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(program, args, { stdio: 'pipe', ...options });
    children.push(this);
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('latin1');
        this.#look?.();
      });
    this.exit = new Promise((resolve) =>
      this.process.on('close', (code, signal) => resolve({ code, signal })),
    );
  }

  type(text: string): void {
    this.process.stdin?.write(text);
  }

  /** Rejects when the process ends without having printed it. */
  async until(text: string): Promise<void> {
    const ended = this.exit.then(() => {
      if (!this.output.includes(text)) throw new Error(`ended without "${text}":\n${this.output}`);
    });
    ended.catch(() => {});
    while (!this.output.includes(text)) {
      const more = new Promise<void>((resolve) => {
        this.#look = resolve;
      });
      await Promise.race([more, ended]);
    }
  }
}

const trapline = (args: readonly string[], options?: SpawnOptions): Child =>
  new Child(process.execPath, [join(command, 'bin/trapline.js'), ...args], options);

test('run passes the exit code on, and trapline-qemu is a command too', async () => {
  const one = trapline(['run', guest]);
  one.type('f');
  expect(await one.exit).toEqual({ code: 7, signal: null });
  const two = new Child(process.execPath, [
    join(command, 'bin/trapline-qemu.js'),
    ...`-machine virt -bios none -kernel ${guest} -m 128M -smp 3 -nographic`.split(' '),
  ]);
  two.type('q');
  expect(await two.exit).toEqual({ code: 0, signal: null });
  expect(two.output).toBe('ready\nq');
});

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s in mid-run ends with %i', async (signal, code) => {
  const child = trapline(['run', guest]);
  await child.until('ready');
  child.process.kill(signal);
  expect(await child.exit).toEqual({ code, signal: null });
});

test('a closed stdin is no error', async () => {
  const child = trapline(['run', guest, '--timeout', '1'], { stdio: ['ignore', 'pipe', 'pipe'] });
  expect((await child.exit).code).toBe(124);
});

test.each([
  ['--help', '0'],
  ['disasm GUEST', '0'],
  ['qemu --help', '0'],
  ['run GUEST', '125'],
])('a reader that went away ends %s quietly', async (args, code) => {
  const words = args.replace('GUEST', `"${guest}"`);
  // The sleep lets the reader be gone before anything is written.
  const line = `{ sleep 0.2; "${process.execPath}" "${join(command, 'bin/trapline.js')}" ${words}; echo code $? >&2; } | true`;
  const child = new Child('sh', ['-c', line]);
  await child.exit;
  expect(child.output).toBe(`code ${code}\n`);
});

/** The command on a pseudo-terminal, the terminal's settings printed before and after. */
function onTerminal(...args: readonly string[]): Child {
  const words = [process.execPath, join(command, 'bin/trapline.js'), ...args].map((word) => `'${word}'`);
  const line = `echo "[$(stty -g)]"; ${words.join(' ')}; echo "code $?"; echo "[$(stty -g)]"`;
  return new Child('script', ['-qec', line, '/dev/null'], { env: { ...process.env, SHELL: '/bin/sh' } });
}

/** The process id of the command on the pseudo-terminal: the shell's child. */
function commandOf({ process: { pid } }: Child): number {
  const childOf = (parent: number): number =>
    Number(readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(' ')[0]);
  return childOf(childOf(pid!));
}

const settings = ({ output }: Child): string[] =>
  [...output.matchAll(/\[([0-9a-f:]+)\]/g)].map((match) => match[1]!);

test.each([
  ['the guest ends', 'q', 0],
  ['the guest fails', 'f', 7],
  ['Ctrl-A x', '\x01x', 0],
  ['nothing happens in time', '', 124],
] as const)('a real terminal is as it was when %s', async (_, typed, code) => {
  const child = onTerminal('run', guest, '--timeout', typed === '' ? '1' : '60');
  await child.until('ready');
  child.type(typed);
  await child.until('code ');
  await child.exit;
  expect(child.output).toContain(`code ${code}`);
  const [before, after] = settings(child);
  expect(before).toBeDefined();
  expect(after).toBe(before);
});

test.each([
  ['q', (child: Child): void => child.type('qq')],
  ['Ctrl-A x', (child: Child): void => child.type('\x01x')],
  ['a SIGTERM', (child: Child): boolean => process.kill(commandOf(child), 'SIGTERM')],
] as const)('the live view gives a real terminal back after %s', async (_, leave) => {
  const child = onTerminal('run', guest);
  await child.until('ready');
  child.type('\x01t');
  await child.until('instructions/s');
  leave(child);
  await child.until('code ');
  await child.exit;
  const [opened, closed] = ['\x1b[?1049h', '\x1b[?1049l'].map((code) => child.output.lastIndexOf(code));
  expect(opened).toBeGreaterThan(0);
  expect(closed).toBeGreaterThan(opened!);
  const [before, after] = settings(child);
  expect(after).toBe(before);
});

test('on a real terminal Ctrl-C reaches the guest', async () => {
  const child = onTerminal('run', guest);
  await child.until('ready');
  child.type('\x03');
  await child.until('\x03');
  child.type('q');
  await child.exit;
  expect(child.output).toContain('code 0');
});

test('without a terminal and a guest the built-in guest tests itself', async () => {
  const child = trapline(['run', '--deterministic'], { stdio: ['ignore', 'pipe', 'pipe'] });
  expect(await child.exit).toEqual({ code: 0, signal: null });
  expect(child.output).toMatch(/ passed, 0 failed\n$/);
});

test('a disk that may not be written wants ro', async () => {
  const disk = join(directory, 'disk.img');
  writeFileSync(disk, new Uint8Array(4096), { mode: 0o444 });
  for (const each of [command, directory]) chmodSync(each, 0o755);
  // Root may write everything: the child is somebody else.
  const someone = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const refused = trapline(['run', guest, '--disk', disk], someone);
  expect((await refused.exit).code).toBe(125);
  expect(refused.output).toBe(
    `trapline: disk ${disk} may not be written. Attach it read-only: --disk ${disk},ro\n`,
  );
  const child = trapline(['run', guest, '--disk', `${disk},ro`], someone);
  child.type('q');
  expect((await child.exit).code).toBe(0);
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeHost } from './support/fake-host.ts';
import { buildGuest } from './support/guests.ts';

let directory: string;
let guest: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-run-'));
  guest = buildGuest(directory, 'echo');
});
afterAll(() => rmSync(directory, { recursive: true }));

const small = ['-m', '16M'];

describe.each(['shadow', 'none'])('under monitor %s', (monitor) => {
  const run = (host: FakeHost, ...argv: string[]) =>
    host.run('run', guest, ...small, '--monitor', monitor, ...argv);

  test.each([
    ['q', 0],
    ['f', 7],
    ['F', 255],
  ])('after %s the exit code is %i', async (typed, code) => {
    const host = new FakeHost();
    host.type(typed);
    expect(await run(host)).toBe(code);
    expect(host.stdout.text).toBe(`ready\n${typed}`);
    expect(host.stderr.text).toBe('');
    expect(host.leftovers).toBe(0);
  });

  test('a restart boots the guest again', async () => {
    const host = new FakeHost();
    host.type('r');
    const done = run(host, '--expect', 'ready\nrready\n');
    expect(await done).toBe(0);
  });

  test('--timeout ends a busy guest and a waiting one with 124', async () => {
    for (const typed of ['b', 'z']) {
      const host = new FakeHost();
      host.type(typed);
      expect(await run(host, '--timeout', '0.3')).toBe(124);
      expect(host.stderr.text).toContain('0.3 s');
    }
  });

  test('--max-insns ends with 123 after exactly so many instructions', async () => {
    const host = new FakeHost();
    host.type('b');
    expect(await run(host, '--deterministic', '--max-insns', '50000', '--json')).toBe(123);
    expect(JSON.parse(host.stdout.text)).toMatchObject({ exitCode: 123, instructions: 50000 });
  });

  test('--stats and --json tell what the translator did', async () => {
    const host = new FakeHost();
    host.type('b');
    const limit = ['--deterministic', '--max-insns', '2000000', '--stats', '--json'];
    await run(host, '--engine', 'translator', ...limit);
    const report = JSON.parse(host.stdout.text);
    expect(report.engine).toMatchObject({ name: 'translator', translated: expect.any(Number) });
    expect(report.translatedShare).toBe(report.engine.translated / report.instructions);
    expect(report.translatedShare).toBeGreaterThan(0);
    expect(report.engine.regions).toBeGreaterThan(0);
    expect(report.engine.translations).toBeGreaterThanOrEqual(report.engine.regions);
    expect(report.engine.compiledBytes).toBeGreaterThan(0);
    expect(report.peakMemoryBytes).toBeGreaterThan(2 ** 24);
    const share = (report.translatedShare * 100).toFixed(1);
    expect(host.stderr.text).toContain(`translator: ${share} % of the instructions in translated code`);
    const other = new FakeHost();
    other.type('b');
    await run(other, '--engine', 'interpreter', ...limit);
    expect(JSON.parse(other.stdout.text).engine).toEqual({ name: 'interpreter' });
    expect(JSON.parse(other.stdout.text)).not.toHaveProperty('translatedShare');
  });

  test('a deterministic run is the same to the bit', async () => {
    const once = async () => {
      const host = new FakeHost();
      host.type('hello q');
      await run(host, '--deterministic', '--harts', '2', '--max-insns', '100000', '--json');
      const {
        busySeconds: _,
        idleSeconds: __,
        instructionsPerSecond: ___,
        // When code is translated is a matter of the host's time, and what runs in place of what is not to be seen.
        engine: ____,
        translatedShare: _____,
        peakMemoryBytes: ______,
        ...rest
      } = JSON.parse(host.stdout.text);
      return rest;
    };
    expect(await once()).toEqual(await once());
  });
});

const run = (host: FakeHost, ...argv: string[]) => host.run('run', guest, ...small, ...argv);

test('--expect ends with 0 as soon as every text was seen', async () => {
  const host = new FakeHost();
  host.type('acd');
  expect(await run(host, '--expect', 'ready', '--expect', 'cd')).toBe(0);
});

test('--fail ends with 122 and names the text', async () => {
  const host = new FakeHost();
  host.type('ab');
  expect(await run(host, '--expect', 'never', '--fail', 'y\nab')).toBe(122);
  expect(host.stderr.text).toContain(String.raw`"y\nab"`);
});

test('a guest that ends before an expected text failed', async () => {
  const host = new FakeHost();
  host.type('q');
  expect(await run(host, '--expect', 'never')).toBe(1);
  expect(host.stderr.text).toContain('"never"');
});

test('a closed stdin is no error', async () => {
  const host = new FakeHost();
  host.stdin.end();
  expect(await run(host, '--timeout', '0.3')).toBe(124);
});

test('on a terminal the mode is raw while the guest runs, and Ctrl-C is its', async () => {
  const host = new FakeHost({ terminal: true });
  const done = run(host);
  await host.stdout.until('ready');
  expect(host.modes).toEqual([true]);
  host.type('\x03');
  await host.stdout.until('\x03');
  host.type('q');
  expect(await done).toBe(0);
  expect(host.modes).toEqual([true, false]);
});

test('Ctrl-A h helps, s counts, Ctrl-A goes through, x quits', async () => {
  const host = new FakeHost({ terminal: true });
  const done = run(host);
  await host.stdout.until('ready');
  host.type('\x01h');
  await host.stderr.until('Ctrl-A x       quit\r\n');
  host.type('\x01s');
  await host.stderr.until(' instructions in ');
  host.type('\x01\x01');
  await host.stdout.until('\x01');
  host.type('\x01x');
  expect(await done).toBe(0);
  expect(host.modes).toEqual([true, false]);
});

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
])('%s restores the terminal and ends with %i, busy or waiting', async (signal, code) => {
  for (const typed of ['b', 'z']) {
    const host = new FakeHost({ terminal: true });
    const done = run(host);
    await host.stdout.until('ready');
    host.type(typed);
    await host.stdout.until(typed === 'b' ? 'b' : 'z');
    host.process.emit(signal);
    expect(await done).toBe(code);
    expect(host.modes).toEqual([true, false]);
    expect(host.leftovers).toBe(0);
  }
});

test('the terminal is restored when the process dies of something else', async () => {
  const host = new FakeHost({ terminal: true });
  const done = run(host);
  await host.stdout.until('ready');
  host.process.emit('exit');
  expect(host.modes).toEqual([true, false]);
  host.type('q');
  await done;
});

test('--json puts one object on stdout and the console on stderr', async () => {
  const host = new FakeHost();
  host.type('f');
  expect(await run(host, '--json')).toBe(7);
  expect(host.stderr.text).toBe('ready\nf');
  const report = JSON.parse(host.stdout.text);
  expect(report).toMatchObject({ exitCode: 7, reason: 'guest', exits: { mmio: expect.any(Number) } });
  expect(report.ramHash).toMatch(/^[0-9a-f]{16}$/);
});

test('--stats tells instructions, exits and shadow page tables', async () => {
  const host = new FakeHost();
  host.type('q');
  await run(host, '--stats');
  for (const part of [
    'instructions in',
    'M/s',
    'TLB misses',
    'exits to the monitor',
    'mmio',
    'shadow page tables',
  ])
    expect(host.stderr.text).toContain(part);
});

test('--serial-log keeps what the guest printed', async () => {
  const host = new FakeHost();
  const log = join(directory, 'serial.log');
  host.type('hello q');
  await run(host, '--serial-log', log);
  expect(readFileSync(log, 'latin1')).toBe('ready\nhello q');
});

test.each(['shadow', 'none'])(
  '--profile under monitor %s names the function a guest spins in',
  async (monitor) => {
    const spin = ['run', guest, ...small, '--monitor', monitor, '--deterministic', '--max-insns', '3000000'];
    const folded = join(directory, 'profile.folded');
    const host = new FakeHost();
    host.type('b');
    expect(await host.run(...spin, '--profile', folded)).toBe(123);
    const lines = readFileSync(folded, 'utf8').trimEnd().split('\n');
    const counts = new Map(lines.map((line) => /^(.*) (\d+)$/.exec(line)!.slice(1) as [string, string]));
    const all = [...counts.values()].reduce((sum, count) => sum + Number(count), 0);
    expect(all).toBeGreaterThan(40);
    expect(Number(counts.get('hart 0;M;spin')) / all).toBeGreaterThan(0.8);
    const json = join(directory, 'profile.json');
    const other = new FakeHost();
    other.type('b');
    await other.run(...spin, '--profile', json, '--profile-interval', '10000');
    const { profiles, shared } = JSON.parse(readFileSync(json, 'utf8'));
    expect(shared.frames).toContainEqual({ name: 'spin' });
    expect(profiles[0].endValue).toBeGreaterThan(200);
  },
);

test('--profile says at once that its file cannot be written', async () => {
  const host = new FakeHost();
  expect(await host.run('run', guest, ...small, '--profile', join(directory, 'no/where.folded'))).toBe(125);
  expect(host.stdout.text).toBe('');
  expect(host.stderr.text).toMatch(/^trapline: profile .*where.folded does not exist/);
});

test('--trace explains every exit that was asked for', async () => {
  const host = new FakeHost();
  const file = join(directory, 'trace');
  host.type('q');
  await run(host, '--trace', 'exits=illegalInstruction', '--trace-file', file);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\[0\] hart0 M 0x80000000 <_start> csrr t0,mhartid: illegalInstruction .*executed on the shadow state$/,
  );
  const all = new FakeHost();
  all.type('q');
  await run(all, '--trace', 'exits');
  expect(all.stderr.text).toMatch(
    /sb a1,0\(s0\): mmio .*uart at 0x10000000 \(RBR\/THR\/DLL\) <- 0x72 \(1 bytes\)/,
  );
});

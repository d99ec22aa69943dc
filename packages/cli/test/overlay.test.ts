import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineStats } from '@trapline/machine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HeldOutput } from '../src/overlay/held-output.ts';
import { type LivePage, liveLines, short } from '../src/overlay/live-page.ts';
import { FakeHost } from './support/fake-host.ts';
import { buildGuest } from './support/guests.ts';

const stats = (part: Partial<MachineStats>): MachineStats => ({
  instructions: 0,
  busySeconds: 0,
  idleSeconds: 0,
  harts: [],
  exits: {},
  sbiCalls: {},
  shadow: {},
  tlbMisses: 0,
  devices: [],
  engine: { name: 'interpreter' },
  ...part,
});

const page: LivePage = {
  guest: 'kernel',
  monitor: 'shadow',
  before: { atMs: 1000, stats: stats({ instructions: 1e6, exits: { mmio: 100 } }) },
  now: {
    atMs: 1500,
    stats: stats({
      instructions: 2e6,
      busySeconds: 0.25,
      tlbMisses: 50,
      exits: { mmio: 600, ecall: 50 },
      devices: [{ name: 'uart', address: 0x1000_0000, reads: 10, writes: 20 }],
    }),
  },
  modes: [{ M: 0, S: 1, U: 2, waiting: 1 }],
  printed: 12,
};

describe('a page of the live view', () => {
  const lines = liveLines(page, { columns: 80, rows: 24 });

  test('says how fast the guest is, and where it is', () => {
    expect(lines[1]).toBe('2.00 M instructions/s, 50 % busy, 100 TLB misses/s');
    expect(lines[2]).toBe('2.00 M instructions so far, interpreter, shadow monitor; 12 bytes printed since');
    expect(lines.find((line) => line.includes('hart 0'))?.split(/\s{2,}/)).toEqual([
      '',
      'hart 0',
      '0 %',
      '25 %',
      '50 %',
      '25 %',
    ]);
  });

  test('has rates by cause and by device', () => {
    const words = (start: string) => lines.find((line) => line.trim().startsWith(start))?.match(/\S+/g);
    expect(words('mmio')).toEqual(['mmio', '1.00', 'k', '600', '\u2588'.repeat(20)]);
    expect(words('ecall')).toEqual(['ecall', '100', '50', '\u2588\u2588']);
    expect(words('uart')).toEqual(['uart', '0x10000000', '20', '40', '30']);
  });

  test.each([
    [20, 3],
    [40, 8],
    [200, 60],
    [1, 1],
  ])('fits %i columns and %i rows', (columns, rows) => {
    const fitting = liveLines(page, { columns, rows });
    expect(fitting.length).toBeLessThanOrEqual(rows);
    for (const line of fitting)
      expect(line.replaceAll('\x1b[7m', '').replaceAll('\x1b[0m', '').length).toBeLessThanOrEqual(columns);
  });

  test('numbers are short', () => {
    expect([0, 7, 0.5, 12.34, 999, 1234, 45_600_000, 3e15].map(short)).toEqual([
      '0',
      '7',
      '0.50',
      '12.3',
      '999',
      '1.23 k',
      '45.6 M',
      '3000 T',
    ]);
  });
});

test('held output comes later and in order; of too much the newest is kept, and that is said', async () => {
  const { stdout } = new FakeHost({ terminal: true });
  const output = new HeldOutput();
  await output.write(stdout, 'a');
  output.hold();
  await output.write(stdout, 'b');
  output.put(stdout, 'c');
  expect(stdout.text).toBe('a');
  expect(output.waiting).toBe(2);
  await output.release();
  expect(stdout.text).toBe('abc');
  output.hold();
  await output.write(stdout, 'x'.repeat(1000));
  for (let block = 0; block < 1024; block++) await output.write(stdout, 'y'.repeat(1024));
  await output.release();
  expect(stdout.text).toBe(`abc\r\n[1,000 bytes before this are not shown]\r\n${'y'.repeat(1024 ** 2)}`);
});

const openScreen = '\x1b[?1049h';
const closeScreen = '\x1b[?1049l';

describe('over a running guest', () => {
  let directory: string;
  let guest: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'trapline-overlay-'));
    guest = buildGuest(directory, 'echo');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const start = async (...argv: string[]) => {
    const host = new FakeHost({ terminal: true });
    const done = host.run('run', guest, '-m', '16M', ...argv);
    await host.stdout.until('ready');
    return { host, done };
  };
  const end = async (host: FakeHost, done: Promise<number>) => {
    host.type('q');
    expect(await done).toBe(0);
    expect(host.leftovers).toBe(0);
    expect(host.stdout.listenerCount('resize')).toBe(0);
  };

  test.each([
    ['the same keys', '\x01t'],
    ['q', 'q'],
    ['Ctrl-C', '\x03'],
  ])('the live view keeps keys from the guest, follows the size, and %s closes it', async (_, keys) => {
    const { host, done } = await start();
    host.type('a\x01tb');
    await host.stdout.until('instructions/s');
    expect(host.stdout.text).toContain(openScreen);
    expect(host.stdout.text).not.toContain('ab');
    host.stdout.rows = 3;
    host.stdout.emit('resize');
    await host.stdout.until('more lines');
    host.type(`${keys}c`);
    await host.stdout.until(`${closeScreen}ac`);
    await end(host, done);
  });

  test('what the guest prints meanwhile is shown afterwards', async () => {
    const { host, done } = await start('--trace', 'exits=mmio');
    // The guest is behind its terminal: these keys reach it before the view opens, and are echoed while it is open.
    host.type('hello\x01t');
    await host.stdout.until('instructions/s');
    await host.stdout.until('bytes printed since');
    host.type('q');
    await host.stdout.until('hello');
    expect(host.stdout.text.indexOf('hello')).toBeGreaterThan(host.stdout.text.indexOf(closeScreen));
    await end(host, done);
  });

  test('every end of the run gives the screen back', async () => {
    for (const finish of [
      (host: FakeHost) => host.type('\x01x'),
      (host: FakeHost) => host.process.emit('SIGTERM'),
    ]) {
      const { host, done } = await start();
      host.type('\x01t');
      await host.stdout.until('instructions/s');
      finish(host);
      await done;
      expect(host.stdout.text.endsWith(closeScreen)).toBe(true);
      expect(host.leftovers).toBe(0);
    }
  });

  test('without a terminal for the console it says so', async () => {
    const { host, done } = await start();
    host.stdout.isTTY = false;
    host.type('\x01t');
    await host.stderr.until('terminal.\r\n');
    expect(host.stderr.text).toBe('\r\nThis needs the guest\u00e2\u0080\u0099s console on a terminal.\r\n');
    await end(host, done);
  });

  test('Ctrl-A p walks an address, and a mistyped one is said', async () => {
    const { host, done } = await start();
    host.type('\x01p0x8000000x\x7f0\r');
    await host.stdout.until('exactly there.\r\n');
    expect(host.stdout.text).toContain(
      'walk address: 0x8000000x\b \b0\r\n0x80000000 <_start> on hart 0, in M-mode',
    );
    host.type('\x01pnowhere\r');
    await host.stdout.until('nowhere is neither an address nor a symbol or register of this guest. Write');
    host.type('\x01pabc\x03y');
    await host.stdout.until('abc\r\ny');
    await end(host, done);
  });
});

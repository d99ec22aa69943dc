import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine, MachineStats } from '@trapline/machine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HeldOutput } from '../src/overlay/held-output.ts';
import { type LivePage, liveLines, short } from '../src/overlay/live-page.ts';
import { Overlays } from '../src/overlay/overlays.ts';
import { PrivateModes } from '../src/overlay/private-modes.ts';
import { FakeHost } from './support/fake-host.ts';
import { buildGuest } from './support/guests.ts';

const { Terminal } = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless');

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

/** What a terminal shows that was given all that, and where its cursor is. */
async function pictureOf({ stdout }: FakeHost) {
  const bytes = Buffer.from(stdout.text, 'latin1');
  const terminal = new Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  const modes = new PrivateModes();
  for (let at = 0; at < bytes.length; ) at += modes.feed(bytes.subarray(at));
  const { active, normal } = terminal.buffer;
  const [lines, normalLines] = [active, normal].map((buffer) =>
    Array.from({ length: buffer.length }, (_, row) => {
      const line = buffer.getLine(row)!;
      return Array.from({ length: line.length }, (_, column) => {
        const cell = line.getCell(column)!;
        return [cell.getChars() || ' ', cell.getFgColor(), cell.getBgColor(), cell.isBold()].join();
      });
    }),
  );
  const { cursorX, cursorY } = active;
  return { cursorX, cursorY, lines, normalLines, ...modes.state };
}

/** What comes of output before and after a live view, or without one. */
async function shownAround(before: string, after: string, covered: boolean) {
  const host = new FakeHost({ terminal: true });
  const machine = { stats: () => stats({}), harts: [] } as unknown as Machine;
  const overlays = new Overlays(host, host.stdout, { guest: 'g', monitor: 'none', machine: () => machine });
  await overlays.output.write(host.stdout, before);
  if (covered) {
    overlays.toggle('live');
    await overlays.close();
    expect(host.stdout.text).toContain('instructions/s');
  }
  await overlays.output.write(host.stdout, after);
  return pictureOf(host);
}

const other = '\x1b[?1049h';
test.each([
  ['on its own screen', 'one\r\n\x1b[1;35mtwo'],
  ['there, with a hidden cursor and a scroll region', '\x1b[?25lone\x1b[5;10r\x1b[7;3Htwo'],
  ['on the other screen', `before${other}\x1b[5;7H\x1b[1;31;44mred\x1b[0m grüße\x1b[24;70Hend`],
  ['there, with a region and no cursor', `${other}\x1b[?25l\x1b[3;9r\x1b[9;4Hlast\x1b[4;2H\x1b[32mgreen`],
  ['back from there', `x${other}other\x1b[?1049ly`],
])('a guest %s finds its screen as it left it', async (_, before) => {
  const onOther = (await shownAround(before, '', false)).alternate;
  for (const after of ['more\r\n\r\n\r\n\r\n\r\n\r\nscrolled', '', ...(onOther ? ['\x1b[?1049lback'] : [])]) {
    const expected = await shownAround(before, after, false);
    expect(await shownAround(before, after, true)).toEqual(expected);
  }
});

test('control sequences are recognised in pieces, and what is none changes nothing', () => {
  const output = Buffer.from(
    `\x1b[31m\x1b[?7;25l${other}\x1b[2;5r\x1b]0;title\x07\x1b[?${'1'.repeat(99)}h\x1b[?25x`,
  );
  const modes = new PrivateModes();
  for (const byte of output) modes.feed(Uint8Array.of(byte));
  expect(modes.state).toEqual({ alternate: true, cursorHidden: true, region: '2;5' });
  modes.feed(Buffer.from('\x1bc'));
  expect(modes.state).toEqual({ alternate: false, cursorHidden: false, region: '' });
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

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeHost } from './support/fake-host.ts';
import { buildGuest } from './support/guests.ts';

let directory: string;
let guest: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-pt-'));
  guest = buildGuest(directory, 'echo');
});
afterAll(() => rmSync(directory, { recursive: true }));

const pt = async (...argv: string[]) => {
  const host = new FakeHost();
  const code = await host.run('pt', ...argv, '-m', '64M', '--deterministic');
  expect(host.leftovers).toBe(0);
  return { code, out: host.stdout.text, err: host.stderr.text };
};

/** The built-in guest at its prompt: paging is on, and it waits in S-mode. */
const atPrompt = ['perch', '--at', '$ '];

interface Walk {
  readonly root?: { readonly address: string };
  readonly steps: readonly { readonly address: string; readonly pte: string; readonly kind: string }[];
  readonly pa?: string;
}
interface Report {
  readonly address: string;
  readonly mode: string;
  readonly satp: string;
  readonly guest: Walk;
  readonly shadow?: Walk;
  readonly host?: string;
}
const json = async (...argv: string[]): Promise<Report> => {
  const { code, out } = await pt(...argv, '--json');
  expect(code).toBe(0);
  return JSON.parse(out);
};

describe('a walk at the prompt of the built-in guest', () => {
  test('leads from root to page in both tables, and to the same host page', async () => {
    const report = await json('pc', ...atPrompt);
    expect(report.mode).toBe('S');
    for (const { root, steps } of [report.guest, report.shadow!]) {
      expect(steps.map(({ kind }) => kind)).toEqual(['table', 'table', 'leaf']);
      expect(BigInt(steps[0]!.address) & ~0xfffn).toBe(BigInt(root!.address));
    }
    expect(BigInt(report.guest.root!.address)).toBe((BigInt(report.satp) & (2n ** 44n - 1n)) << 12n);
    expect(report.guest.pa).toBe(report.address);
    expect(report.shadow!.pa).toBe(report.host);
    expect(report.host).not.toBe(report.address);
  });

  test('is the same for people, with flags and sentence', async () => {
    const { out, err, code } = await pt('pc', ...atPrompt);
    expect(code).toBe(0);
    expect(out).toMatch(/^0x8[0-9a-f]+ <task_idle\+0x[0-9a-f]+> on hart 0, in S-mode at /);
    expect(out).toMatch(/Guest walk: Sv39, satp 0x8[0-9a-f]{15}, address space 0, root at 0x8[0-9a-f]+\n/);
    expect(out).toMatch(/ {2}level 0 .* VR-X-GAD {2}4 KiB page at 0x8[0-9a-f]+\n/);
    expect(out).toMatch(
      /Shadow walk: .*\n(.*\n){2} {2}level 0 .* VR-XU-AD {2}4 KiB page at 0x1[0-9a-f]{10}\n/,
    );
    expect(out).toMatch(/and the shadow leads exactly there\.\n$/);
    expect(err).toContain('perch is up');
  });

  test.each([
    ['0x10000000', /is the uart: every access leaves the guest/],
    ['0x40000000', /level 2 .*not valid: page fault\n(.*\n)*.*maps nothing here/],
    ['0x8000000000000000', /Under Sv39 there is no such address/],
    ['kernel_start+0x10', /<kernel_start\+0x10> on hart 0/],
  ])('%s', async (address, says) => {
    expect((await pt(address, ...atPrompt)).out).toMatch(says);
  });

  test('another address space by its satp: the one of a program is known to the shadow, an invented one is not', async () => {
    const program = await json('pc', 'perch', '--append', 'selftest', '--at', 'ok');
    const kernel = await json('pc', ...atPrompt, '--satp', (await json('pc', ...atPrompt)).satp);
    expect(kernel.shadow!.steps).toHaveLength(3);
    expect(program.guest.steps.length).toBeGreaterThan(0);
    const { out } = await pt('0x1000', ...atPrompt, '--satp', '0x8000000000080000');
    expect(out).toContain('there is no shadow table of this address space yet');
  });
});

test('M-mode is not translated; the bare machine has one walk', async () => {
  const { out } = await pt('_start', guest, '--max-insns', '1000');
  expect(out).toContain('Guest walk: translation is off, the address is physical');
  expect(out).toContain('Shadow walk: Sv39');
  const bare = await pt('pc', ...atPrompt, '--monitor', 'none');
  expect(bare.out).not.toContain('Shadow');
  expect(bare.out).toMatch(/It is physical 0x8[0-9a-f]+\.\n$/);
});

test('a text that never came is said, with how the run ended', async () => {
  const { code, out, err } = await pt('pc', guest, '--at', 'unheard of', '--max-insns', '5000');
  expect(code).toBe(1);
  expect(out).toContain('after 5,000 instructions');
  expect(err).toContain(
    'trapline: the run ended before the guest printed "unheard of"; this is how it ended\n',
  );
});

test.each([
  [['nowhere', 'perch'], 'trapline: nowhere is neither an address nor a symbol or register of this guest. '],
  [['0x10000000000000000', 'perch'], 'trapline: 0x10000000000000000 is neither an address'],
  [['0', 'perch', '--satp', '7'], 'trapline: --satp 7 selects no page table. '],
  [['0', 'perch', '--hart', '1'], 'trapline: --hart 1 is impossible: '],
  [['0', 'perch', '--max-insns', '-1'], 'trapline: --max-insns -1 is impossible: '],
])('%j is a usage error in one sentence', async (argv, sentence) => {
  const { code, out, err } = await pt(...argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err.startsWith(sentence)).toBe(true);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
});

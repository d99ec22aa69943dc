import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { userspaceMarker as printed } from '../../packages/cli/src/busybox-image.ts';
import { guestCommand, qemu, traplineContenders } from '../src/contenders.ts';
import { taskList } from '../src/initramfs.ts';
import { findTranslation } from '../src/job.ts';
import { beyondRamOf, peakOf } from '../src/memory.ts';
import { parseOptions, UsageError, wanted } from '../src/options.ts';
import { processorTimeOf } from '../src/processor-time.ts';
import { programs } from '../src/programs.ts';
import { userspaceMarker } from '../src/system-jobs.ts';
import { columns } from '../src/table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the programs', () => {
  it('are those whose sources are there', () => {
    const named = (bare: boolean) =>
      programs.filter((program) => program.bare === bare).map(({ name }) => name);
    const sources = (folder: string) =>
      readdirSync(join(root, 'guests/tests/bench', folder)).flatMap(
        (file) => /^(.*)\.c$/.exec(file)?.[1] ?? [],
      );
    expect(named(true).sort()).toEqual(sources('.').sort());
    expect(named(false).sort()).toEqual(sources('linux').sort());
  });

  it('are built for the bare machine where they run on it', () => {
    for (const { name, bare } of programs)
      expect(existsSync(join(root, 'guests/built/bench', `${name}.elf`)), name).toBe(bare);
  });

  it('are listed as init.c reads them', () => {
    const task = { name: 'fork', path: '/bin/fork', arguments: ['3'], input: '' };
    expect(taskList([task, { ...task, name: 'x', arguments: [], input: '5 ' }])).toBe(
      'fork||/bin/fork|3\nx|5 |/bin/fork\n',
    );
  });
});

it('knows the words of the initramfs that `trapline image busybox` makes', () => {
  expect(userspaceMarker).toBe(printed);
});

describe('options', () => {
  it('choose rows by their name, group or program', () => {
    expect(wanted([])('boot/userspace')).toBe(true);
    expect(wanted(['sieve'])('bare/sieve')).toBe(true);
    expect(wanted(['linux'])('linux/fork')).toBe(true);
    expect(wanted(['linux/sieve'])('bare/sieve')).toBe(false);
  });

  it('are five runs of the translator against both peers, if nothing is said', () => {
    expect(parseOptions([])).toMatchObject({
      runs: 5,
      engine: 'translator',
      peers: ['qemu', 'native'],
      vs: [],
    });
    expect(parseOptions(['--', '--quick', '--peers', 'none'])).toMatchObject({ runs: 1, peers: [] });
  });

  it.each([['--runs', '0'], ['--vs', 'turbo'], ['--peers', 'bochs'], ['--sprint'], ['stray']])(
    'refuses %s %s',
    (...args) => {
      expect(() => parseOptions(args.filter((word) => word !== undefined))).toThrow(UsageError);
    },
  );
});

describe('contenders', () => {
  it('change one option of the configuration each', () => {
    const configuration = { engine: 'translator', intercept: 'all' };
    expect(traplineContenders(configuration, ['interpreter', 'none'])).toEqual([
      { name: 'trapline', kind: 'trapline', options: ['--engine', 'translator', '--intercept', 'all'] },
      {
        name: 'trapline/interpreter',
        kind: 'trapline',
        options: ['--engine', 'interpreter', '--intercept', 'all'],
      },
      { name: 'trapline/none', kind: 'trapline', options: ['--engine', 'translator', '--monitor', 'none'] },
    ]);
  });

  it('boot the same guest', () => {
    const guest = { kernel: 'k', initrd: 'i', append: 'a b', bare: true, ramMiB: 64, disk: 'd' };
    const [ours] = traplineContenders({ engine: 'translator' }, []);
    expect(guestCommand(ours ?? qemu, guest, 'cli.js').args.join(' ')).toBe(
      'cli.js run --engine translator --json -m 64M --kernel k --bios none --initrd i --append a b --disk d',
    );
    expect(guestCommand(qemu, guest, 'cli.js').args.join(' ')).toMatch(
      /^-M virt -smp 1 -m 64M -kernel k .* -bios none -initrd i -append a b -drive file=d,/,
    );
  });
});

describe('what the system says of a process', () => {
  it('is its peak of memory', () => {
    expect(peakOf('Name:\tnode\nVmPeak:\t 999 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 5 kB\n')).toBe(2 << 20);
    expect(peakOf('')).toBeUndefined();
  });

  it('is what lies outside the mapping with the RAM', () => {
    const mapping = (size: number, resident: number) =>
      `00-01 rw-p 0\nSize: ${size} kB\nKernelPageSize: 4 kB\nRss: ${resident} kB\nPss: 1 kB\n`;
    const smaps = mapping(100, 90) + mapping(9000, 0) + mapping(1024, 500) + mapping(10, 10);
    expect(beyondRamOf(smaps, 1 << 20)).toBe(100 * 1024);
    expect(beyondRamOf(smaps, 1 << 30)).toBeUndefined();
  });

  it('is its processor time, whatever its name', () => {
    const stat = '42 (a (b) c) R 1 42 42 0 -1 4194304 100 0 0 0 150 25 7 8 20 0 1 0';
    expect(processorTimeOf(stat)).toBe(1750);
    expect(processorTimeOf('')).toBeUndefined();
  });
});

it('finds what the engine says wherever it is in the report', () => {
  const engine = { translated: 1, regions: 2, translations: 3, compiledBytes: 4, compileMilliseconds: 5 };
  expect(findTranslation(`${JSON.stringify({ exitCode: 0, exits: {}, engine })}\n`)).toEqual(engine);
  expect(findTranslation('{"exitCode":0}')).toBeUndefined();
  expect(findTranslation('no JSON at all')).toBeUndefined();
});

it('makes columns as wide as they must be', () => {
  expect(
    columns([
      ['', 'one'],
      ['row', '1'],
      ['longer', '1000'],
    ]),
  ).toEqual(['         one', 'row        1', 'longer  1000']);
});

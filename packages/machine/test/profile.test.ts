import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryDisk } from '@trapline/devices';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createMachine,
  foldedStacks,
  type MachineOptions,
  type ProfileSample,
  speedscope,
} from '../src/index.ts';

/** Functions of known weight below `outer`: `light` 300 instructions, `heavy` 2,700; `framed` keeps its own frame. */
const program = `
.globl _start
_start:
  la sp, stack
  csrr t0, mhartid
  slli t0, t0, 12
  sub sp, sp, t0
  li s0, 0
1: call outer
  j 1b
outer:
  addi sp, sp, -16
  sd ra, 8(sp)
  sd s0, 0(sp)
  addi s0, sp, 16
  call light
  call framed
  call heavy
  ld s0, 0(sp)
  ld ra, 8(sp)
  addi sp, sp, 16
  ret
light:
  li t0, 150
1: addi t0, t0, -1
  bnez t0, 1b
  ret
framed:
  addi sp, sp, -16
  sd s0, 8(sp)
  addi s0, sp, 16
  li t0, 500
1: addi t0, t0, -1
  bnez t0, 1b
  ld s0, 8(sp)
  addi sp, sp, 16
  ret
heavy:
  li t0, 1350
1: addi t0, t0, -1
  bnez t0, 1b
  ret
.balign 16
.space 0x8000
stack:
`;

let directory: string;
let kernel: { name: string; bytes: Uint8Array };
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trapline-profile-'));
  const [source, output] = [join(directory, 'program.S'), join(directory, 'program.elf')];
  writeFileSync(source, program);
  const link = ['-nostdlib', '-static', '-Wl,-N', '-Wl,--build-id=none', '-Wl,-Ttext=0x80000000'];
  execFileSync('riscv64-linux-gnu-gcc', [...link, '-Wl,--no-warn-rwx', '-o', output, source]);
  kernel = { name: 'program.elf', bytes: readFileSync(output) };
});
afterAll(() => rmSync(directory, { recursive: true }));

const built = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)));

const make = (options: MachineOptions = {}) =>
  createMachine({ kernel, ramBytes: 16 * 1024 ** 2, clock: 'deterministic', ...options });

const total = (samples: readonly ProfileSample[]): number =>
  samples.reduce((sum, { count }) => sum + count, 0);
const share = (samples: readonly ProfileSample[], leaf: string): number =>
  total(samples.filter(({ frames }) => frames.at(-1) === leaf)) / total(samples);

describe.each(['shadow', 'none'] as const)('under monitor %s', (monitor) => {
  test.each(['interpreter', 'translator'] as const)('the %s is sampled in proportion', async (engine) => {
    const machine = await make({ monitor, engine });
    const profiler = machine.startProfile({ interval: 500 });
    await machine.run({ maxInstructions: 2_000_000 });
    const { samples } = profiler;
    expect(Math.abs(total(samples) - 4000)).toBeLessThan(100);
    expect(Math.abs(share(samples, 'light') - 301 / 4030)).toBeLessThan(0.015);
    expect(Math.abs(share(samples, 'framed') - 1007 / 4030)).toBeLessThan(0.02);
    expect(Math.abs(share(samples, 'heavy') - 2702 / 4030)).toBeLessThan(0.02);
    expect(new Set(samples.map(({ mode }) => mode))).toEqual(new Set(['M']));
  });

  test('callers are found through frame pointers, of functions with a frame of their own or none', async () => {
    const machine = await make({ monitor });
    const profiler = machine.startProfile({ interval: 500 });
    await machine.run({ maxInstructions: 1_000_000 });
    for (const leaf of ['light', 'framed', 'heavy']) {
      const stacks = profiler.samples.filter(({ frames }) => frames.at(-1) === leaf);
      expect(stacks.map(({ frames }) => frames)).toEqual([['_start', 'outer', leaf]]);
    }
  });

  test('a guest cannot tell, and a deterministic run has one profile', async () => {
    const run = async (interval: number | undefined) => {
      const machine = await createMachine({
        kernel: { name: 'kernel.elf', bytes: built('kernel.elf') },
        disks: [{ backend: new MemoryDisk(built('disk.img')) }],
        ramBytes: 64 * 1024 ** 2,
        clock: 'deterministic',
        harts: 2,
        append: 'selftest',
        monitor,
      });
      const profiler = interval === undefined ? undefined : machine.startProfile({ interval });
      const reason = await machine.run();
      const places = machine.harts.map(({ pc, retired, privilege }) => ({ pc, retired, privilege }));
      return { reason, places, ram: machine.ramHash(), samples: profiler?.samples };
    };
    const { samples: none, ...plain } = await run(undefined);
    const { samples: often, ...sampled } = await run(3_001);
    const { samples: again } = await run(3_001);
    expect(none).toBeUndefined();
    expect(sampled).toEqual(plain);
    expect(again).toEqual(often);
    // The guest computes in U-mode, and its kernel copies and clears pages.
    expect(new Set(often!.map(({ mode }) => mode))).toEqual(new Set(['U', 'S', 'M']));
    expect(often!.some(({ mode, frames }) => mode === 'S' && frames.at(-1) === 'memcpy')).toBe(true);
  }, 120_000);
});

test('stopping the profile stops the samples', async () => {
  const machine = await make();
  const profiler = machine.startProfile({ interval: 500 });
  await machine.run({ maxInstructions: 100_000 });
  const before = total(profiler.samples);
  machine.stopProfile();
  await machine.run({ maxInstructions: 100_000 });
  expect(total(profiler.samples)).toBe(before);
  expect(before).toBeGreaterThan(150);
});

test('a hart that waits is not sampled, and code without a symbol goes by its page', async () => {
  const wait = Uint8Array.of(0x73, 0x10, 0x40, 0x30, 0x73, 0, 0x50, 0x10, 0x6f, 0xf0, 0xdf, 0xff); // csrw mie, x0; wfi; j -4
  const waiting = await make({ kernel: { name: 'wait', bytes: wait } });
  const profiler = waiting.startProfile({ interval: 10 });
  waiting.step(100_000);
  expect(profiler.samples).toEqual([]);
  const spin = Uint8Array.of(0x6f, 0, 0, 0);
  const spinning = await make({ kernel: { name: 'spin', bytes: spin } });
  const other = spinning.startProfile({ interval: 10 });
  spinning.step(1_000);
  expect(other.samples).toMatchObject([{ hart: 0, mode: 'M', frames: ['0x80000000'] }]);
});

const two: ProfileSample[] = [
  { hart: 1, mode: 'S', frames: ['main', 'work'], count: 3 },
  { hart: 0, mode: 'U', frames: ['work'], count: 2 },
];

test('folded stacks are what flamegraph tools read', () => {
  expect(foldedStacks(two)).toBe('hart 1;S;main;work 3\nhart 0;U;work 2\n');
});

test('speedscope gets a sampled profile for each hart', () => {
  expect(speedscope(two, 'run')).toMatchObject({
    $schema: expect.stringContaining('speedscope'),
    shared: { frames: [{ name: 'U' }, { name: 'work' }, { name: 'S' }, { name: 'main' }] },
    profiles: [
      { type: 'sampled', name: 'hart 0', startValue: 0, endValue: 2, samples: [[0, 1]], weights: [2] },
      { type: 'sampled', name: 'hart 1', startValue: 0, endValue: 3, samples: [[2, 3, 1]], weights: [3] },
    ],
  });
});

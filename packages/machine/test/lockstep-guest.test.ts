import { readFileSync } from 'node:fs';
import { MemoryDisk } from '@trapline/devices';
import { csrTable } from '@trapline/isa';
import { expect, test } from 'vitest';
import { createMachine, type ExitReason, type Machine, type MachineOptions } from '../src/index.ts';

const built = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)));
const kernel = { name: 'kernel.elf', bytes: built('kernel.elf') };
const disk = built('disk.img');

const ramBytes = 64 * 1024 ** 2;
const ramBase = 0x8000_0000n;

interface Side {
  readonly machine: Machine;
  readonly printed: number[];
}

const make = async (options: MachineOptions): Promise<Side> => {
  const machine = await createMachine({
    kernel,
    ramBytes,
    clock: 'deterministic',
    seed: 7,
    append: 'selftest',
    disks: [{ backend: new MemoryDisk(disk.slice()) }],
    ...options,
  });
  const printed: number[] = [];
  machine.onOutput((bytes) => {
    printed.push(...bytes);
  });
  return { machine, printed };
};

/** Everything a guest can see of its harts, as text: CSRs as M-mode reads them. */
const visible = ({ harts }: Machine): string[] =>
  harts.flatMap((hart) => [
    `hart ${hart.id} pc ${hart.pc.toString(16)}`,
    `hart ${hart.id} privilege ${hart.privilege}`,
    `hart ${hart.id} retired ${hart.retired}`,
    ...Array.from({ length: 32 }, (_, i) => `hart ${hart.id} x${i} ${hart.readX(i).toString(16)}`),
    ...Array.from({ length: 32 }, (_, i) => `hart ${hart.id} f${i} ${hart.readF(i).toString(16)}`),
    ...csrTable.map(({ name, number }) => `hart ${hart.id} ${name} ${hart.peekCsr(number)?.toString(16)}`),
  ]);

const differences = (left: Side, right: Side): string[] => {
  const theirs = visible(right.machine);
  const rows = visible(left.machine).flatMap((row, i) =>
    row === theirs[i] ? [] : [`${row} | ${theirs[i]}`],
  );
  if (
    left.printed.length !== right.printed.length ||
    left.printed.some((byte, i) => byte !== right.printed[i])
  )
    rows.push('what was printed');
  return rows;
};

const sameRam = (left: Side, right: Side): boolean => {
  const [a, b] = [left, right].map(({ machine }) => machine.memory.view(ramBase, ramBytes)!);
  return Buffer.compare(a!, b!) === 0;
};

/** Rounds of the scheduler between comparisons of all RAM; registers and CSRs are compared after each round. */
const ramEvery = 64;
const mostRounds = 20_000;

/** Runs both to the end, comparing; says how the guest ended, and what it printed. */
const sideBySide = (left: Side, right: Side, instructions: number): { ending: ExitReason; text: string } => {
  for (let round = 0; round < mostRounds; round++) {
    const [ending, other] = [left.machine.step(instructions), right.machine.step(instructions)];
    expect(differences(left, right), `after round ${round}`).toEqual([]);
    if (round % ramEvery === 0 || ending !== undefined)
      expect(sameRam(left, right), `RAM after round ${round}`).toBe(true);
    expect(other).toEqual(ending);
    if (ending !== undefined) return { ending, text: new TextDecoder().decode(new Uint8Array(left.printed)) };
  }
  throw new Error('the guest did not end');
};

test.each([
  [1, 'all', 9_973],
  [1, 'needed', 10_000],
  [3, 'all', 7_919],
  [3, 'needed', 30_000],
] as const)(
  'the built-in guest boots and tests itself on %i harts, bare and virtual (exits: %s)',
  async (harts, intercept, instructions) => {
    const bare = await make({ harts, monitor: 'none' });
    const virtual = await make({ harts, monitor: 'shadow', intercept });
    const { ending, text } = sideBySide(bare, virtual, instructions);
    if (process.env.TRAPLINE_SEEDS) console.log(bare.machine.instructions);
    expect(text).toMatch(/selftest: [1-9]\d* passed, 0 failed/);
    expect(ending).toEqual({ kind: 'guest', code: 0 });
  },
  600_000,
);

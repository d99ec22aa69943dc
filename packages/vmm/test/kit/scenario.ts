import { Interrupt, privilegeName } from '@trapline/isa';
import { Lockstep, type LockstepOptions, type LockstepRun, type SeenTrap } from '../lockstep.ts';
import { assembleImage, entrySetup, saveAreas } from './image.ts';
import { dataBase, ramBytes } from './layout.ts';
import { entryAt, type Patch, pte, satpOf, standingTables } from './tables.ts';

/** A guest test: text for M-mode, run under the handlers of the kit. */
export interface Scenario {
  /** Starts in M-mode with translation set up, as hart 0 alone. */
  readonly text: string;
  /** Leaf entries of the window at 0x10000000, from its first page on. */
  readonly window?: readonly bigint[];
  readonly superpage?: bigint;
  readonly patches?: readonly Patch[];
  readonly vectored?: boolean;
  readonly every?: number;
  readonly limit?: number;
}

const shapes = new Map<string, Lockstep>();

/** The boards are made once per shape and used by every test of a file. */
const boards = (options: LockstepOptions): Lockstep => {
  const key = JSON.stringify(options);
  const known = shapes.get(key) ?? new Lockstep({ ramBytes, ...options });
  shapes.set(key, known);
  return known;
};

/** Ends the program: any mode, any register. */
export const finish = `
  li a6, 0
  li a7, 3
  ecall
end:
  li t0, 0x20000
  csrc mstatus, t0
  li t0, FINISHER
  sw zero, 0(t0)
  j end
`;

/** Goes on in that mode after the next line. */
export const enter = (mode: 'M' | 'S' | 'U'): string => `
  li a6, 0
  li a7, ${{ U: 0, S: 1, M: 3 }[mode]}
  ecall
`;

/** Whatever the program did to its tables is defined after this. */
export const sync = `
  li a7, 98
  ecall
`;

const before = (vectored: boolean): string => `
  ${entrySetup(0, Number(vectored), Number(vectored)).join('\n  ')}
  li t0, ${satpOf(0, 'rootA')}
  csrw satp, t0
  la s11, end
`;

/** A page of data for each window page that nothing else is said of. */
export const dataPage = (n: number, flags = 0xd7n): bigint => pte(dataBase + 0x1000 * n, flags);

/** Code at the start of every data page: c.jr ra. */
export const returns: readonly Patch[] = Array.from(
  { length: 16 },
  (_, page): Patch => [dataBase + 0x1000 * page, 0x8082_8082_8082_8082n],
);

const imageOf = ({
  text,
  window = [],
  superpage = 0n,
  patches = [],
  vectored = false,
}: Scenario): Uint8Array =>
  assembleImage(`${before(vectored)}\n${text}\n${finish}`, [
    ...standingTables(0, superpage),
    ...window.map((entry, i): Patch => [entryAt(0, 'window0', i), entry]),
    ...saveAreas(1),
    ...patches,
  ]);

/**
 * Runs a scenario bare and virtual, twice: in long stretches with traps compared by digest, and stopping at every trap and every
 * few instructions. The guest must reach its end.
 */
export const sideBySide = (scenario: Scenario, options: LockstepOptions = {}): LockstepRun => {
  const pair = boards(options);
  const image = imageOf(scenario);
  const limit = scenario.limit ?? 100_000;
  pair.run(image, { every: 5003, stopAtTraps: false, limit });
  const run = pair.run(image, { every: scenario.every ?? 13, stopAtTraps: true, limit });
  if (run.left.finished === undefined) throw new Error(`no end: pc 0x${run.left.harts[0]!.pc.toString(16)}`);
  return run;
};

const exceptionWords: Readonly<Record<number, string>> = {
  0: 'fetch misaligned',
  1: 'fetch access',
  2: 'illegal',
  3: 'breakpoint',
  4: 'load misaligned',
  5: 'load access',
  6: 'store misaligned',
  7: 'store access',
  8: 'ecall',
  9: 'ecall',
  11: 'ecall',
  12: 'fetch page',
  13: 'load page',
  15: 'store page',
};
const interruptWords = Object.fromEntries(Object.entries(Interrupt).map(([name, code]) => [code, name]));

export const words = ({ from, trap }: SeenTrap): string =>
  `${privilegeName(from)} ${(trap.interrupt ? interruptWords : exceptionWords)[trap.cause] ?? trap.cause}`;

/** The traps of a run in words, without the kit's own ecalls. */
export const trapsOf = (run: LockstepRun): string[] =>
  run.traps.map(words).filter((text) => !text.endsWith('ecall'));

/** How often each kind of trap came. */
export const tally = (run: LockstepRun): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const text of run.traps.map(words)) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
};

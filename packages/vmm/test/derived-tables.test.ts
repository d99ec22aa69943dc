import { createCore, DeterministicClock, Scheduler } from '@trapline/core';
import { describe, expect, test } from 'vitest';
import { type ExitEvent, ExitTape, type Policy, VirtualMachine } from '../src/index.ts';
import { assembleImage, entrySetup, saveAreas } from './kit/image.ts';
import {
  windowAt as at,
  dataBase,
  farBase,
  hole,
  ram,
  ramBytes,
  tableAt,
  windowBase as window,
} from './kit/layout.ts';
import { dataPage, finish as ending, enter, returns, sideBySide, sync, tally } from './kit/scenario.ts';
import { entryAt, type Patch, pointer, pte, satpOf, standingTables } from './kit/tables.ts';
import { Lockstep, type LockstepRun } from './lockstep.ts';
import { assembleGuest, type Board, type BoardOptions, board, finish, ramBase } from './pair.ts';

type Mode = 'S' | 'U';

/** A load, then a store, of each page from the first at `base`; faults skip the instruction. */
const sweep = (base: bigint | number, count: number): string => `
  li t0, ${base}
  li t1, 0x1000
  li t2, ${count}
9:
  ld s1, 8(t0)
  addi s1, s1, 3
  add s2, s2, s1
  sd s1, 16(t0)
  add t0, t0, t1
  addi t2, t2, -1
  bnez t2, 9b
`;

/** The same of one address, with a fetch where code returns. */
const touch = (va: bigint | number, mode: Mode): string => `
  li t0, ${va}
  ld s1, 8(t0)
  addi s1, s1, 1
  sd s1, 16(t0)
  la s11, 5f
  la ra, 5f
  jr t0
5:
  ${enter(mode)}
`;

const setEntry = (address: number, value: bigint): string => `
  li t0, ${address}
  li t1, ${value}
  sd t1, 0(t0)
`;

/** So many pages of a window, over the data pages again and again. */
const windowOf = (pages: number, flags = 0xcfn): bigint[] =>
  Array.from({ length: pages }, (_, n) => dataPage(n % 16, flags));

const pageFaults = ({ machine }: Board): number => {
  const counts = machine!.exits.counts();
  return (counts.loadPageFault ?? 0) + (counts.storePageFault ?? 0) + (counts.fetchPageFault ?? 0);
};

/** What is counted on boards that run one scenario after another. */
const counted = new WeakMap<VirtualMachine, number>();

/** Runs a scenario side by side; some of its pages must have been filled without an exit. */
const compare = (...given: Parameters<typeof sideBySide>): LockstepRun => {
  const run = sideBySide(...given);
  const machine = run.right.machine!;
  const balance = machine.stats().fills - pageFaults(run.right);
  // An exit for a page fills it, or it ends in a trap; a scenario is run twice.
  const traps = Object.entries(tally(run)).map(([words, count]) =>
    /page|access/.test(words) ? 2 * count : 0,
  );
  const inPlace = balance - (counted.get(machine) ?? 0) + traps.reduce((sum, count) => sum + count, 0);
  counted.set(machine, balance);
  expect(inPlace).toBeGreaterThan(0);
  return run;
};

describe('exits', () => {
  const pages = 64;
  const guest = (count: number, mode: Mode = 'S'): Uint8Array =>
    assembleImage(
      `${entrySetup(0).join('\n')}
      li t0, ${satpOf(0, 'rootA')}
      csrw satp, t0
      ${enter(mode)} ${count === 0 ? '' : sweep(window, count)} ${ending}`,
      [
        ...standingTables(0, 0n),
        ...windowOf(pages, mode === 'U' ? 0xdfn : 0xcfn).map(
          (entry, i): Patch => [entryAt(0, 'window0', i), entry],
        ),
        ...saveAreas(1),
      ],
    );
  const run = (
    count: number,
    options: BoardOptions,
    prepare: (made: Board) => void = () => {},
    mode: Mode = 'S',
  ) => {
    const made = board('virtual', guest(count, mode), { ramBytes, ...options });
    prepare(made);
    finish(made);
    return made;
  };
  const plain: Policy = { name: 'plain' };
  const bare = board('bare', guest(pages), { ramBytes });
  finish(bare);
  /** Exits that the pages of the window cost, the results being the bare machine's. */
  const cost = (options: BoardOptions, prepare?: (made: Board) => void): number => {
    const made = run(pages, options, prepare);
    expect(made.harts[0]!.readX(18)).toBe(bare.harts[0]!.readX(18));
    expect(made.harts[0]!.retired).toBe(bare.harts[0]!.retired);
    expect(made.clock.ticks()).toBe(bare.clock.ticks());
    expect(Buffer.compare(made.ram, bare.ram)).toBe(0);
    return pageFaults(made) - pageFaults(run(0, options, prepare));
  };

  test('many pages of one table exit once where no exit is asked for', () => {
    expect(cost({ policy: plain })).toBeLessThanOrEqual(2);
    expect(cost({ policy: plain, intercept: 'needed' })).toBeLessThanOrEqual(2);
  });

  test('they do for U-mode', () => {
    const counts = [0, pages].map((count) => pageFaults(run(count, { policy: plain }, undefined, 'U')));
    expect(counts[1]! - counts[0]!).toBeLessThanOrEqual(2);
  });

  test('every page exits with all', () => {
    expect(cost({ policy: plain, intercept: 'all' })).toBe(pages);
  });

  test('every page exits for a listener, and is told to it', () => {
    const events: ExitEvent[] = [];
    const listen = (made: Board): void => {
      made.machine!.exits.listen((event) => events.push(event));
    };
    expect(cost({ policy: plain }, listen)).toBe(pages);
    const filled = events.flatMap(({ action }) => (action.kind === 'filled' ? [action.va >> 12n] : []));
    expect(filled).toEqual(expect.arrayContaining(windowOf(pages).map((_, n) => BigInt(window / 4096 + n))));
  });

  test('every page exits for a tape alone', () => {
    const record = (made: Board): void => {
      made.machine!.exits.record(new ExitTape(100_000));
    };
    expect(cost({ policy: plain }, record)).toBe(pages);
  });

  test('every page exits for a policy with onExit, also one that names what it wants to see of instructions', () => {
    let seen = 0;
    const watching: Policy = {
      name: 'watching',
      onExit: (_, { kind }) => {
        if (kind === 'loadPageFault') seen++;
        return undefined;
      },
    };
    expect(cost({ policy: watching })).toBe(pages);
    expect(seen).toBeGreaterThanOrEqual(pages);
    expect(cost({ policy: { ...watching, intercepts: ['sret'] } })).toBe(pages);
  });

  test('a listener that comes later sees the pages again, and one that goes sees them no more', () => {
    const made = board('virtual', guest(pages), { ramBytes, policy: plain });
    const half = 40 + 3 * pages;
    while (Number(made.harts[0]!.retired) < half) made.scheduler.runRound(50);
    const before = pageFaults(made);
    const stop = made.machine!.exits.listen(() => {});
    made.scheduler.runRound(7 * 5);
    const told = pageFaults(made) - before;
    expect(told).toBeGreaterThanOrEqual(4);
    stop();
    finish(made);
    expect(pageFaults(made) - before - told).toBeLessThan(10);
    expect(Buffer.compare(made.ram, bare.ram)).toBe(0);
  });

  test('a table whose entries are changed again and again goes on being filled in place', () => {
    const text = `
      ${enter('S')}
      ${sweep(window, 2)}
      li s0, 64
      li s3, ${entryAt(0, 'window0', 1)}
      li s4, ${at(1)}
    1:
      ld s1, 0(s3)
      sd s1, 0(s3)
      sfence.vma
      ld s5, 8(s4)
      addi s0, s0, -1
      bnez s0, 1b`;
    const made = board(
      'virtual',
      assembleImage(
        `${entrySetup(0).join('\n')}\n li t0, ${satpOf(0, 'rootA')}\n csrw satp, t0\n ${text}\n ${ending}`,
        [
          ...standingTables(0, 0n),
          ...windowOf(2).map((entry, i): Patch => [entryAt(0, 'window0', i), entry]),
          ...saveAreas(1),
        ],
      ),
      { ramBytes, policy: plain },
    );
    finish(made);
    expect(made.machine!.stats().released).toBe(0);
    expect(pageFaults(made)).toBeLessThan(20);
  });
});

const changes: readonly (readonly [string, bigint])[] = [
  ['read-only', dataPage(1, 0xcbn)],
  ['another frame', dataPage(9, 0xcfn)],
  ['not valid', 0n],
  ['another frame again', dataPage(4, 0xcfn)],
  ['A clear', dataPage(4, 0x8fn)],
  ['D clear', dataPage(5, 0x4fn)],
  ['execute-only', dataPage(5, 0xc9n)],
  ["U-mode's", dataPage(6, 0xdfn)],
  ["U-mode's, execute-only", dataPage(6, 0xd9n)],
  ['written, not read', dataPage(6, 0xc5n)],
  ['a reserved bit', dataPage(6, 0xcfn) | (1n << 54n)],
  ['N', dataPage(6, 0xcfn) | (1n << 63n)],
  ['PBMT', dataPage(6, 0xcfn) | (1n << 62n)],
  ['a frame outside', pte(hole, 0xcfn)],
  ['a pointer at the last level', pte(dataBase, 1n)],
  ['global', dataPage(1, 0xefn)],
];

/** The places of the window page whose entry changes. */
const aliases = (page: number): bigint[] =>
  [0x1000_0000n, 0x1040_0000n, 0xffff_ffff_9000_0000n].map((base) => base + 0x1000n * BigInt(page));

const fences: readonly (readonly [string, string])[] = [
  ['all addresses', 'sfence.vma'],
  [
    'its addresses',
    aliases(3)
      .map((va) => `li t0, ${va + 0xff8n}\n sfence.vma t0, zero`)
      .join('\n'),
  ],
];

describe.each(fences)('an entry changed after it was filled in place, fence of %s', (_, fence) => {
  const everyPlace = (mode: Mode): string =>
    aliases(3)
      .map((va) => touch(va, mode))
      .join('');
  const sweeps = aliases(0)
    .map((va) => sweep(va, 6))
    .join('');
  const text = (mode: Mode, others = ''): string => `
    ${enter(mode)} ${sweeps}
    ${changes
      .map(
        ([, value]) => `
      ${enter('S')}
      ${setEntry(entryAt(0, 'window0', 3), value)}
      ${fence}
      ${enter(mode)} ${everyPlace(mode)}
      ${others}
      ${enter('S')}
      ${setEntry(entryAt(0, 'window0', 3), dataPage(3, mode === 'U' ? 0xdfn : 0xcfn))}
      sfence.vma
      ${enter(mode)} ${everyPlace(mode)} ${sweeps}`,
      )
      .join('')}`;

  test.each([
    ['S', 0],
    ['S', 0x4_0000],
    ['S', 0x8_0000],
    ['S', 0xc_0000],
    ['U', 0],
    ['U', 0xc_0000],
  ] as const)('%s-mode with mstatus %i', (mode, status) => {
    const run = compare({
      text: `li t0, ${status}\n csrs mstatus, t0\n ${text(mode)}`,
      window: windowOf(6, mode === 'U' ? 0xdfn : 0xcfn),
      patches: returns,
      every: 97,
    });
    expect(tally(run)[`${mode} load page`]).toBeGreaterThan(5);
  });

  test('in two address spaces', () => {
    const through = (root: 'rootA' | 'rootB' | 'rootC', asid: number): string => `
      li t0, ${satpOf(0, root, asid)}
      csrw satp, t0
      ${everyPlace('S')} ${sweeps}`;
    const others = `${through('rootB', 1)} ${through('rootC', 2)} ${through('rootA', 0)}`;
    compare({ text: text('S', others), window: windowOf(6), patches: returns, every: 499, limit: 400_000 });
  });
});

test("in-place fills of one view's table say nothing about another's: SUM, MXR and U in turns", () => {
  const flags = [0xcfn, 0xdfn, 0xc7n, 0xd7n, 0xc9n, 0xd9n, 0xc3n, 0xd3n, 0xcbn, 0xdbn, 0x4fn, 0x8fn];
  const views: readonly (readonly [Mode, number])[] = [
    ['S', 0],
    ['U', 0],
    ['S', 0x4_0000],
    ['S', 0x8_0000],
    ['U', 0x8_0000],
    ['S', 0xc_0000],
  ];
  const rounds = [...views, ...views.toReversed()].map(
    ([mode, status]) => `
      ${enter('M')}
      li t0, 0xc0000
      csrc mstatus, t0
      li t0, ${status}
      csrs mstatus, t0
      ${enter(mode)} ${sweep(window, flags.length)} ${flags.map((_, n) => touch(window + 0x1000 * n, mode)).join('')}`,
  );
  const run = compare({
    text: rounds.join(''),
    window: flags.map((low) => dataPage(3, low)),
    patches: returns,
    every: 97,
    limit: 200_000,
  });
  expect(tally(run)).toMatchObject({ 'S load page': expect.any(Number), 'U load page': expect.any(Number) });
});

test('numbers of translations that are used again for another view know nothing of the old one', () => {
  // Each round changes a root entry, so that the trees of both views get new numbers; some rounds use one more.
  const text = `
    ${enter('S')}
    li s0, 1150
  1:
    li t0, ${entryAt(0, 'rootA', 0)}
    sd zero, 0(t0)
    li t1, ${pointer(0, 'window1')}
    sd t1, 0(t0)
    sfence.vma
    li t0, ${at(1)}
    ld s1, 0(t0)
    ld s2, 0x7f8(t0)
    andi s3, s0, 7
    bnez s3, 2f
    li t0, 0x40000
    csrs sstatus, t0
    li t0, ${at(0)}
    ld s1, 0(t0)
    li t0, 0x40000
    csrc sstatus, t0
  2:
    ${enter('U')}
    li t0, ${at(0)}
    ld s1, 0(t0)
    li t0, ${at(2)}
    ld s4, 0(t0)
    sd s4, 8(t0)
    ${enter('S')}
    li t0, ${at(2)}
    ld s5, 0(t0)
    addi s0, s0, -1
    bnez s0, 1b`;
  const run = compare({
    text,
    window: [dataPage(0, 0xdfn), dataPage(1, 0xcfn), dataPage(2, 0xcfn)],
    every: 5003,
    limit: 400_000,
  });
  expect(tally(run)).toMatchObject({ 'U load page': 1150, 'U store page': 1150 });
});

test('entries with any of the ten highest bits among plain ones are page faults, at both levels', () => {
  const bits = Array.from({ length: 10 }, (_, n) => 1n << BigInt(54 + n));
  const marked = bits.flatMap((bit, n) => [dataPage(n, 0xcfn), dataPage(n, 0xcfn) | bit]);
  const throughPointer = bits
    .map(
      (bit) => `
      ${setEntry(entryAt(0, 'window1', 141), pte(farBase, 1n))} sfence.vma
      ${sweep(141 * 0x20_0000, 1)}
      ${setEntry(entryAt(0, 'window1', 141), pte(farBase, 1n) | bit)} sfence.vma
      ${sweep(141 * 0x20_0000, 2)}`,
    )
    .join('');
  const run = compare({
    text: `${enter('S')} ${sweep(window, marked.length)} ${throughPointer}`,
    window: marked,
    patches: [
      [farBase, dataPage(0, 0xcfn)],
      [farBase + 8, dataPage(1, 0xcfn)],
    ],
  });
  expect(tally(run)).toMatchObject({ 'S load page': 30, 'S store page': 30 });
});

/** Two tables in the far region, with entries of data pages in order and in reverse. */
const [tableOne, tableTwo] = [farBase, farBase + 0x1000];
const twoTables: Patch[] = Array.from({ length: 16 }, (_, n): Patch[] => [
  [tableOne + 8 * n, dataPage(n, 0xcfn)],
  [tableTwo + 8 * n, dataPage(15 - n, 0xcfn)],
]).flat();

test('a table put in the place of another one, which becomes data', () => {
  const place = 140 * 0x20_0000;
  const lead = (table: number): string =>
    `${setEntry(entryAt(0, 'window1', 140), pte(table, 1n))}\n sfence.vma`;
  // Entries that lead elsewhere, written where the old table was.
  const ruin = (table: number): string =>
    Array.from(
      { length: 24 },
      (_, n) => `
      li t1, ${dataPage((n * 7) % 16, n % 3 === 0 ? 0xc3n : 0xcfn)}
      li t0, ${table + 8 * n}
      sd t1, 0(t0)`,
    ).join('');
  const mend = (table: number): string =>
    twoTables
      .filter(([address]) => address >= table && address < table + 4096)
      .map(([address, value]) => setEntry(address, value))
      .join('');
  const swap = (from: number, to: number): string => `
    ${lead(from)} ${sweep(place, 16)}
    ${lead(to)} ${sweep(place, 8)}
    ${ruin(from)} ${sweep(place, 16)} ${touch(place + 0x2000, 'S')}
    ${lead(from)} ${sweep(place, 16)}
    ${lead(to)} ${sweep(place + 0x4000, 4)}
    ${mend(from)}`;
  compare({
    text: `${enter('S')} ${swap(tableOne, tableTwo)} ${swap(tableTwo, tableOne)} ${swap(tableOne, tableTwo)}`,
    patches: [...returns, ...twoTables],
    every: 97,
  });
});

test('tables shared by two level-1 entries, one of which gets another table', () => {
  const bases = [140, 141, 142].map((n) => n * 0x20_0000);
  const lead = (n: number, table: number): string => setEntry(entryAt(0, 'window1', 140 + n), pte(table, 1n));
  const all = bases.map((base) => sweep(base, 12)).join('');
  const text = `${enter('S')}
    ${[0, 1, 2].map((n) => lead(n, tableOne)).join('')} sfence.vma ${all}
    ${lead(1, tableTwo)} sfence.vma ${all}
    ${setEntry(tableOne + 8 * 5, dataPage(14, 0xcbn))} ${setEntry(tableTwo + 8 * 5, 0n)} sfence.vma ${all}
    ${lead(2, tableTwo)} ${lead(1, tableOne)} sfence.vma ${all}
    ${lead(0, tableAt(0, 'unused'))} sfence.vma ${all}`;
  const run = compare({ text, patches: [...returns, ...twoTables], every: 97 });
  expect(tally(run)['S load page']).toBeGreaterThan(10);
});

test('a table that is its own child, in which a pointer becomes a leaf and a pointer again', () => {
  // Root entry 5 leads back to the root: at (5, 5, n) the root is a table of small pages, at (5, n) one of large ones.
  const small = (n: number): bigint => (5n << 30n) | (5n << 21n) | (BigInt(n) << 12n);
  const large = (n: number): bigint => (5n << 30n) | (BigInt(n) << 21n);
  const probes = [
    ...[0, 1, 2, 7, 8, 9].map((n) => small(n) + 0x20n),
    ...[0, 7, 8, 9].map((n) => large(n) + 0x8_0020n),
    ...[0, 7, 8].map((n) => (5n << 30n) | (BigInt(n) << 21n) | (7n << 12n)),
  ]
    .map((va) => `li t0, ${va}\n ld s1, 0(t0)\n add s2, s2, s1\n`)
    .join('');
  const text = `${enter('S')} ${probes}
    ${[
      pte(ram, 0xc3n),
      pte(ram + 0x4000_0000, 0xc3n),
      pointer(0, 'window1'),
      dataPage(2, 0xc3n),
      0n,
      pointer(0, 'rootA'),
    ]
      .map((value) => `${setEntry(entryAt(0, 'rootA', 7), value)} sfence.vma\n ${probes}`)
      .join('')}`;
  compare({ text, window: windowOf(12), every: 97 });
});

test('a large page replaced by a table of small ones, and back', () => {
  const base = 0x1020_0000;
  const entry = entryAt(0, 'window1', 129);
  const data = base + 0x8_0000;
  const text = `${enter('S')}
    li s3, 0
    ${[
      pte(ram, 0xcfn),
      pte(tableOne, 1n),
      pte(ram, 0xcbn),
      pte(tableTwo, 1n),
      0n,
      pte(tableTwo, 1n),
      pte(ram, 0xcfn),
    ]
      .map(
        (value) => `
      ${setEntry(entry, value)} sfence.vma
      ${sweep(data, 12)} ${touch(data + 0x3000, 'S')} ${touch(base + 0x7_0000, 'S')}`,
      )
      .join('')}`;
  const run = compare({
    text,
    patches: [
      ...returns,
      [ram + 0x7_0000, 0x8082n],
      ...twoTables.map(([address, value]): Patch => [address + 8 * 128, value]),
    ],
    every: 97,
  });
  expect(tally(run)['S load page']).toBeGreaterThan(10);
});

test.each([
  ['2 MiB', 0x1020_0000n, entryAt(0, 'window1', 129), [pte(ram, 0xc7n), pte(farBase, 0xc7n)]],
  ['1 GiB', 6n << 30n, entryAt(0, 'rootA', 6), [pte(ram, 0xc7n), pte(0, 0xc7n)]],
] as const)(
  'a large page of %s given another frame: a fence of one address in it reaches all of it',
  (_, base, entry, frames) => {
    const [first, second] = [base + 0x8_0000n, base + 0x8_3000n];
    const probe = [second, first, second].map((va) => `li t0, ${va}\n ld s1, 8(t0)\n`).join('');
    const text = `${enter('S')}
    ${[...frames, 0n, ...frames, ...frames]
      .map(
        (value) => `
      ${setEntry(entry, value)}
      li t0, ${first}
      sfence.vma t0, zero
      ${probe}`,
      )
      .join('')}`;
    sideBySide({
      text,
      patches: [
        [dataBase + 8, 5n],
        [dataBase + 0x3008, 6n],
      ],
    });
  },
);

test('PMP decides beside the table: pages that may be read but not written, or not at all', () => {
  const napot = (address: number, bytes: number): bigint => BigInt(address + bytes / 2 - 1) >> 2n;
  const protect = (permissions: number): string => `
    ${enter('M')}
    li t0, ${napot(dataBase + 0x4000, 0x4000)}
    csrw pmpaddr0, t0
    li t0, 0x7
    csrc pmpcfg0, t0
    li t0, ${0x18 | permissions}
    csrs pmpcfg0, t0
    sfence.vma`;
  const rounds = [1, 0, 3, 5, 2, 1, 7, 4, 6, 0].map(
    (permissions) => `
      ${protect(permissions)}
      ${enter('S')} ${sweep(window, 16)} ${[3, 4, 5, 7, 8].map((n) => touch(window + 0x1000 * n, 'S')).join('')}`,
  );
  const run = compare({ text: rounds.join(''), window: windowOf(16), patches: returns, every: 97 });
  expect(tally(run)['S store access']).toBeGreaterThan(8);
  expect(tally(run)['S load access']).toBeGreaterThan(8);
});

describe('records of the tables', () => {
  const base = 0x1020_0000;
  const superpages: Patch[] = [
    ...standingTables(0, pte(ram, 0xc7n)),
    ...windowOf(64).map((entry, i): Patch => [entryAt(0, 'window0', i), entry]),
    ...saveAreas(1),
  ];
  /** Waits for s10 in between. */
  const guest = (first: string, second: string): Uint8Array =>
    assembleImage(
      `${entrySetup(0).join('\n')}
      li t0, ${satpOf(0, 'rootA')}
      csrw satp, t0
      ${enter('S')} ${first}
      li s11, 1
    1:
      beqz s10, 1b
      ${second}
      ${ending}`,
      superpages,
    );
  const halfway = (first: string, second: string) => {
    const made = board('virtual', guest(first, second), { ramBytes, policy: { name: 'plain' } });
    const machine = made.machine!;
    while (made.harts[0]!.readX(27) !== 1n) made.scheduler.runRound(1000);
    const { bytes, records } = machine.derived;
    const words = new Uint32Array(made.ram.buffer, records, (bytes / 4096) * 2);
    const hostPage = (address: number): number => (made.ram.byteOffset + address - ram) / 4096;
    const tables = (): number[] => [...words.filter((word, n) => n % 2 === 0 && word !== 0)];
    /** Puts another table in every record that names one, or in all. */
    const put = (address: number, all = false): void => {
      for (let n = 0; n < words.length; n += 2) if (all || words[n] !== 0) words[n] = hostPage(address);
    };
    const goOn = (): number => {
      const before = made.machine!.exits.counts().loadPageFault ?? 0;
      made.harts[0]!.writeX(26, 1n);
      finish(made);
      return (made.machine!.exits.counts().loadPageFault ?? 0) - before;
    };
    return { machine, hostPage, tables, put, goOn };
  };

  test('they name the host pages of the tables shadowed, and nothing once the shadows are gone', () => {
    const { machine, hostPage, tables } = halfway(`${sweep(window, 4)} ${sweep(0x1040_0000, 4)}`, '');
    const expected = hostPage(tableAt(0, 'window0'));
    expect(tables()).toEqual([expected, expected]);
    machine.pager.dropAll();
    expect(tables()).toEqual([]);
  });

  test('a leaf is filled in place from the table that is named only', () => {
    const text = [sweep(window, 4), sweep(window + 0x4000, 32)] as const;
    expect(halfway(...text).goOn()).toBe(0);
    const mistaken = halfway(...text);
    mistaken.put(tableAt(0, 'unused'));
    // The monitor puts it right.
    expect(mistaken.goOn()).toBe(1);
  });

  test('pages of a larger one are never filled in place', () => {
    const text = [sweep(base + 0x8_0000, 1), sweep(base + 0xa_0000, 1)] as const;
    const mistaken = halfway(...text);
    expect(mistaken.tables()).toEqual([]);
    mistaken.put(tableAt(0, 'window1'), true);
    expect(mistaken.goOn()).toBe(1);
  });
});

describe('frames outside RAM', () => {
  const host = 2 ** 40;
  const pool = (): number => {
    const { machine } = board('virtual', assembleGuest('nop'), { ramBytes });
    return machine!.derived.offset;
  };
  const frames = (): bigint[] => {
    const offset = pool();
    return [
      BigInt(hole),
      BigInt(hole + 0x1000),
      BigInt(ram - 0x1000),
      0x1000n,
      BigInt(offset),
      BigInt(host),
      BigInt(host + 0x1000),
      BigInt(host + ram),
      BigInt(host + offset),
      BigInt(host + offset + 0x1000),
      BigInt(host + ramBytes),
      2n ** 40n + 0x8000_0000n,
      2n ** 32n + BigInt(ram),
      2n ** 55n,
      2n ** 55n + BigInt(ram),
      2n ** 56n - 0x1000n,
    ];
  };

  test.each(['S', 'U'] as const)('entries that name them are access faults, %s-mode', (mode) => {
    const flags = mode === 'U' ? 0xdfn : 0xcfn;
    const entries = frames().map((frame) => pte(frame, flags));
    const count = entries.length + 2;
    const text = `${enter(mode)} ${sweep(window, count)}
      ${entries.map((_, n) => touch(window + 0x1000 * (n + 1), mode)).join('')}
      ${sweep(window, count)}`;
    const run = compare({
      text,
      window: [dataPage(0, flags), ...entries, dataPage(2, flags)],
      patches: returns,
    });
    expect(tally(run)).toMatchObject({
      [`${mode} load access`]: 3 * entries.length,
      [`${mode} store access`]: 3 * entries.length,
      [`${mode} fetch access`]: entries.length,
    });
  });

  test('a neighbour in the same core memory stays as it was, and so does the pool', () => {
    const shadowBytes = 0x10_0000;
    const bytes = ramBytes + VirtualMachine.overheadBytes(1, shadowBytes);
    const core = createCore({ harts: 2, memoryBytes: 2 * bytes });
    const make = () => {
      const clock = new DeterministicClock({ instructionsPerTick: 1 });
      const machine = new VirtualMachine({ core, harts: 1, clock, shadowBytes });
      machine.addRam(ramBase, ramBytes);
      machine.harts[0]!.pc = BigInt(ramBase);
      return { machine, clock, hart: machine.harts[0]!, ram: machine.dma.view(BigInt(ramBase), ramBytes)! };
    };
    const [hostile, victim] = [make(), make()];
    const own = hostile.machine.derived;
    const other = victim.machine.derived;
    const named = [
      victim.ram.byteOffset,
      victim.ram.byteOffset + 0x1000,
      other.offset,
      other.records,
      own.offset,
      own.offset + 0x1000,
      own.records,
      hostile.ram.byteOffset,
    ].flatMap((offset) => [offset & ~0xfff, host + (offset & ~0xfff), host + ram + (offset & ~0xfff)]);
    const image = assembleImage(
      `${entrySetup(0).join('\n')}
      li t0, ${satpOf(0, 'rootA')}
      csrw satp, t0
      ${enter('S')}
      ${sweep(window, named.length + 2)} ${sweep(window, named.length + 2)}
      li s10, 1
    end: j end`,
      [
        ...standingTables(0, 0n),
        ...[dataPage(0, 0xcfn), ...named.map((frame) => pte(frame, 0xcfn)), dataPage(1, 0xcfn)].map(
          (entry, i): Patch => [entryAt(0, 'window0', i), entry],
        ),
        ...saveAreas(1),
      ],
    );
    hostile.ram.set(image);
    victim.ram.fill(0x5a);
    const everything = (): Uint8Array[] => [
      victim.ram.slice(),
      core.memory.u8.slice(other.offset, other.offset + other.bytes),
      core.memory.u8.slice(other.records, other.records + 4096),
    ];
    const before = everything();
    const scheduler = new Scheduler(hostile.machine.harts, hostile.clock);
    for (let i = 0; i < 50 && hostile.hart.readX(26) !== 1n; i++) scheduler.runRound(5000);
    expect(hostile.hart.readX(26)).toBe(1n);
    for (const [n, now] of everything().entries()) expect(Buffer.compare(now, before[n]!)).toBe(0);
    // No leaf of any shadow table leads anywhere but to the guest's RAM; pointers lead to the pool.
    const { offset } = own;
    const words = new BigUint64Array(core.memory.buffer, offset, own.bytes / 8);
    const first = BigInt(host + hostile.ram.byteOffset);
    const leaves = words.filter((word) => (word & 0xen) !== 0n && (word & 1n) !== 0n);
    expect(leaves.length).toBeGreaterThan(2);
    expect(
      leaves.filter((word) => {
        const frame = ((word >> 10n) << 12n) - first;
        return frame < 0n || frame >= BigInt(ramBytes);
      }),
    ).toHaveLength(0);
  });
});

describe('time', () => {
  const reads = (mode: 'M' | Mode): string => `
    ${enter(mode)}
    csrr s1, time
    csrr s2, time
    sub s3, s2, s1
    add s4, s4, s1
    csrrs s5, time, zero
    csrrc s6, time, zero
    csrrsi s7, time, 0
    li t0, 1
    csrrs s8, time, t0
    csrrw s9, time, t0
    csrrwi s10, time, 0
    csrr zero, time
  `;
  const settings = [
    [0, 0],
    [2, 0],
    [0, 2],
    [2, 2],
    [7, 5],
    [5, 7],
    [7, 7],
  ] as const;
  const text = settings
    .map(
      ([machine, supervisor]) => `
    ${enter('M')}
    li t0, ${machine}
    csrw mcounteren, t0
    li t0, ${supervisor}
    csrw scounteren, t0
    ${reads('M')} ${reads('S')} ${reads('U')} ${reads('S')} ${reads('U')}`,
    )
    .join('');

  test.each([1, 7, 100])(
    'mcounteren and scounteren open it as on the bare machine, %i instructions a tick',
    (n) => {
      const run = sideBySide({ text: `${text}\n${sync}` }, { instructionsPerTick: n });
      // Three writes in every mode, and six readings where it is closed.
      const writes = 3;
      const closed = 6;
      const count = (open: number): number =>
        2 * (settings.length * writes + (settings.length - open) * closed);
      expect(tally(run)['S illegal']).toBe(count(4));
      expect(tally(run)['U illegal']).toBe(count(2));
      expect(tally(run)['M illegal']).toBe(settings.length * writes);
    },
  );

  const looping = `
    li t0, 7
    csrw mcounteren, t0
    csrw scounteren, t0
    ${(['M', 'S', 'U'] as const)
      .map(
        (mode) => `
      ${enter(mode)}
      li s0, 3000
    1:
      csrr s1, time
      slli s4, s4, 1
      xor s4, s4, s1
      rdcycle s2
      rdtime s3
      sub s5, s3, s1
      add s6, s6, s5
      andi t0, s1, 3
      bnez t0, 2f
      addi s7, s7, 1
    2:
      addi s0, s0, -1
      bnez s0, 1b`,
      )
      .join('')}`;
  const image = assembleImage(
    `${entrySetup(0).join('\n')}\n li t0, ${satpOf(0, 'rootA')}\n csrw satp, t0\n${looping}\n${ending}`,
    [...standingTables(0, 0n), ...saveAreas(1)],
  );
  const translated = { engine: 'translator', translator: { threshold: 2, batch: 1 } } as const;
  const interpreted = { engine: 'interpreter' } as const;

  test.each([1, 10])(
    'it has the same values bare, with needed and with all: %i instructions a tick',
    (instructionsPerTick) => {
      const results = [translated, interpreted].flatMap((engine) =>
        (
          [
            ['bare', 'needed'],
            ['bare', 'all'],
            ['virtual', 'needed'],
            ['virtual', 'all'],
          ] as const
        ).map(([name, intercept]) => {
          const made = board(name, image, { ramBytes, intercept, instructionsPerTick, ...engine });
          finish(made);
          const { hart } = made.harts[0]!;
          return { x: hart.views.x.slice(), ticks: made.clock.ticks(), retired: made.harts[0]!.retired };
        }),
      );
      for (const result of results) expect(result).toEqual(results[0]);
    },
  );

  test('and so it has on a translator, compared now and then', () => {
    const pair = new Lockstep({
      ramBytes,
      observe: false,
      instructionsPerTick: 3,
      sides: [
        { kind: 'bare', ...translated },
        { kind: 'virtual', intercept: 'needed', ...translated },
      ],
    });
    const run = pair.run(image, { every: 61, limit: 200_000 });
    expect(run.left.finished).toBeDefined();
  });

  test('readings do not exit with needed; each does with all, with a listener, and where a policy names it', () => {
    const exitsOf = (options: BoardOptions, prepare: (made: Board) => void = () => {}): number => {
      const made = board('virtual', image, { ramBytes, policy: { name: 'plain' }, ...options });
      prepare(made);
      finish(made);
      return made.machine!.exits.counts().illegalInstruction ?? 0;
    };
    const readings = 3 * 3000 * 2;
    expect(exitsOf({ intercept: 'needed' })).toBeLessThan(3 * 3000 + 100);
    expect(exitsOf({ intercept: 'all' })).toBeGreaterThan(readings);
    expect(exitsOf({}, (made) => made.machine!.exits.listen(() => {}))).toBeGreaterThan(readings);
    expect(exitsOf({}, (made) => made.machine!.exits.record(new ExitTape(100_000)))).toBeGreaterThan(
      readings,
    );
    expect(exitsOf({ policy: { name: 'named', intercepts: ['time'] } })).toBeGreaterThanOrEqual(readings);
  });
});

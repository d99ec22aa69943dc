import { describe, expect, test } from 'vitest';
import { windowAt as at, dataBase, farBase, hole, ram, ramBytes, tableAt } from './kit/layout.ts';
import { dataPage, enter, returns, sideBySide, sync, tally, trapsOf } from './kit/scenario.ts';
import { entryAt, type Patch, pointer, pte, satpOf, type TableName } from './kit/tables.ts';

type Mode = 'S' | 'U';

/** A load, a store, an atomic and a fetch of one window page; a fetch that faults ends in M-mode, so the mode is entered anew. */
const touch = (page: number, mode: Mode = 'S'): string => `
  li t0, ${at(page, 8)}
  ld s1, 0(t0)
  sd s2, 0(t0)
  ld s3, 0(t0)
  amoadd.d s4, s5, (t0)
  lbu s6, 3(t0)
  fld f1, 0(t0)
  lr.d s7, (t0)
  sc.d s8, s9, (t0)
  la s11, 5f
  la ra, 5f
  li t0, ${at(page)}
  jr t0
5:
  ${enter(mode)}
`;

const everyFlags = Array.from({ length: 256 }, (_, flags) => BigInt(flags));
/** The same data page under 28 entries at a time. */
const inTurns = (entries: readonly bigint[]): readonly bigint[][] =>
  Array.from({ length: Math.ceil(entries.length / 28) }, (_, i) => entries.slice(28 * i, 28 * i + 28));

const statuses = [0, 0x4_0000, 0x8_0000, 0xc_0000];

/** Walks a table of entries from S- and U-mode under every SUM and MXR; tables are put back before each. */
const survey = (entries: readonly bigint[], environment: bigint): string =>
  statuses
    .map(
      (status) => `
    ${enter('M')}
    li t0, 0xc0000
    csrc mstatus, t0
    li t0, ${status}
    csrs mstatus, t0
    li t0, ${environment}
    csrw menvcfg, t0
    ${(['S', 'U'] as const).map((mode) => `${enter('M')} ${restore(entries)} ${sync} ${enter(mode)} ${entries.map((_, i) => touch(i, mode)).join('')}`).join('')}`,
    )
    .join('');

/** From a copy at the start of the far region. */
const restore = (entries: readonly bigint[]): string => `
  li t0, ${farBase}
  li t1, ${entryAt(0, 'window0', 0)}
  li t2, ${entries.length}
9:
  ld s1, 0(t0)
  sd s1, 0(t1)
  addi t0, t0, 8
  addi t1, t1, 8
  addi t2, t2, -1
  bnez t2, 9b
`;

const copies = (entries: readonly bigint[]): Patch[] =>
  entries.map((entry, i): Patch => [farBase + 8 * i, entry]);

describe.each([
  ['ADUE', 1n << 61n],
  ['no ADUE', 0n],
])('every value of the low eight bits of a leaf, %s', (_, environment) => {
  test.each(inTurns(everyFlags).map((flags, i) => [i, flags] as const))('part %i', (_part, flags) => {
    const entries = flags.map((low) => pte(dataBase + 0x1000 * Number(low % 16n), low));
    const run = sideBySide({
      text: survey(entries, environment),
      patches: [...returns, ...copies(entries)],
      every: 499,
      limit: 400_000,
    });
    expect(run.traps.length).toBeGreaterThan(100);
  });
});

test.each([0n, 1n << 62n])('reserved bits, PBMT and N with menvcfg %s', (environment) => {
  const high = Array.from({ length: 10 }, (_, i) => 1n << BigInt(54 + i));
  const entries = [
    ...high.map((bit) => dataPage(1) | bit),
    dataPage(1) | (3n << 61n),
    dataPage(8) | (1n << 63n),
    dataPage(8, 0x57n) | (1n << 63n),
    dataPage(0) | (1n << 63n),
    dataPage(12) | (1n << 63n),
    dataPage(8) | (1n << 63n) | (1n << 61n),
    ...[0x300n, 0x100n, 0x200n].map((rsw) => dataPage(2) | rsw),
  ];
  const run = sideBySide({
    text: survey(entries, environment | (1n << 61n)),
    patches: [...returns, ...copies(entries)],
    every: 499,
    limit: 400_000,
  });
  expect(tally(run)['S load page']).toBeGreaterThan(8);
});

test('PBMTE taken away again makes an entry reserved', () => {
  const text = `
    li t0, 3 << 61
    csrw menvcfg, t0
    ${enter('S')} ${touch(0)} ${enter('M')}
    li t0, 1 << 61
    csrw menvcfg, t0
    sfence.vma
    ${enter('S')} ${touch(0)} ${enter('M')}
    li t0, 3 << 61
    csrw menvcfg, t0
    sfence.vma
    ${enter('S')} ${touch(0)}
  `;
  const run = sideBySide({ text, window: [dataPage(0, 0xcfn) | (1n << 61n)], patches: returns });
  expect(tally(run)).toMatchObject({ 'S load page': 4, 'S store page': 3, 'S fetch page': 1 });
});

const pointers: readonly (readonly [string, bigint])[] = [
  ['A', 0x41n],
  ['D', 0x81n],
  ['U', 0x11n],
  ['G', 0x21n],
  ['RSW', 0x301n],
  ['W', 0x5n],
  ['V=0', 0n],
  ['N', 1n | (1n << 63n)],
  ['PBMT', 1n | (1n << 61n)],
  ['reserved', 1n | (1n << 58n)],
];

test.each(pointers)('a pointer with %s, at every level, Sv39, Sv48 and Sv57', (_, flags) => {
  const levels: readonly (readonly [TableName, number, TableName])[] = [
    ['window1', 128, 'window0'],
    ['rootA', 0, 'window1'],
    ['rootC', 0, 'rootA'],
    ['rootD', 0, 'rootC'],
  ];
  // M-mode breaks one pointer, S-mode looks through it by MPRV (its own code may be behind it), M-mode mends it.
  const text = levels
    .flatMap(([table, index, below]) =>
      (['rootA', 'rootC', 'rootD'] as const).map(
        (root) => `
      li t0, ${satpOf(0, root)}
      csrw satp, t0
      li t1, ${entryAt(0, table, index)}
      li t0, ${pte(tableAt(0, below), flags)}
      sd t0, 0(t1)
      sfence.vma
      li t0, 0x1800
      csrc mstatus, t0
      li t0, 0x20800
      csrs mstatus, t0
      li t0, ${at(0)}
      ld s1, 0(t0)
      li t0, 0x1800
      csrc mstatus, t0
      li t0, 0x20800
      csrs mstatus, t0
      li t0, ${at(0)}
      sd s1, 0(t0)
      li t0, 0x20000
      csrc mstatus, t0
      li t0, ${pointer(0, below)}
      sd t0, 0(t1)
      sfence.vma`,
      ),
    )
    .join('\n');
  sideBySide({ text, window: [dataPage(0, 0xc7n)] });
});

test('levels and addresses: canonical and not, at the edges of each mode', () => {
  const edges = [38n, 39n, 47n, 48n, 56n, 57n, 63n].flatMap((bit) => [
    (1n << bit) + 0x1000_0000n,
    (1n << bit) - 8n,
    -(1n << bit),
    -(1n << bit) - 8n,
  ]);
  const probes = (mode: Mode): string =>
    [...edges, -8n, 0x1000_0000n, 0xffff_ffff_9000_0000n, -0x7000_0000n]
      .map(
        (va) => `
    li t0, 0x${BigInt.asUintN(64, va).toString(16)}
    ld s1, 0(t0)
    sd s2, 0(t0)
    la s11, 5f
    la ra, 5f
    jr t0
  5:
    ${enter(mode)}`,
      )
      .join('\n');
  const text = (['rootA', 'rootC', 'rootD'] as const)
    .map(
      (root) => `
    ${enter('M')}
    li t0, ${satpOf(0, root)}
    csrw satp, t0
    ${enter('S')}
    ${probes('S')}
    ${enter('U')}
    ${probes('U')}
    ${enter('M')}
    csrw satp, zero
    ${enter('S')}
    ${probes('S')}
    ${enter('M')}`,
    )
    .join('\n');
  const counts = tally(
    sideBySide({ text, window: [dataPage(0, 0xcfn)], patches: returns, every: 499, limit: 600_000 }),
  );
  expect(counts['S load page']).toBeGreaterThan(40);
  expect(counts['S load access']).toBeGreaterThan(20);
});

test.each([
  ['2 MiB', farBase, 0xc7n],
  ['2 MiB, misaligned', farBase + 0x1000, 0xc7n],
  ['2 MiB, A and D to be set', farBase, 0x07n],
  ['2 MiB for U-mode', farBase, 0xd7n],
  ['2 MiB without W', farBase, 0xc3n],
] as const)('a superpage of %s of which RAM ends in the middle', (_, base, flags) => {
  const offsets = [
    0,
    0xffc,
    0x1000,
    0xffe,
    ramBytes - 0x20_0000 - 8,
    ramBytes - 0x20_0000 - 4,
    ramBytes - 0x20_0000,
    0x1f_fff8,
    0x1f_fffc,
  ];
  const probes = offsets
    .map(
      (offset) => `
    li t0, 0x${(0x1020_0000 + offset).toString(16)}
    ld s1, 0(t0)
    sd s2, 0(t0)
    amoor.w s3, s4, (t0)`,
    )
    .join('\n');
  const text = `${enter('S')} ${probes} ${enter('U')} ${probes} ${enter('S')} ${probes}`;
  const run = sideBySide({
    text,
    superpage: pte(base, flags),
    window: [],
    patches: [[entryAt(0, 'window0', 0), dataPage(0)]],
  });
  expect(run.traps.length).toBeGreaterThan(10);
});

test('gigapages, and the level above, in every mode; misaligned ones fault', () => {
  const leaf = (address: number): bigint => pte(address, 0xcfn);
  const cases: readonly Patch[] = [
    [entryAt(0, 'rootA', 6), leaf(ram)],
    [entryAt(0, 'rootA', 7), leaf(ram + 0x20_0000)],
    [entryAt(0, 'rootC', 1), pte(0, 0xcfn)],
    [entryAt(0, 'rootC', 2), leaf(ram)],
    [entryAt(0, 'rootD', 1), pte(0, 0xcfn)],
    [entryAt(0, 'rootD', 2), leaf(ram)],
  ];
  const vas = [
    (6n << 30n) + 0x8_0000n,
    (7n << 30n) + 8n,
    (1n << 39n) + 0x8008_0000n,
    (2n << 39n) + 8n,
    (1n << 48n) + 0x8008_0010n,
    (2n << 48n) + 8n,
  ];
  const probes = vas.map((va) => `li t0, ${va}\n ld s1, 0(t0)\n sd s2, 0(t0)\n`).join('\n');
  const text = (['rootA', 'rootC', 'rootD'] as const)
    .map(
      (root) => `
    ${enter('M')}
    li t0, ${satpOf(0, root)}
    csrw satp, t0
    ${enter('S')} ${probes}`,
    )
    .join('\n');
  const run = sideBySide({ text, patches: [...cases, [dataBase, 7n]] });
  expect(tally(run)['S load page']).toBeGreaterThan(6);
});

test('tables outside RAM, at its very end, and the last entry of RAM', () => {
  const last = ram + ramBytes - 0x1000;
  const places = [hole, 0x10_0000, 0, last, 0x1_0000_0000, 2 ** 40, 2 ** 55];
  const text = places
    .map(
      (place) => `
    li t1, ${entryAt(0, 'window1', 140)}
    li t0, ${pte(BigInt(place), 1n)}
    sd t0, 0(t1)
    ${sync}
    ${enter('S')}
    ${[0, 1, 511]
      .map(
        (page) => `
    li t0, 0x${(140 * 0x20_0000 + page * 0x1000).toString(16)}
    ld s1, 0(t0)
    sd s1, 8(t0)
    la s11, 5f
    jr t0
  5:
    ${enter('S')}`,
      )
      .join('\n')}
    ${enter('M')}`,
    )
    .join('\n');
  const patches: Patch[] = [
    [last, dataPage(3, 0x07n)],
    [last + 8, dataPage(4, 0xcfn)],
    [last + 0xff8, dataPage(5, 0x03n)],
  ];
  const counts = tally(sideBySide({ text, patches }));
  expect(counts['S load access']).toBeGreaterThanOrEqual(15);
  expect(counts['S fetch access']).toBeGreaterThanOrEqual(5);
});

test('a root outside RAM; a root that is the last page of RAM', () => {
  const text = [hole, 0x10_0000, ram + ramBytes - 0x1000]
    .map(
      (root) => `
    li t0, ${(8n << 60n) | BigInt(root / 4096)}
    csrw satp, t0
    la s11, 1f
    ${enter('S')}
    ld s1, 0(zero)
  1:
    ${enter('M')}`,
    )
    .join('\n');
  sideBySide({ text, patches: [[ram + ramBytes - 0x1000 + 16, pte(ram, 0xcfn)]] });
});

/** Ways to store to an entry; t1 holds the new value, t0 its address. */
const storeForms: readonly string[] = [
  'sd t1, 0(t0)',
  'sw t1, 0(t0)\n srli t2, t1, 32\n sw t2, 4(t0)',
  'sh t1, 0(t0)',
  'sb t1, 0(t0)',
  'amoswap.d s1, t1, (t0)',
  'amoadd.w s1, zero, (t0)\n amoswap.w.aqrl s1, t1, (t0)',
  'lr.d s1, (t0)\n sc.d s2, t1, (t0)\n sc.d s3, t1, (t0)',
  'ld s1, 0(t0)\n amocas.d s1, t1, (t0)',
  'mv s2, t1\n ld a2, 0(t0)\n ld a3, 8(t0)\n mv a4, s2\n mv a5, a3\n andi t2, t0, 15\n bnez t2, 7f\n amocas.q a2, a4, (t0)\n7:',
  'fmv.d.x f1, t1\n fsd f1, 0(t0)',
  'fmv.w.x f1, t1\n fsw f1, 0(t0)',
  'addi t0, t0, -4\n ld s1, 0(t0)\n slli s2, t1, 32\n slli s1, s1, 32\n srli s1, s1, 32\n or s1, s1, s2\n sd s1, 0(t0)\n addi t0, t0, 4',
  'addi t0, t0, -1\n lbu s1, 0(t0)\n slli s2, t1, 8\n or s1, s1, s2\n sw s1, 0(t0)\n addi t0, t0, 1',
];

const views: readonly (readonly [string, 'M' | 'S', string])[] = [
  ['physical', 'M', `li t0, ${entryAt(0, 'window0', 2)}`],
  ['identity map', 'S', `li t0, ${entryAt(0, 'window0', 2)}`],
  ['own window', 'S', `li t0, ${at(24, 16)}`],
];

describe.each(views)('entries changed in place through the %s', (_, mode, address) => {
  test.each(storeForms.map((form, i) => [i, form] as const))('store form %i', (_i, form) => {
    const changes = [
      dataPage(5, 0xcfn),
      dataPage(5, 0xc3n),
      dataPage(5, 0xcfn),
      dataPage(6, 0xcfn),
      0n,
      dataPage(6, 0x0fn),
      dataPage(6, 0xdfn),
      dataPage(7, 0xcbn),
    ];
    const text = `
      ${enter('M')}
      li t0, 0x2000
      csrs mstatus, t0
      ${changes
        .map(
          (value) => `
        ${enter(mode)}
        li t1, ${value}
        ${address}
        ${form}
        ${mode === 'S' ? 'sfence.vma' : ''}
        ${sync}
        ${enter('S')}
        ${touch(2)}`,
        )
        .join('')}
    `;
    const window24 = [
      dataPage(1, 0xcfn),
      dataPage(2, 0xcfn),
      dataPage(3, 0xcfn),
      ...Array.from({ length: 21 }, () => 0n),
      pte(tableAt(0, 'window0'), 0xc7n),
    ];
    sideBySide({ text, window: window24, patches: returns, every: 97 });
  });
});

test.each([
  'sfence.vma',
  'sfence.vma t0, zero',
  'sfence.vma zero, t1',
  'sfence.vma t0, t1',
  'sfence.w.inval\n sinval.vma t0, t1\n sfence.inval.ir',
  'sinval.vma zero, zero',
])('an entry taken away and given back, with %s and ASID 5', (fence) => {
  const change = (value: bigint): string => `
      li t2, ${entryAt(0, 'window0', 1)}
      li t0, ${value}
      sd t0, 0(t2)
      li t0, ${at(1)}
      li t1, 5
      ${fence}
      ${touch(1)}`;
  const text = `
      li t0, ${satpOf(0, 'rootA', 5)}
      csrw satp, t0
      ${enter('S')}
      ${touch(1)}
      ${[0n, dataPage(1, 0xc3n), dataPage(1, 0xcfn), dataPage(2, 0xcfn), dataPage(1, 0x0fn), dataPage(1, 0xdfn), dataPage(1, 0xefn)].map(change).join('')}
    `;
  sideBySide({ text, window: [0n, dataPage(1, 0xcfn)], patches: returns });
});

test('A and D cleared again and again, one at a time and many entries between fences', () => {
  const text = `
    ${enter('S')}
    li s0, 30
  1:
    li t0, ${entryAt(0, 'window0', 0)}
    li t1, ${~0xc0n}
    li t2, 20
  2:
    amoand.d s1, t1, (t0)
    addi t0, t0, 8
    addi t2, t2, -1
    bnez t2, 2b
    sfence.vma
    li t0, ${at(0)}
    li t1, 0x1000
    li t2, 20
  3:
    ld s2, 16(t0)
    andi s3, t2, 3
    bnez s3, 4f
    sd s2, 16(t0)
  4:
    add t0, t0, t1
    addi t2, t2, -1
    bnez t2, 3b
    addi s0, s0, -1
    bnez s0, 1b
  `;
  sideBySide({ text, window: Array.from({ length: 20 }, (_, i) => dataPage(i % 16, 0xcfn)), every: 997 });
});

test('a root that is written often, between walks that set A: its tree goes while it is being filled', () => {
  const rootEntry = (index: number): number => entryAt(0, 'rootA', index);
  const text = `
    li s0, 40
  1:
    ${enter('M')}
    li t0, ${rootEntry(20)}
    li t2, 15
    li t3, 1
  2:
    # over an entry that is valid, and leads nowhere that anybody goes
    sd t3, 0(t0)
    addi t0, t0, 8
    addi t2, t2, -1
    bnez t2, 2b
    # the last of these also clears A and D of a leaf in the root itself
    li t0, ${rootEntry(6)}
    li t1, ${pte(ram, 0x07n)}
    sd t1, 0(t0)
    sfence.vma
    ${enter('S')}
    li t0, ${(6n << 30n) + 0x8_0000n}
    ld s1, 0(t0)
    sd s1, 8(t0)
    addi s0, s0, -1
    bnez s0, 1b
  `;
  // What is left behind in the pool of shadow tables would fill it.
  const run = sideBySide({ text, every: 997 }, { shadowBytes: 48 * 4096 });
  expect(run.right.machine!.stats().released).toBeGreaterThan(30);
});

test('a table page recycled as data, and as a table again', () => {
  const table = tableAt(0, 'unused');
  const text = `
    ${enter('S')}
    li s0, 12
  1:
    li t0, ${entryAt(0, 'window1', 150)}
    li t1, ${pte(table, 1n)}
    sd t1, 0(t0)
    li t0, ${table}
    li t1, ${dataPage(3, 0xc7n)}
    sd t1, 0(t0)
    sfence.vma
    li t0, 0x${(150 * 0x20_0000).toString(16)}
    ld s1, 0(t0)
    addi s1, s1, 1
    sd s1, 0(t0)
    # data: no entry leads there any more
    li t0, ${entryAt(0, 'window1', 150)}
    sd zero, 0(t0)
    sfence.vma
    li t0, ${table}
    li t2, 64
  2:
    sd t2, 0(t0)
    addi t0, t0, 8
    addi t2, t2, -1
    bnez t2, 2b
    li t0, 0x${(150 * 0x20_0000).toString(16)}
    ld s2, 0(t0)
    addi s0, s0, -1
    bnez s0, 1b
  `;
  const run = sideBySide({ text, every: 499 });
  expect(tally(run)['S load page']).toBe(12);
});

test('shared tables and a table that is its own child', () => {
  const recursive = (i: number, j: number): bigint => (5n << 30n) | (BigInt(i) << 21n) | (BigInt(j) << 12n);
  const probe = (va: bigint): string => `
    li t0, ${va}
    ld s1, 0(t0)
    ld s2, 128(t0)
    lr.d s3, (t0)`;
  // Through the root's own entry the window's tables are data at known addresses: change one there and look through it.
  const text = `
    ${enter('S')}
    ${[recursive(0, 129), recursive(2, 1), recursive(5, 3), recursive(5, 5), recursive(0, 128), recursive(1, 0)].map(probe).join('')}
    li t0, ${0x1000_0008}
    ld s1, 0(t0)
    li t0, ${0x1040_0008}
    sd s1, 0(t0)
    li t0, 0xffffffff90000008
    ld s2, 0(t0)
    li t0, ${entryAt(0, 'window0', 0)}
    li t1, ${dataPage(9, 0xcfn)}
    sd t1, 0(t0)
    sfence.vma
    ${[0x1000_0008n, 0x1040_0008n, 0xffff_ffff_9000_0008n].map((va) => `li t0, ${va}\n ld s1, 0(t0)\n sd t0, 8(t0)`).join('\n')}
    li t0, ${satpOf(0, 'rootB')}
    csrw satp, t0
    sfence.vma
    ${[recursive(0, 1), recursive(3, 0), (5n << 30n) | 8n].map(probe).join('')}
  `;
  sideBySide({
    text,
    window: [dataPage(1, 0xcfn), 0x2000_00c7n, 0n, pte(dataBase, 1n)],
    superpage: pte(farBase, 0xc7n),
  });
});

test('one page under many permissions, and its own table among them', () => {
  const flags = [0xc7n, 0xc3n, 0xcbn, 0xc9n, 0xd7n, 0xd3n, 0xdfn, 0x47n, 0x07n, 0xc1n];
  const text = [0, 0x4_0000, 0x8_0000]
    .map(
      (status) => `
    ${enter('M')}
    li t0, 0xc0000
    csrc mstatus, t0
    li t0, ${status}
    csrs mstatus, t0
    ${enter('S')} ${flags.map((_, i) => touch(i)).join('')}
    ${enter('U')} ${flags.map((_, i) => touch(i, 'U')).join('')}`,
    )
    .join('');
  sideBySide({
    text,
    window: flags.map((low) => dataPage(3, low)),
    patches: returns,
    every: 97,
    limit: 200_000,
  });
});

test('address spaces share the shadows of the tables they share, and see each other change them', () => {
  const pages = 8;
  const use = (root: 'rootA' | 'rootB', asid: number): string => `
    li t0, ${satpOf(0, root, asid)}
    csrw satp, t0
    sfence.vma
    ${Array.from({ length: pages }, (_, n) => `li t0, ${at(n, 8)}\n ld s1, 0(t0)\n addi s1, s1, ${n + 1}\n sd s1, 0(t0)`).join('\n')}`;
  const turns = (count: number): string => {
    const roots = Array.from({ length: count }, (_, n) => use(n % 2 === 0 ? 'rootA' : 'rootB', n));
    return `${enter('S')}\n${roots.join('\n')}`;
  };
  const change = `
    li t0, ${entryAt(0, 'window0', 3)}
    li t1, ${dataPage(9, 0xc7n)}
    sd t1, 0(t0)
    sfence.vma`;
  // rootB is no table any more and its tree goes; what it shared stays.
  const ruin = Array.from({ length: 40 }, (_, n) => `sd zero, ${8 * (n + 20)}(t0)`).join('\n');
  const gone = `\n li t0, ${tableAt(0, 'rootB')}\n ${ruin}`;
  const window = Array.from({ length: pages }, (_, n) => dataPage(n, 0xc7n));
  // The board is used again, and goes on counting.
  let before = 0;
  const fillsOf = (text: string): number => {
    const { fills } = sideBySide({ text, window, every: 997 }).right.machine!.stats();
    const made = fills - before;
    before = fills;
    return made;
  };
  fillsOf('nop');
  const one = fillsOf(turns(1));
  expect(fillsOf(turns(8))).toBeLessThan(one + pages);
  fillsOf(`${turns(2)} ${change} ${use('rootA', 0)} ${gone} ${change} ${use('rootA', 3)} ${use('rootB', 1)}`);
});

test('satp after satp, ASIDs and roots, with and without fences', () => {
  const roots = (['rootA', 'rootB', 'rootC', 'rootD'] as const).flatMap((root) =>
    [0, 1, 7].map((asid) => satpOf(0, root, asid)),
  );
  const text = `
    ${enter('S')}
    li s0, 6
  1:
    ${roots
      .map(
        (satp, i) => `
    li t0, ${satp}
    csrw satp, t0
    ${i % 3 === 0 ? 'sfence.vma' : ''}
    li t0, ${at(i % 4, 8 * i)}
    ld s1, 0(t0)
    addi s1, s1, 1
    sd s1, 0(t0)`,
      )
      .join('')}
    addi s0, s0, -1
    bnez s0, 1b
  `;
  expect(
    trapsOf(sideBySide({ text, window: [0, 1, 2, 3].map((n) => dataPage(n, 0x07n)), every: 499 })),
  ).toEqual([]);
});

test('code in a page that is also a page table', () => {
  // The window's leaf table mapped executable at window page 2; entry 100 holds instructions, and is written as it runs.
  const addi = 0x0019_0913n; // addi s2, s2, 1
  const ret = 0x8082n;
  const other = 0x0029_0913n; // addi s2, s2, 2
  const text = `
    ${enter('S')}
    li s0, 20
  1:
    li t0, ${at(2, 800)}
    la ra, 2f
    jr t0
  2:
    li t0, ${entryAt(0, 'window0', 100)}
    andi s3, s0, 1
    li t1, ${other | (ret << 32n)}
    bnez s3, 3f
    li t1, ${addi | (ret << 32n)}
  3:
    sd t1, 0(t0)
    li t0, ${at(0)}
    sd s2, 0(t0)
    addi s0, s0, -1
    bnez s0, 1b
  `;
  const run = sideBySide({
    text,
    window: [dataPage(0, 0xc7n), 0n, pte(tableAt(0, 'window0'), 0xcbn)],
    patches: [[entryAt(0, 'window0', 100), addi | (ret << 32n)]],
    every: 101,
  });
  expect(run.left.harts[0]!.readX(18)).toBeGreaterThan(20n);
});

test('tables that PMP hides from S-mode', () => {
  const hide = (table: TableName): string => `
    ${enter('M')}
    li t0, ${(BigInt(tableAt(0, table)) >> 2n) | 0x1ffn}
    csrw pmpaddr0, t0
    li t0, 0xff
    csrc pmpcfg0, t0
    li t0, 0x18
    csrs pmpcfg0, t0
    la s11, 6f
    ${enter('S')} ${touch(0)}
  6:
    ${enter('M')}
    li t0, 0x18
    csrc pmpcfg0, t0
    ${enter('S')} ${touch(0)}
    ${enter('M')}
    # readable, not writable: A and D cannot be set
    li t0, 0x19
    csrs pmpcfg0, t0
    li t1, ${entryAt(0, 'window0', 0)}
    li t0, ${dataPage(0, 0x0fn)}
    sd t0, 0(t1)
    ${sync}
    la s11, 7f
    ${enter('S')} ${touch(0)}
  7:
    ${enter('M')}
    li t0, 0x19
    csrc pmpcfg0, t0`;
  const text = `${(['window0', 'window1', 'rootA', 'identity'] as const).map(hide).join('')} ${enter('S')} ${touch(0)}`;
  const counts = tally(sideBySide({ text, window: [dataPage(0, 0xcfn)], patches: returns }));
  expect(counts['S load access']).toBeGreaterThan(5);
  expect(counts['S store access']).toBeGreaterThan(5);
});

test('more address spaces and trees than the pool of shadow tables has pages for', () => {
  const text = `
    ${enter('S')}
    li s0, 8
  1:
    ${(['rootA', 'rootB', 'rootC', 'rootD'] as const)
      .map(
        (root) => `
    li t0, ${satpOf(0, root)}
    csrw satp, t0
    ${[0, 0x4_0000, 0x8_0000, 0xc_0000]
      .map(
        (status) => `
    li t0, 0xc0000
    csrc sstatus, t0
    li t0, ${status}
    csrs sstatus, t0
    li t0, ${at(1)}
    ld s1, 0(t0)
    sd s1, 8(t0)`,
      )
      .join('')}`,
      )
      .join('')}
    addi s0, s0, -1
    bnez s0, 1b
  `;
  const run = sideBySide({ text, window: [0n, dataPage(1, 0xcfn)], every: 499 }, { shadowBytes: 24 * 4096 });
  expect(run.right.machine!.stats().drops).toBeGreaterThan(0);
});

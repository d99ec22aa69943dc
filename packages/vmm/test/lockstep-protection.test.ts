import { describe, expect, test } from 'vitest';
import { dataBase, executableBase } from './kit/layout.ts';
import { dataPage, enter, sideBySide, tally } from './kit/scenario.ts';
import type { Patch } from './kit/tables.ts';

type Mode = 'M' | 'S' | 'U';

/** Where the first data page is for each mode, and for code put there. */
const base = { M: dataBase, S: dataBase, U: 0x1000_0000 } as const;
const returns: Patch[] = Array.from(
  { length: 0x400 },
  (_, i): Patch => [dataBase + 8 * i, 0x8082_8082_8082_8082n],
);
const window = [dataPage(0, 0xdfn), dataPage(1, 0xdfn)];

const probe = (mode: Mode, offset: number): string => `
  li t0, ${base[mode] + offset}
  ld s1, 0(t0)
  sd s1, 0(t0)
  lw s2, 0(t0)
  sb s2, 0(t0)
  ld s3, -4(t0)
  sd s3, -4(t0)
  sw s2, -2(t0)
  la s11, 5f
  la ra, 5f
  jr t0
5:
  ${enter(mode)}
  la s11, 6f
  la ra, 6f
  li t0, ${base[mode] + offset - 2}
  jr t0
6:
  ${enter(mode)}
  li t0, ${base[mode] + (offset & ~15)}
  amoadd.d s4, s5, (t0)
  amocas.q a2, a4, (t0)
  lr.w s6, (t0)
  sc.w s7, s6, (t0)
  cbo.zero (t0)
`;

const napot = (address: number, bytes: number): bigint => (BigInt(address) >> 2n) | (BigInt(bytes) / 8n - 1n);
const tor = (address: number): bigint => BigInt(address) >> 2n;

interface Region {
  readonly name: string;
  readonly address: bigint;
  readonly below?: bigint;
  readonly mode: 1 | 2 | 3;
}

const regions: readonly Region[] = [
  { name: 'NA4', address: tor(dataBase + 0x100), mode: 2 },
  { name: 'NAPOT 8', address: napot(dataBase + 0x100, 8), mode: 3 },
  { name: 'NAPOT 64', address: napot(dataBase + 0x100, 64), mode: 3 },
  { name: 'NAPOT page', address: napot(dataBase, 4096), mode: 3 },
  { name: 'NAPOT two pages', address: napot(dataBase, 8192), mode: 3 },
  { name: 'TOR in a page', below: tor(dataBase + 0xf8), address: tor(dataBase + 0x104), mode: 1 },
  { name: 'TOR over a boundary', below: tor(dataBase + 0xff8), address: tor(dataBase + 0x1004), mode: 1 },
  { name: 'TOR of nothing', below: tor(dataBase + 0x200), address: tor(dataBase + 0x100), mode: 1 },
];

const setRegion = ({ address, below, mode }: Region, permissions: number): string => `
  ${enter('M')}
  li t0, 0xffff
  csrc pmpcfg0, t0
  li t0, ${below ?? 0n}
  csrw pmpaddr0, t0
  li t0, ${address}
  csrw pmpaddr1, t0
  li t0, ${((mode << 3) | permissions) << 8}
  csrs pmpcfg0, t0
`;

/** The last eight of each are what locks do. */
const permissions = [0, 1, 3, 4, 5, 7, 0x80, 0x81, 0x84, 0x87];
const offsets = [0x100, 0x104, 0xff8, 0xffc, 0x1000, 0x1004];

describe.each(regions.map((region) => [region.name, region] as const))('PMP: %s', (_, region) => {
  test.each(['M', 'S', 'U'] as const)('%s', (mode) => {
    const open = permissions.filter((bits) => bits < 0x80);
    // A lock stays: each locked setting is a program of its own.
    const run = sideBySide({
      text: `li t0, 0xf0\n csrw menvcfg, t0\n csrw senvcfg, t0\n ${open.map((bits) => `${setRegion(region, bits)} ${enter(mode)} ${offsets.map((offset) => probe(mode, offset)).join('')}`).join('')}`,
      window,
      patches: returns,
      every: 199,
      limit: 300_000,
    });
    expect(run.traps.length).toBeGreaterThan(20);
    for (const bits of permissions.filter((each) => each >= 0x80)) {
      sideBySide({
        text: `${setRegion(region, bits)} ${enter(mode)} ${offsets.map((offset) => probe(mode, offset)).join('')} ${setRegion(region, 7)} ${enter(mode)} ${probe(mode, 0x100)}`,
        window,
        patches: returns,
        every: 199,
      });
    }
  });
});

test('the same page allowed, denied, split and allowed again, between accesses', () => {
  const settings = [0x1f, 0x18, 0x1f, 0x19, 0x10, 0x1b, 0, 0x17, 0x1c, 0];
  const text = (['M', 'S', 'U'] as const)
    .map((mode) =>
      settings
        .map(
          (config) => `
    ${enter('M')}
    li t0, ${napot(dataBase, config === 0x17 || config === 0x10 ? 8 : 4096)}
    csrw pmpaddr0, t0
    li t0, 0xff
    csrc pmpcfg0, t0
    li t0, ${config}
    csrs pmpcfg0, t0
    ${enter(mode)}
    ${[0, 8, 0x800]
      .map(
        (offset) => `
    li t0, ${base[mode] + offset}
    ld s1, 0(t0)
    sd s1, 0(t0)`,
      )
      .join('')}`,
        )
        .join(''),
    )
    .join('');
  const counts = tally(sideBySide({ text, window }));
  expect(counts['S load access']).toBeGreaterThan(4);
  expect(counts['U store access']).toBeGreaterThan(4);
});

test('priority: the lowest-numbered entry that matches decides, whole or not', () => {
  const text = [0, 1, 2, 3]
    .map(
      (which) => `
    ${enter('M')}
    li t0, 0xffffffff
    csrc pmpcfg0, t0
    li t0, ${napot(dataBase, 4096)}
    csrw pmpaddr${which}, t0
    li t0, ${tor(dataBase + 0x100)}
    csrw pmpaddr${(which + 1) % 4}, t0
    li t0, ${0x1f << (8 * which)} | ${0x10 << (8 * ((which + 1) % 4))}
    csrs pmpcfg0, t0
    ${enter('S')}
    ${probe('S', 0x100)}`,
    )
    .join('');
  sideBySide({ text, window, patches: returns });
});

/** MPRV: M-mode code whose data go through the window as S-mode or U-mode sees it. */
const lend = (mpp: 0 | 1 | 3, status: number, body: string): string => `
  li t0, 0xe1800
  csrc mstatus, t0
  li t0, ${0x20000 | (mpp << 11) | status}
  csrs mstatus, t0
  ${body}
  li t0, 0xe0000
  csrc mstatus, t0
`;

describe.each([0, 1, 3] as const)('MPRV with MPP %i', (mpp) => {
  test.each([0, 0x4_0000, 0x8_0000, 0xc_0000])('SUM and MXR %i', (status) => {
    const body = [0, 1, 2, 3, 4]
      .map(
        (page) => `
      li t0, ${0x1000_0000 + 0x1000 * page + 0xff8}
      ld s1, 0(t0)`,
      )
      .join('');
    const each = [0, 1, 2, 3, 4]
      .map(
        (page) =>
          lend(mpp, status, `li t0, ${0x1000_0000 + 0x1000 * page + 0xffc}\n ld s1, 0(t0)`) +
          lend(mpp, status, `li t0, ${0x1000_0000 + 0x1000 * page + 16}\n sd s1, 0(t0)`) +
          lend(mpp, status, `li t0, ${0x1000_0000 + 0x1000 * page}\n amoadd.w s2, s3, (t0)`) +
          lend(mpp, status, `li t0, ${0x1000_0000 + 0x1000 * page}\n lr.d s4, (t0)\n sc.d s5, s4, (t0)`),
      )
      .join('');
    const pages = [
      dataPage(0, 0xc7n),
      dataPage(1, 0xd7n),
      dataPage(2, 0xc9n),
      dataPage(3, 0xd9n),
      dataPage(4, 0x07n),
    ];
    const run = sideBySide({
      text:
        each + lend(mpp, status, body) + lend(mpp, status, 'csrr s6, mstatus\n mret'.replace('\n mret', '')),
      window: pages,
    });
    expect(run.traps.length).toBeGreaterThan(mpp === 3 ? 10 : 3);
  });
});

test('MPRV with code and data at one address, mapped differently', () => {
  // The page this code is on, as S-mode sees it, is data page 3.
  const text = `
    la t1, here
    ${lend(
      1,
      0,
      `
    ld s1, 0(t1)
    sd s1, 8(t1)
    ld s2, 8(t1)
  here:
    addi s3, s3, 1
    addi s3, s3, 1`,
    )}
    ld s4, 0(t1)
    ld s5, 8(t1)
  `;
  // A root of its own whose identity region is a page table with one page elsewhere.
  const patches: Patch[] = [];
  for (let page = 0; page < 4; page++) patches.push([0x8004_8000 + 8 * page, dataPage(3, 0xcfn)]);
  patches.push([0x8004_9000 + 8 * 2, (0x8004_a000n >> 2n) | 1n], [0x8004_a000, (0x8004_8000n >> 2n) | 1n]);
  const run = sideBySide({ text: `li t0, ${(8n << 60n) | 0x80049n}\n csrw satp, t0\n${text}`, patches });
  expect(run.left.harts[0]!.readX(18)).toBe(0n);
});

test('MPRV: traps and returns from within, to every mode', () => {
  const text = ([0, 1, 3] as const)
    .map(
      (mpp) => `
    ${lend(
      mpp,
      0,
      `
    li t1, 0x10000008
    ld s1, 0(t1)
    .word 0
    ld s2, 0(t1)`,
    )}
    ${lend(
      mpp,
      0,
      `
    la t0, 1f
    csrw mepc, t0
    ${mpp === 0 ? 'li t1, 0x40000000\n la t0, 1f\n sub t0, t0, t1\n csrw mepc, t0' : ''}
    mret
  1:
    nop`,
    )}
    ${enter('M')}
    ${lend(
      mpp,
      0,
      `
    la t0, 1f
    csrw sepc, t0
    li t0, 0x100
    csrs sstatus, t0
    sret
  1:
    nop`,
    )}
    ${enter('M')}
    csrr s8, mstatus`,
    )
    .join('');
  sideBySide({ text, window: [dataPage(0, 0xc7n)] });
});

test('code that PMP splits: fetches of both halves, from every mode', () => {
  const text = (['M', 'S', 'U'] as const)
    .map((mode) =>
      [0, 4, 2]
        .map(
          (at) => `
    ${enter('M')}
    li t0, ${tor(executableBase + 0x100 + at)}
    csrw pmpaddr0, t0
    li t0, 0xff
    csrc pmpcfg0, t0
    li t0, ${mode === 'M' ? 0x10 : 0x11}
    csrs pmpcfg0, t0
    ${enter(mode)}
    la s11, 1f
    la ra, 1f
    li t0, ${mode === 'U' ? 0x1000_2000 : executableBase} + 0xf8
    jr t0
  1:
    ${enter(mode)}`,
        )
        .join(''),
    )
    .join('');
  const code: Patch[] = Array.from(
    { length: 8 },
    (_, i): Patch => [executableBase + 0xf0 + 8 * i, 0x0019_0913_0019_0913n],
  );
  code.push([executableBase + 0x110, 0x8082_8082_8082_8082n]);
  const run = sideBySide({
    text,
    window: [0n, 0n, ((BigInt(executableBase) >> 12n) << 10n) | 0xdbn],
    patches: code,
  });
  expect(tally(run)['S fetch access']).toBeGreaterThan(1);
});

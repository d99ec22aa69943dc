import { describe, expect, test } from 'vitest';
import { codeBase, dataBase, executableBase, hole, tableAt, windowAt as window } from './kit/layout.ts';
import { dataPage, enter, sideBySide, sync, tally } from './kit/scenario.ts';
import { entryAt, type Patch, pte } from './kit/tables.ts';

const executable = (n: number, flags: bigint): bigint => pte(executableBase + 0x1000 * n, flags);
/** Pages full of c.jr ra, for code that is zeroed to come back from. */
const returns: Patch[] = Array.from(
  { length: 0x400 },
  (_, i): Patch => [executableBase + 8 * i, 0x8082_8082_8082_8082n],
);

/** Instructions over a page's end: addi s2, s2, 1 begins in the last halfword, c.jr ra follows. */
const straddling: Patch[] = [
  [executableBase + 0xff8, 0x0913_0001_0001_0001n],
  [executableBase + 0x1000, 0x0000_8082_8082_0019n],
];

test.each(['S', 'U'] as const)('an instruction over two pages, either of which faults, from %s', (mode) => {
  const good = mode === 'U' ? 0x5bn : 0x4bn;
  const wrong = mode === 'U' ? 0x4bn : 0x5bn;
  const pairs: readonly (readonly [bigint, bigint])[] = [
    [good, good],
    [good, 0n],
    [0n, good],
    [good, wrong],
    [wrong, good],
    [good, good & ~0x40n],
    [good & ~0x40n, good],
    [good, good & ~8n],
    [good, good | 4n],
  ];
  const text = pairs
    .map(
      ([first, second]) => `
    ${enter('M')}
    li t0, ${entryAt(0, 'window0', 0)}
    li t1, ${executable(0, first)}
    sd t1, 0(t0)
    li t1, ${executable(1, second)}
    sd t1, 8(t0)
    ${sync}
    ${[0, 1]
      .map(
        () => `
    ${enter(mode)}
    la s11, 1f
    la ra, 1f
    li t0, ${window(0, 0xffe)}
    jr t0
  1:
    ${enter(mode)}
    la s11, 1f
    la ra, 1f
    li t0, ${window(0, 0xff8)}
    jr t0
  1:`,
      )
      .join('')}`,
    )
    .join('');
  const counts = tally(sideBySide({ text, patches: straddling, every: 3 }));
  expect(counts[`${mode} fetch page`]).toBeGreaterThan(12);
});

test('the second page of a straddling instruction mapped elsewhere, to a device, to a hole', () => {
  const text = [executableBase + 0x1000, executableBase + 0x2000, 0x10_0000, hole, executableBase + 0x1000]
    .map(
      (page) => `
    ${enter('M')}
    li t0, ${entryAt(0, 'window0', 1)}
    li t1, ${pte(page, 0x4bn)}
    sd t1, 0(t0)
    ${sync}
    ${enter('S')}
    la s11, 1f
    la ra, 1f
    li t0, ${window(0, 0xffe)}
    jr t0
  1:`,
    )
    .join('');
  const counts = tally(
    sideBySide({
      text,
      window: [executable(0, 0x4bn)],
      patches: [...straddling, [executableBase + 0x2000, 0x8082_8082_8082_0029n]],
    }),
  );
  expect(counts['S fetch access']).toBe(2);
});

const misaligned = [1, 2, 3, 4, 5, 6, 7];

test.each(['S', 'U'] as const)('accesses over two pages, either of which faults, from %s', (mode) => {
  const user = mode === 'U' ? 0x10n : 0n;
  const kinds = [0xc7n, 0xc3n, 0x07n, 0x47n, 0n].map((flags) => (flags === 0n ? 0n : flags | user));
  const pairs = kinds.flatMap((first) => kinds.map((second) => [first, second] as const));
  const text = pairs
    .map(
      ([first, second]) => `
    ${enter('M')}
    li t0, ${entryAt(0, 'window0', 0)}
    li t1, ${dataPage(0, first)}
    sd t1, 0(t0)
    li t1, ${dataPage(5, second)}
    sd t1, 8(t0)
    ${sync}
    ${enter(mode)}
    li t0, ${window(1)}
    ${misaligned.map((back) => `ld s1, -${back}(t0)\n sd s1, -${back}(t0)\n fld f1, -${back}(t0)\n fsd f1, -${back}(t0)`).join('\n')}
    lw s2, -2(t0)
    sw s2, -1(t0)
    lh s3, -1(t0)
    sh s3, -1(t0)`,
    )
    .join('');
  const run = sideBySide({
    text: `li t0, 0x6000\n csrs mstatus, t0\n${text}`,
    patches: [
      [dataBase + 0xff8, 0x1122_3344_5566_7788n],
      [dataBase + 0x5000, 0x99aa_bbcc_ddee_ff00n],
    ],
    every: 499,
    limit: 400_000,
  });
  expect(run.traps.length).toBeGreaterThan(300);
});

describe.each(['M', 'S'] as const)('self-modifying code in %s', (mode) => {
  test.each(['', 'fence.i'])('its own next instructions, %s', (fence) => {
    const words = [
      '0x00190913',
      '0x00290913',
      '0x00000073',
      '0x30002973',
      '0x10002973',
      '0',
      '0x00100073',
      '0x01ef0913',
      '0x0001',
      '0xfff90913',
    ];
    const text = `${enter(mode)}\n li a7, 98\n${words
      .map(
        (word) => `
      li s0, 3
    1:
      la t0, 2f
      li t1, ${word}
      ${word.length <= 6 ? 'sh t1, 0(t0)\n li t1, 1\n sh t1, 2(t0)' : 'sw t1, 0(t0)'}
      ${fence}
    2:
      addi s2, s2, 16
      addi s2, s2, 16
      la t0, 2b
      li t1, 0x01090913
      sb t1, 0(t0)
      srli t1, t1, 8
      sb t1, 1(t0)
      srli t1, t1, 8
      sh t1, 2(t0)
      ${fence}
      addi s0, s0, -1
      bnez s0, 1b`,
      )
      .join('')}`;
    sideBySide({ text, every: 3 });
  });

  test('by atomics, float stores, cbo.zero, through another mapping, and over a line of code', () => {
    const alias = mode === 'S' ? 0x1000_0000 : executableBase;
    const ways = [
      'amoswap.w s1, t1, (t0)',
      'lr.w s1, (t0)\n sc.w s1, t1, (t0)',
      'fmv.w.x f1, t1\n fsw f1, 0(t0)',
      'lw s1, 0(t0)\n amocas.w s1, t1, (t0)',
      'slli s1, t1, 16\n lhu s3, -2(t0)\n or s1, s1, s3\n sd s1, -2(t0)',
      'cbo.zero (t0)',
    ];
    const text = `
      li t0, 0x6000
      csrs mstatus, t0
      li t0, 0xf0
      csrw menvcfg, t0
      ${enter(mode)}
      ${ways
        .map((way) =>
          ['0x00190913', '0x00290913']
            .map(
              (word) => `
      li t0, ${executableBase}
      la s11, 1f
      la ra, 1f
      jr t0
    1:
      ${enter(mode)}
      li t0, ${alias}
      li t1, ${word}
      ${way}
      li t0, ${executableBase}
      la s11, 1f
      la ra, 1f
      jr t0
    1:
      ${enter(mode)}
      li t0, ${executableBase}
      li t1, 0x80820019
      sw t1, 4(t0)
      li t1, 0x00190913
      sw t1, 0(t0)
      li t1, 0x8082
      sh t1, 4(t0)`,
            )
            .join(''),
        )
        .join('')}`;
    sideBySide({
      text,
      window: [executable(0, 0xc7n)],
      patches: [...returns, [executableBase, 0x8082_8082_0019_0913n]],
      every: 3,
    });
  });
});

test('LR and SC across traps, interrupts, mode switches, translations and other accesses', () => {
  const between = [
    '',
    '.word 0',
    'ecall',
    'ld s4, 0x100(zero)',
    'sd s4, 0(t1)',
    'sd s4, 64(t1)',
    'amoadd.d s4, s4, (t1)',
    'csrr s4, sstatus',
    'csrw sscratch, s9',
    'sfence.vma',
    'li t0, 0x10001000\n ld s4, 0(t0)',
    'lr.w s4, (t1)',
    'sc.d s4, s4, (t2)',
    'li a0, 3\n li a7, 97\n ecall\n li a7, 98\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop',
    'fence.i',
    'csrr s4, satp\n csrw satp, s4',
  ];
  const text = (['M', 'S'] as const)
    .map(
      (mode) => `
    ${enter('M')}
    csrr s9, sscratch
    csrsi mstatus, 8
    ${between
      .map((what) =>
        ['d', 'w']
          .map(
            (width) => `
    ${enter(mode)}
    li a7, 98
    li t1, ${mode === 'M' ? `${dataBase}` : '0x10000000'}
    li t2, ${dataBase + 0x1000}
    lr.${width} s1, (t1)
    ${what}
    sc.${width} s2, t1, (t1)
    sc.${width} s3, t1, (t1)
    lr.d s1, (t1)
    sc.w s5, t1, (t1)
    lr.w s1, (t1)
    sc.d s6, t1, (t1)
    lr.d s1, (t1)
    addi t0, t1, 4
    sc.w s7, t1, (t0)
    li t0, ${dataBase}
    lr.d s1, (t1)
    sc.d s8, t1, (t0)
    xor s10, s10, s2`,
          )
          .join(''),
      )
      .join('')}`,
    )
    .join('');
  sideBySide({ text, window: [dataPage(0, 0xc7n), dataPage(1, 0x07n)], every: 7 });
});

const accesses = 'lb lbu lh lhu lw lwu ld sb sh sw sd flw fld fsw fsd'.split(' ');

describe.each([
  ['M', 0x10_0000n],
  ['S', 0xc010_0000n],
  ['U', 0x1_0010_0000n],
  ['S', 0x1000_0000n],
] as const)('devices from %s at %s', (mode, base) => {
  test('every kind of access, aligned and not, over the end of the page, atomics and fetches', () => {
    const registers = [0x08, 0x10, 0x18, 0x19, 0x1a, 0x1c, 0x1e, 0x38, 0xff8, 0xffc, 0xffe, 0xfff];
    const one = (name: string): string => `${name} ${name.startsWith('f') ? 'f1' : 's1'}, 0(t0)`;
    const text = `
      li t0, 0x6000
      csrs mstatus, t0
      li t0, 0xf0
      csrw menvcfg, t0
      csrw senvcfg, t0
      li s1, 0x1122334455667788
      fmv.d.x f1, s1
      ${enter(mode)}
      ${registers
        .map(
          (register) => `
      li t0, ${base + BigInt(register)}
      ${accesses.map(one).join('\n')}
      li s1, 0x1020304050607080`,
        )
        .join('')}
      li t0, ${base + 0x18n}
      amoadd.d s2, s3, (t0)
      amoswap.w s2, s3, (t0)
      lr.d s2, (t0)
      sc.d s2, s3, (t0)
      amocas.d s2, s3, (t0)
      cbo.zero (t0)
      cbo.clean (t0)
      cbo.flush (t0)
      cbo.inval (t0)
      la s11, 1f
      jr t0
    1:
      ${enter(mode)}
    `;
    const run = sideBySide({ text, window: [pte(0x10_0000, 0xcfn), dataPage(0)], every: 31 });
    const counts = tally(run);
    expect(counts[`${mode} load misaligned`]).toBeGreaterThan(5);
    expect(counts[`${mode} store access`]).toBeGreaterThan(2);
    expect(run.left.printed.length).toBeGreaterThan(3);
  });
});

test.each(['M', 'S', 'U'] as const)(
  'cache blocks from %s, under every setting of menvcfg and senvcfg',
  (mode) => {
    const settings = [0, 0x10, 0x30, 0x40, 0x80, 0xf0, 0xd0];
    const ops = 'zero clean flush inval'.split(' ');
    const text = settings
      .flatMap((machine) =>
        settings.map(
          (supervisor) => `
    ${enter('M')}
    li t0, ${machine}
    csrw menvcfg, t0
    li t0, ${supervisor}
    csrw senvcfg, t0
    ${enter(mode)}
    li t0, ${mode === 'M' ? `${dataBase + 0x47}` : '0x10000047'}
    ${ops.map((op) => `cbo.${op} (t0)`).join('\n')}
    ld s1, 1(t0)
    addi s1, s1, 77
    sd s1, 1(t0)`,
        ),
      )
      .join('');
    const pages = [dataPage(0, mode === 'U' ? 0x17n : 0x07n)];
    sideBySide({ text, window: pages, every: 101, limit: 300_000 });
    const readOnly = `
    li t0, 0xf0
    csrw menvcfg, t0
    csrw senvcfg, t0
    ${enter(mode)}
    ${[0, 1, 2, 3].map((page) => `li t0, ${window(page, 0x40)}\n ${ops.map((op) => `cbo.${op} (t0)`).join('\n')}`).join('\n')}`;
    sideBySide({
      text: readOnly,
      window: [
        dataPage(0, mode === 'U' ? 0x53n : 0x43n),
        dataPage(1, 0n),
        dataPage(2, mode === 'U' ? 0x59n : 0x49n),
      ],
    });
  },
);

test('cbo.zero of page tables and of code', () => {
  const text = `
    li t0, 0xf0
    csrw menvcfg, t0
    ${enter('S')}
    li t0, ${window(0)}
    ld s1, 0(t0)
    li t0, ${window(9)}
    ld s1, 0(t0)
    li t0, ${entryAt(0, 'window0', 8)}
    cbo.zero (t0)
    sfence.vma
    li t0, ${window(0)}
    ld s2, 0(t0)
    li t0, ${window(9)}
    ld s3, 0(t0)
    li t0, ${executableBase}
    la s11, 1f
    la ra, 1f
    jr t0
  1:
    li t0, ${executableBase}
    cbo.zero (t0)
    la s11, 1f
    la ra, 1f
    jr t0
  1:
  `;
  const pages = [dataPage(0), ...Array.from({ length: 9 }, (_, i) => dataPage(i, 0xc7n))];
  pages[0] = dataPage(0, 0xc7n);
  const counts = tally(
    sideBySide({ text, window: pages, patches: [...returns, [executableBase, 0x8082_8082_0019_0913n]] }),
  );
  expect(counts['S load page']).toBe(1);
});

test('pairs of Zacas, everywhere they can go wrong', () => {
  const at = [0, 8, 16, 0xff0, 0xff8, 4];
  const text = (['M', 'S', 'U'] as const)
    .map(
      (mode) => `
    ${enter(mode)}
    ${at
      .map(
        (offset) => `
    li t0, ${(mode === 'M' ? dataBase : 0x1000_0000) + offset}
    ld a2, 0(t0)
    ld a3, 8(t0)
    li a4, 5
    li a5, 6
    amocas.q a2, a4, (t0)
    amocas.q a2, a4, (t0)
    amocas.q zero, a4, (t0)
    amocas.q a2, zero, (t0)
    amocas.w s2, s3, (t0)
    amocas.d s2, s3, (t0)`,
      )
      .join('')}`,
    )
    .join('');
  sideBySide({
    text,
    window: [dataPage(0, 0xd7n), dataPage(1, 0xd3n)],
    patches: [
      [dataBase, 1n],
      [dataBase + 8, 2n],
    ],
  });
});

test('addresses around the end of RAM, of the address space and of what hosts use', () => {
  const addresses = [
    BigInt(hole) - 8n,
    BigInt(hole) - 4n,
    BigInt(hole) - 1n,
    BigInt(hole),
    BigInt(codeBase) - 4n,
    BigInt(codeBase) - 8n,
    -1n,
    -4n,
    -8n,
    1n << 40n,
    (1n << 40n) + 4096n,
    1n << 56n,
    (1n << 56n) + BigInt(dataBase),
    (1n << 38n) + BigInt(dataBase),
    (1n << 39n) + BigInt(dataBase),
    1n << 63n,
  ];
  const probe = addresses
    .map(
      (address) => `
    li t0, ${BigInt.asUintN(64, address)}
    ld s1, 0(t0)
    sd s1, 0(t0)
    lb s2, 0(t0)
    amoadd.w s3, s3, (t0)
    la s11, 1f
    jr t0
  1:
    mv t5, t5`,
    )
    .join('');
  const text = `
    ${probe}
    csrw satp, zero
    ${probe.replaceAll('mv t5, t5', enter('S'))}
    ${enter('M')}
    ${addresses
      .map(
        (address, i) => `
    li t1, ${entryAt(0, 'window0', i)}
    li t2, ${pte(BigInt.asUintN(56, address), 0xcfn)}
    sd t2, 0(t1)`,
      )
      .join('')}
    li t0, ${(8n << 60n) | BigInt(tableAt(0, 'rootA') / 4096)}
    csrw satp, t0
    ${enter('S')}
    ${addresses
      .map(
        (address, i) => `
    li t0, ${window(i)} + ${BigInt.asUintN(12, address)}
    ld s1, 0(t0)
    sd s1, 0(t0)
    lr.d s2, (t0)`,
      )
      .join('')}
  `;
  const counts = tally(sideBySide({ text, every: 101 }));
  expect(counts['M load access']).toBeGreaterThan(15);
  expect(counts['S load access']).toBeGreaterThan(20);
});

import { describe, expect, test } from 'vitest';
import { dataPage, enter, sideBySide, tally, trapsOf } from './kit/scenario.ts';

const modes = ['M', 'S', 'U'] as const;

/** Faulting accesses that mean the same in every mode: unmapped below 0x100000, translated or not. */
const causes: readonly (readonly [
  name: string,
  text: string,
  byMode: Readonly<Record<'M' | 'S' | 'U', string | undefined>>,
])[] = [
  ['illegal instruction', '.word 0', { M: 'illegal', S: 'illegal', U: 'illegal' }],
  ['a 32-bit word that means nothing', '.word 0xffffffff', { M: 'illegal', S: 'illegal', U: 'illegal' }],
  ['breakpoint', 'ebreak', { M: 'breakpoint', S: 'breakpoint', U: 'breakpoint' }],
  ['load', 'ld s1, 0x100(zero)', { M: 'load access', S: 'load page', U: 'load page' }],
  ['store', 'sd s1, 0x100(zero)', { M: 'store access', S: 'store page', U: 'store page' }],
  ['amo', 'li t0, 0x100\n amoadd.d s1, s1, (t0)', { M: 'store access', S: 'store page', U: 'store page' }],
  ['lr', 'li t0, 0x100\n lr.d s1, (t0)', { M: 'load access', S: 'load page', U: 'load page' }],
  ['sc', 'li t0, 0x100\n sc.d s1, s1, (t0)', { M: 'store access', S: 'store page', U: 'store page' }],
  [
    'misaligned amo',
    'li t0, 0x80080004\n amoadd.d s1, s1, (t0)',
    { M: 'store misaligned', S: 'store misaligned', U: 'store misaligned' },
  ],
  [
    'misaligned lr',
    'li t0, 0x80080004\n lr.d s1, (t0)',
    { M: 'load misaligned', S: 'load misaligned', U: 'load misaligned' },
  ],
  [
    'misaligned sc',
    'li t0, 0x80080002\n sc.w s1, s1, (t0)',
    { M: 'store misaligned', S: 'store misaligned', U: 'store misaligned' },
  ],
  ['mret', 'mret', { M: undefined, S: 'illegal', U: 'illegal' }],
  ['sret', 'sret', { M: undefined, S: undefined, U: 'illegal' }],
  ['wfi', 'wfi', { M: undefined, S: undefined, U: 'illegal' }],
  ['sfence.vma', 'sfence.vma', { M: undefined, S: undefined, U: 'illegal' }],
  ['sinval.vma', 'sinval.vma zero, zero', { M: undefined, S: undefined, U: 'illegal' }],
  ['sfence.w.inval', 'sfence.w.inval', { M: undefined, S: undefined, U: 'illegal' }],
  ['csr of M-mode', 'csrr s1, mscratch', { M: undefined, S: 'illegal', U: 'illegal' }],
  ['csr of S-mode', 'csrr s1, sscratch', { M: undefined, S: undefined, U: 'illegal' }],
  ['write of a read-only csr', 'csrw cycle, s1', { M: 'illegal', S: 'illegal', U: 'illegal' }],
  ['csr that does not exist', 'csrr s1, 0x5c0', { M: 'illegal', S: 'illegal', U: 'illegal' }],
];

/** Where nothing but the trap decides how the program goes on. */
const harmless = (text: string): boolean => !['mret', 'sret', 'wfi'].includes(text);

describe.each(modes)('from %s', (mode) => {
  test.each(causes)('%s', (_, text, byMode) => {
    const expected = byMode[mode];
    if (expected === undefined && !harmless(text)) return;
    const body = `${enter(mode)}\n${text}\n addi s2, s2, 1\n${text}\n`;
    const once = expected === undefined ? [] : [`${mode} ${expected}`];
    expect(trapsOf(sideBySide({ text: body }))).toEqual([...once, ...once]);
    if (mode === 'M') return;
    const delegated = `li t0, 0xb1ff\n csrw medeleg, t0\n${body}`;
    expect(trapsOf(sideBySide({ text: delegated }))).toEqual([...once, ...once]);
  });

  test('a fetch where nothing is', () => {
    const from = mode === 'M' ? 'M fetch access' : `${mode} fetch page`;
    const go = `${enter(mode)}\n la s11, 1f\n li t0, 0x4000\n jr t0\n1:\n`;
    expect(trapsOf(sideBySide({ text: go }))).toEqual([from]);
  });

  test('ecall', () => {
    const cause = { M: 'M ecall', S: 'S ecall', U: 'U ecall' }[mode];
    expect(
      tally(sideBySide({ text: `${enter(mode)}\n li a7, 98\n ecall\n ecall\n` }))[cause],
    ).toBeGreaterThanOrEqual(2);
  });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 15])('medeleg bit %i alone, from S and from U', (bit) => {
  const faults = `
    .word 0
    ebreak
    ld s1, 0x100(zero)
    sd s1, 0x100(zero)
    li t0, 0x10000004
    lr.d s1, (t0)
    sc.d s1, s1, (t0)
    li t0, 0x10002000
    ld s1, 0(t0)
    sd s1, 0(t0)
    li a7, 98
    ecall
  `;
  const text = `
    li t0, 1 << ${bit}
    csrw medeleg, t0
    csrr s9, medeleg
    ${enter('S')} ${faults} ${enter('U')} ${faults} ${enter('M')}
    csrw medeleg, zero
    ${enter('U')} ${faults}
  `;
  const window = [dataPage(0), dataPage(1), (0x2000_0000n << 10n) | 0xd7n];
  const run = sideBySide({ text, window });
  expect(tally(run)).toMatchObject({
    'S illegal': 1,
    'U illegal': 2,
    'U load access': 2,
    'U store misaligned': 2,
  });
});

test('medeleg and mideleg hold what they may hold', () => {
  const text = Array.from(
    { length: 64 },
    (_, bit) => `
    li t0, 1 << ${bit}
    csrw medeleg, t0
    csrr s1, medeleg
    csrrs s2, mideleg, t0
    csrr s3, sie
    csrr s4, sip
    csrrc s5, mideleg, t0`,
  ).join('\n');
  expect(trapsOf(sideBySide({ text }))).toEqual([]);
});

test("an illegal instruction in S-mode's own handler, delegated to it, while it handles one from U-mode", () => {
  const text = `
    li t0, 4
    csrw medeleg, t0
    la t0, nested
    csrw stvec, t0
    ${enter('U')}
    .word 0
    j out
  nested:
    csrr s1, sepc
    csrr s2, sstatus
    beqz s3, first
    addi s3, s3, 1
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
  first:
    li s3, 1
    mv s4, s1
    .word 0xffffffff
    csrr s5, sstatus
    addi s4, s4, 4
    csrw sepc, s4
    li t0, 0x100
    csrc sstatus, t0
    sret
  out:
  `;
  expect(trapsOf(sideBySide({ text }))).toEqual(['U illegal', 'S illegal']);
});

test.each(['S', 'U'] as const)('TVM, TW and TSR, from %s', (mode) => {
  const text = [0, 20, 21, 22]
    .map(
      (bit) => `
    li t0, 0x700000
    csrc mstatus, t0
    li t0, ${bit === 0 ? 0 : `1 << ${bit}`}
    csrs mstatus, t0
    csrr s1, sstatus
    li t0, 100
    ${enter(mode)}
    sfence.vma
    sfence.vma zero, t0
    sinval.vma t0, zero
    sfence.inval.ir
    csrr s2, satp
    csrrs s3, satp, zero
    csrwi sscratch, 3
    csrr s5, sepc
    la t1, 1f
    csrw sepc, t1
    li t1, 0x100
    csrs sstatus, t1
    sret
  1:
    li a0, 80
    li a7, 97
    ecall
    wfi
    ${enter('M')}
    csrw sscratch, zero
    li t0, 0x80038100
    csrw sscratch, t0
  `,
    )
    .join('\n');
  const counts = tally(sideBySide({ text }));
  expect(counts[`${mode} illegal`]).toBeGreaterThanOrEqual(mode === 'S' ? 7 : 40);
});

import { describe, expect, test } from 'vitest';
import { enter, sideBySide, tally } from './kit/scenario.ts';

/** Raises everything that can be raised: software bits by csr, wires by the CLINT and the port, timers long past. */
const raiseAll = `
  li t0, -1
  slli t0, t0, 63
  csrs menvcfg, t0
  csrw stimecmp, zero
  li t0, 0x222
  csrs mip, t0
  li t0, CLINT
  li t1, 1
  sw t1, 0(t0)
  li t0, MTIMECMP
  sd zero, 0(t0)
  li t0, PORT
  sd t1, 0x20(t0)
  sd t1, 0x28(t0)
  csrr s1, mip
  csrr s2, sip
`;

const all = 0xaaa;

describe.each([false, true])('vectored: %s', (vectored) => {
  test.each(['M', 'S', 'U'] as const)(
    'everything pending at once, from %s: by priority, under every delegation',
    (mode) => {
      for (const delegated of [0, 2, 0x20, 0x200, 0x22, 0x222]) {
        const text = `
        li t0, ${delegated}
        csrw mideleg, t0
        ${raiseAll}
        csrr s3, sip
        csrr s4, sie
        ${enter(mode)}
        ${mode === 'M' ? '' : 'csrsi sstatus, 2'}
        ${enter('M')}
        li t0, ${all}
        csrw mie, t0
        ${mode === 'M' ? 'csrsi mstatus, 8' : enter(mode)}
        nop
        nop
        nop
        nop
        nop
        nop
        nop
      `;
        const counts = tally(sideBySide({ text, vectored, every: 1 }));
        expect(counts[`${mode} machineExternal`]).toBe(1);
        expect(counts[`${mode} machineTimer`]).toBe(1);
        if (mode !== 'M') expect(counts[`${mode} supervisorTimer`]).toBe(1);
        else expect(counts['M supervisorTimer']).toBe(delegated & 0x20 ? undefined : 1);
      }
    },
  );
});

test.each([1, 3, 5, 7, 9, 11])(
  'interrupt %i alone: enabled by mie, by mstatus, by mideleg and sstatus',
  (bit) => {
    const raise = raiseAll;
    const text = [0, 1]
      .map((delegated) =>
        ['M', 'S', 'U']
          .map(
            (mode) => `
    ${enter('M')}
    csrw mie, zero
    ${raise}
    li t0, ${delegated ? 0x222 : 0}
    csrw mideleg, t0
    csrci mstatus, 10
    li t0, 1 << ${bit}
    csrw mie, t0
    csrr s3, sie
    ${mode === 'M' ? '' : enter(mode as 'S' | 'U')}
    nop
    ${mode === 'S' ? 'csrsi sstatus, 2' : 'nop'}
    nop
    ${enter('M')}
    csrsi mstatus, 8
    nop
    csrci mstatus, 8`,
          )
          .join(''),
      )
      .join('');
    const run = sideBySide({ text, every: 1 });
    expect(run.traps.filter(({ trap }) => trap.interrupt).length).toBeGreaterThan(2);
  },
);

test('software writes to mip and sip, with and without Sstc, under every delegation', () => {
  const text = [0, 1]
    .map((sstc) =>
      [0, 0x222]
        .map(
          (delegated) => `
    ${enter('M')}
    li t0, 1 << 63
    csr${sstc ? 's' : 'c'} menvcfg, t0
    li t0, ${delegated}
    csrw mideleg, t0
    ${[0, -1, 0x2, 0x20, 0x200, 0x222, 0x888]
      .map(
        (value) => `
    li t0, ${value}
    csrrw s1, mip, t0
    csrr s2, mip
    csrrs s3, mip, t0
    csrrc s4, sip, t0
    csrr s5, sip
    csrrw s6, sip, t0
    csrrwi s7, sip, 2
    csrr s8, mip
    csrrci s9, mip, 2`,
      )
      .join('')}
    li t1, 1
    li t0, PORT
    sd t1, 0x28(t0)
    csrrci s1, mip, 2
    csrrs s2, mip, zero
    sd zero, 0x28(t0)
    csrr s3, mip
    li t0, 0x200
    csrs mip, t0
    li t0, PORT
    sd t1, 0x28(t0)
    sd zero, 0x28(t0)
    csrr s4, mip
    csrw mip, zero`,
        )
        .join(''),
    )
    .join('');
  sideBySide({ text, every: 1 });
});

/** A loop with a bit of everything; its instructions are what the timer falls between. */
const loop = `
  li s0, 6
  li s8, 0x80080000
1:
  ld s1, 0(s8)
  addi s1, s1, 1
  sd s1, 0(s8)
  csrr s2, sstatus
  csrw sscratch, s9
  amoadd.d s3, s1, (s8)
  .word 0
  csrr s4, time
  addi s0, s0, -1
  bnez s0, 1b
`;

const offsets = Array.from({ length: 48 }, (_, i) => i);

test.each(['M', 'S'] as const)('a CLINT timer at every instruction of a loop, in %s-mode', (mode) => {
  const text = offsets
    .map(
      (offset) => `
    ${enter('M')}
    csrr s9, sscratch
    li t0, 8
    csrs mstatus, t0
    li a0, ${offset + 30}
    li a7, 97
    ecall
    ${enter(mode)}
    ${loop}`,
    )
    .join('');
  const counts = tally(sideBySide({ text, every: 7, limit: 400_000 }));
  expect(counts[`${mode} machineTimer`] ?? 0).toBeGreaterThan(20);
});

test.each([0, 0x20])('stimecmp at every instruction of a loop, mideleg %i', (delegated) => {
  const text = offsets
    .map(
      (offset) => `
    ${enter('M')}
    csrr s9, sscratch
    li t0, ${delegated}
    csrw mideleg, t0
    li t0, 1 << 63
    csrs menvcfg, t0
    csrwi mcounteren, 7
    li t0, 0x20
    csrs mie, t0
    ${enter('S')}
    csrsi sstatus, 2
    csrr t0, time
    addi t0, t0, ${offset}
    csrw stimecmp, t0
    ${loop}
    li t0, -1
    csrw stimecmp, t0`,
    )
    .join('');
  const counts = tally(sideBySide({ text, every: 7, limit: 400_000 }));
  expect(counts['S supervisorTimer']).toBe(offsets.length);
});

test.each([1, 10])('timers and mtime written, %i instructions to a tick', (instructionsPerTick) => {
  const text = `
    li t1, MTIME
    li t2, MTIMECMP
    ld s1, 0(t1)
    csrr s2, time
    li t0, 1000
    sd t0, 0(t1)
    csrr s3, time
    li t0, 1004
    sd t0, 0(t2)
    csrr s4, mip
    li t0, 128
    csrw mie, t0
    csrsi mstatus, 8
    li s5, 60
  1:
    addi s5, s5, -1
    bnez s5, 1b
    csrr s6, time
    li t0, -5
    sd t0, 0(t1)
    li t0, 3
    sd t0, 0(t2)
    li t0, 128
    csrs mie, t0
    li s5, 200
  1:
    addi s5, s5, -1
    bnez s5, 1b
    csrr s7, time
    csrr s8, mip
  `;
  expect(tally(sideBySide({ text, every: 3 }, { instructionsPerTick }))['M machineTimer']).toBeGreaterThan(0);
});

describe.each(['M', 'S', 'U'] as const)('wfi in %s', (mode) => {
  test.each([0, 1])(
    'TW %i; woken by what is taken, by what is masked, and by what is pending already',
    (tw) => {
      const text = `
      li t0, ${tw << 21}
      csrs mstatus, t0
      ${[0, 8]
        .map((enable) =>
          [0x80, 0xa0]
            .map(
              (enabled) => `
        ${enter('M')}
        csrci mstatus, 8
        li t0, ${enable}
        csrs mstatus, t0
        li a0, 300
        li a7, 97
        ecall
        li t0, ${enabled}
        csrw mie, t0
        ${mode === 'M' ? '' : enter(mode)}
        csrr s1, time
        wfi
        csrr s2, time
        ${mode === 'M' && enable === 0 ? 'wfi\n wfi' : ''}
        ${enter('M')}
        csrr s3, mip
        csrr s4, mcycle
        li t0, MTIMECMP
        li t1, -1
        sd t1, 0(t0)
        csrw mie, zero`,
            )
            .join(''),
        )
        .join('')}
      csrci mstatus, 8
      li t0, 2
      csrw mie, t0
      csrs mip, t0
      wfi
      csrw mie, zero
    `;
      sideBySide({ text, every: 5 });
    },
  );
});

test('wfi with nothing to wake it ends the run the same on both', () => {
  const text = `li t0, 8\n csrs mstatus, t0\n csrr s1, mip\n wfi\n addi s2, s2, 1`;
  expect(() => sideBySide({ text })).toThrow(/^no end/);
});

test('an interrupt between the instruction that enables it and the next, in every way of enabling', () => {
  const ways = [
    'csrsi mstatus, 8',
    'la t0, 1f\n csrw mepc, t0\n li t0, 0x1880\n csrs mstatus, t0\n mret\n1:',
    'csrw mie, s8',
    'csrs mip, s8\n csrsi mstatus, 8',
    'csrw mideleg, zero\n csrsi mstatus, 8',
    'li t0, PORT\n li t1, 1\n csrsi mstatus, 8\n sd t1, 0x20(t0)',
    'li t0, CLINT\n li t1, 1\n csrsi mstatus, 8\n sw t1, 0(t0)',
  ];
  const text = ways
    .map(
      (way) => `
    ${enter('M')}
    csrci mstatus, 8
    csrw mip, zero
    li s8, 0x80a
    csrw mie, s8
    li t0, 2
    csrs mip, t0
    ${way}
    addi s1, s1, 1
    addi s1, s1, 1`,
    )
    .join('');
  const run = sideBySide({ text, every: 1 });
  expect(run.traps.filter(({ trap }) => trap.interrupt).length).toBeGreaterThanOrEqual(ways.length);
});

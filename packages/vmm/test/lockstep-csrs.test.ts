import { csrTable } from '@trapline/isa';
import { describe, expect, test } from 'vitest';
import { enter, sideBySide, tally } from './kit/scenario.ts';

/** Registers the handlers live on: written, read back, and put right at once. */
const restored = ['mscratch', 'sscratch', 'mtvec', 'stvec'];
/** Registers that end the program or take memory away when any value is in them: tested by themselves. */
const apart = /^(mstatus|sstatus|satp|pmpcfg|pmpaddr|medeleg|mideleg|mie|sie|menvcfg)/;
const isDull = (name: string): boolean => /^(hpm|mhpm)/.test(name) || /^pmp(cfg|addr)/.test(name);

const patterns = ['0', '-1', '0x5555555555555555', '-0x5555555555555556'];

const readBack = (name: string, value: string): string => `
  li t0, ${value}
  csrrw s1, ${name}, t0
  csrr s2, ${name}
  csrrs s3, ${name}, t0
  csrrc s4, ${name}, t0
  csrrs s5, ${name}, zero
  xor s6, s6, s2
`;
const immediates = (name: string): string =>
  [0, 1, 21, 31]
    .map(
      (n) =>
        `csrrwi s1, ${name}, ${n}\n csrrsi s2, ${name}, ${n}\n csrrci s3, ${name}, ${n}\n csrrci s4, ${name}, 0`,
    )
    .join('\n');
const walking = (name: string): string => `
  li t1, 1
1:
  csrrw s1, ${name}, t1
  csrr s2, ${name}
  csrrs s3, ${name}, t1
  csrrc s4, ${name}, t1
  xor s6, s6, s2
  slli t1, t1, 1
  bnez t1, 1b
`;

const body = (name: string): string => `
  csrr s8, ${name}
  ${patterns.map((value) => readBack(name, value)).join('')}
  ${immediates(name)}
  ${isDull(name) ? '' : walking(name)}
  csrw ${name}, s8
`;

const plain = csrTable
  .map(({ name }) => name)
  .filter((name) => !apart.test(name) && !restored.includes(name));

/** Many registers to a program: what counts is that each is written in every way from every mode. */
const groups = Array.from({ length: Math.ceil(plain.length / 24) }, (_, i) =>
  plain.slice(24 * i, 24 * i + 24),
);

describe.each(['M', 'S', 'U'] as const)('from %s', (mode) => {
  test.each(groups.map((names) => [`${names[0]}..${names.at(-1)}`, names] as const))('%s', (_, names) => {
    const text = `${enter(mode)}\n${names.map(body).join('\n')}`;
    const run = sideBySide({ text, every: 101, limit: 400_000 });
    const traps = tally(run)[`${mode} illegal`] ?? 0;
    const reachable = csrTable.filter(
      ({ name, number }) => names.includes(name) && ((number >> 8) & 3) <= { U: 0, S: 1, M: 3 }[mode],
    );
    if (reachable.length < names.length) expect(traps).toBeGreaterThan(0);
  });

  test.each(restored)('%s', (name) => {
    const lines = [...patterns, '1 << 5', '3', '2', '1'].map(
      (value) => `
      li t0, ${value}
      csrrw s8, ${name}, t0
      csrr s1, ${name}
      csrrw s2, ${name}, s8
      csrr s3, ${name}`,
    );
    sideBySide({ text: `${enter(mode)}\n${lines.join('\n')}` });
  });

  test.each(['satp', 'medeleg', 'mideleg', 'mie', 'sie', 'menvcfg', 'mstatus', 'sstatus'])(
    '%s bit by bit',
    (name) => {
      // Each bit set over the value before, read, and the value before put back: MPRV, MPP and satp may only last an instruction.
      const text = `
      ${enter(mode)}
      li t1, 1
    1:
      csrrs s8, ${name}, t1
      csrr s1, ${name}
      csrrw s2, ${name}, s8
      csrrc s3, ${name}, t1
      csrr s4, ${name}
      csrrw s5, ${name}, s8
      csrrw s6, ${name}, t1
      csrrw s7, ${name}, s8
      xor s9, s9, s1
      slli t1, t1, 1
      bnez t1, 1b
    `;
      sideBySide({
        text:
          mode === 'S' && name === 'satp'
            ? text
                .replace('csrrw s6, satp, t1', 'nop')
                .replace('csrrc s3, satp, t1', 'nop')
                .replace('csrrs s8, satp, t1', 'csrr s8, satp')
            : text,
      });
    },
  );
});

test('every number of a CSR, read and written, from every mode', () => {
  const numbers = Array.from({ length: 4096 }, (_, n) => n).filter(
    (n) => n % 7 === 3 || csrTable.some(({ number }) => number === n),
  );
  for (const mode of ['M', 'S', 'U'] as const) {
    for (let at = 0; at + 100 < numbers.length; at += 250) {
      const lines = numbers
        .slice(at, at + 250)
        .map((n) => `csrr s1, ${n}\n csrrs s2, ${n}, zero\n xor s6, s6, s1`);
      const run = sideBySide({ text: `${enter(mode)}\n${lines.join('\n')}`, every: 211, limit: 400_000 });
      expect(tally(run)[`${mode} illegal`]).toBeGreaterThan(50);
    }
  }
});

test.each(['cfg', 'addr'])('pmp%s: every bit of every entry, and locked ones', (kind) => {
  const entries = Array.from({ length: 16 }, (_, i) => i).filter((i) => i !== 7 && i !== 6);
  const lines = entries.map((i) => {
    const name = kind === 'cfg' ? `pmpcfg${i < 8 ? 0 : 2}` : `pmpaddr${i}`;
    const shift = kind === 'cfg' ? 8 * (i % 8) : 0;
    return `
      li t1, ${kind === 'cfg' ? `1 << ${shift}` : '1'}
      li t2, ${kind === 'cfg' ? 7 : 63}
    1:
      csrrs s1, ${name}, t1
      csrr s2, ${name}
      csrrc s3, ${name}, t1
      csrr s4, ${name}
      slli t1, t1, 1
      addi t2, t2, -1
      bnez t2, 1b`;
  });
  const locks = `
    li t0, 0x20020000
    csrw pmpaddr2, t0
    addi t0, t0, 0x40
    csrw pmpaddr3, t0
    li t0, 0x88000000
    csrs pmpcfg0, t0
    csrw pmpaddr3, zero
    csrw pmpaddr2, zero
    csrr s1, pmpaddr3
    csrr s2, pmpaddr2
    li t0, 0x88000000
    csrc pmpcfg0, t0
    csrr s3, pmpcfg0
    csrw pmpcfg0, s3
    csrr s4, pmpcfg1
    csrwi pmpcfg3, 3
    csrr s5, pmpaddr63
  `;
  const run = sideBySide({ text: lines.join('\n') + locks, every: 101 });
  expect(tally(run)['M illegal']).toBe(2);
});

const countersText = `
  csrr s1, minstret
  csrr s2, mcycle
  li t0, -3
  csrw minstret, t0
  csrr s3, minstret
  csrr s4, minstret
  nop
  csrr s5, minstret
  csrrs s6, mcycle, t0
  csrr s7, mcycle
  li t0, 5
  csrw mcountinhibit, t0
  csrr s8, minstret
  nop
  csrr s9, minstret
  csrw minstret, zero
  csrw mcycle, t0
  csrr s8, instret
  csrr s9, cycle
  csrwi mcountinhibit, 4
  csrr s3, mcycle
  csrr s4, minstret
  csrwi mcountinhibit, 0
  csrr s5, minstret
  csrr s6, instret
  csrr s7, time
  ecall
  csrr s1, minstret
  ebreak
  csrr s2, minstret
  csrr s3, time
`;

test('counters: written, stopped, started, and what traps do to them', () => {
  sideBySide({ text: `li a7, 98\n${countersText}`, every: 1 });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])('mcounteren and scounteren %i', (bits) => {
  const reads =
    'csrr s1, cycle\n csrr s2, time\n csrr s3, instret\n csrr s4, hpmcounter3\n csrr s5, stimecmp\n';
  const text = [0, 2, 7]
    .map(
      (user) => `
    ${enter('M')}
    csrwi mcounteren, ${bits}
    csrwi scounteren, ${user}
    li t0, ${user === 2 ? 0 : 1} << 63
    csrw menvcfg, t0
    ${reads} ${enter('S')} ${reads} csrwi scounteren, ${user}
    ${enter('U')} ${reads}`,
    )
    .join('\n');
  const counts = tally(sideBySide({ text }));
  expect(counts['U illegal']).toBeGreaterThan(4);
  expect(counts['M illegal']).toBeUndefined();
});

test('float state: off, initial, clean and dirty; fflags, frm and fcsr', () => {
  const touch = `
    csrr s1, sstatus
    fmv.d.x f1, s1
    csrr s2, sstatus
    fadd.d f2, f1, f1
    csrr s3, sstatus
    feq.d s4, f1, f2
    csrr s5, sstatus
    fsd f1, 0(s8)
    fld f3, 0(s8)
    csrr s6, sstatus
    csrr s7, fcsr
    csrrwi s9, frm, 3
    csrr s1, sstatus
    csrrsi s2, fflags, 5
    csrr s3, fcsr
    fdiv.d f4, f1, f5
    csrr s4, fflags
    csrrw s5, fcsr, s9
    fcvt.w.d s6, f4
    fadd.d f6, f1, f2, rup
    li t1, 5
    csrw frm, t1
    fadd.d f7, f1, f2
    fadd.d f7, f1, f2, rne
    csrwi frm, 0
  `;
  const text = (['M', 'S', 'U'] as const)
    .flatMap((mode) =>
      [0, 1, 2, 3].map(
        (fs) => `
    ${enter('M')}
    li t0, 0x6000
    csrc mstatus, t0
    li t0, ${fs << 13}
    csrs mstatus, t0
    li s8, ${mode === 'U' ? '0x10000000' : '0x80080000'}
    ${enter(mode)}
    ${touch}`,
      ),
    )
    .join('\n');
  const counts = tally(sideBySide({ text, window: [0x2002_00d7n], every: 3 }));
  expect(counts['M illegal']).toBeGreaterThan(5);
  expect(counts['U illegal']).toBeGreaterThan(5);
});

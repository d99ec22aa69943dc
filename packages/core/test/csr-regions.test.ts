import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guest, ramBase } from './guest.ts';

// CSR instructions in translated code: S-mode programs that loop over random ones, between accesses that need SUM, floating point
// that needs FS, and interrupts that wait for SIE. Whatever traps is counted and passed over.

const pages = ramBase + 0x8_0000;
const data = ramBase + 0x9_0000;
/** Where user pages show the same RAM. */
const userData = data + 0x4000_0000;

const register = fc.integer({ min: 0, max: 5 }).map((n) => `a${n}`);
const offset = fc.integer({ min: 0, max: 15 }).map((n) => 8 * n);
const csr = fc.oneof(
  { weight: 3, arbitrary: fc.constant('sstatus') },
  { weight: 2, arbitrary: fc.constantFrom('sscratch', 'sepc', 'scause', 'stval') },
);
/** SIE, SPIE, SPP, two of FS, SUM and MXR. */
const values = [0, 1 << 1, 1 << 5, 1 << 8, 1 << 13, 3 << 13, 1 << 18, 1 << 19, 0x2_2122, -1];

const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('csrrw', 'csrrs', 'csrrc'), register, csr, register).map(([op, d, c, s]) => `${op} ${d}, ${c}, ${s}`) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('csrrsi', 'csrrci', 'csrrwi'), register, csr, fc.constantFrom(0, 2, 31)).map(([op, d, c, n]) => `${op} ${d}, ${c}, ${n}`) },
  { weight: 5, arbitrary: fc.tuple(register, fc.constantFrom(...values)).map(([d, n]) => `li ${d}, ${n}`) },
  { weight: 2, arbitrary: fc.constantFrom('fadd.d fa0, fa0, fa1', 'fmul.d fa1, fa0, fa1', 'fsd fa0, 128(s2)', 'fld fa1, 136(s2)') },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('ld', 'sd'), register, offset).map(([op, r, n]) => `${op} ${r}, ${n}(s1)`) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('ld', 'sd'), register, offset).map(([op, r, n]) => `${op} ${r}, ${n}(s2)`) },
  { weight: 1, arbitrary: fc.constant('csrsi sip, 2') },
  { weight: 1, arbitrary: fc.tuple(register, register, register).map(([d, a, b]) => `add ${d}, ${a}, ${b}`) },
); // biome-ignore format: a table

/** A few lines, some of them passed over now and then. */
const piece = fc.tuple(fc.boolean(), register, fc.array(line, { minLength: 1, maxLength: 5 }));
const body = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) =>
  pieces
    .map(([skips, r, lines], n) => {
      const all = lines.join('\n');
      return skips ? `xor t4, ${r}, s0\nandi t4, t4, 1\nbeqz t4, past${n}\n${all}\npast${n}:` : all;
    })
    .join('\n'),
);

const program = (lines: string): string => `
  la t0, machine
  csrw mtvec, t0
  la t0, supervisor
  csrw stvec, t0
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  li t0, 2
  csrw mideleg, t0
  csrw sie, t0
  li t1, ${pages}
  li t0, 0xc7
  sd t0, 0(t1)
  li t0, ${(ramBase / 4096) * 1024 + 0xcf}
  sd t0, 16(t1)
  li t0, ${(ramBase / 4096) * 1024 + 0xd7}
  sd t0, 24(t1)
  li t0, 8
  slli t0, t0, 60
  li t1, ${pages / 4096}
  or t0, t0, t1
  csrw satp, t0
  li t0, 0x2800
  csrw mstatus, t0
  la t0, main
  csrw mepc, t0
  li s1, ${userData}
  li s2, ${data}
  li s0, 24
  mret
  .align 2
main:
${lines}
  addi s0, s0, -1
  bnez s0, main
end:
  li t0, FINISHER
  sw zero, 0(t0)
  j end
  .align 2
machine:
  csrr t6, mcause
  slli t5, s11, 5
  sub t5, t5, s11
  add s11, t5, t6
  csrr t6, mepc
  addi t6, t6, 4
  csrw mepc, t6
  mret
  .align 2
supervisor:
  csrci sip, 2
  addi s10, s10, 1
  slli s10, s10, 1
  sret
`;

const names = { sstatus: 0x100, sie: 0x104, sscratch: 0x140, sepc: 0x141, scause: 0x142, stval: 0x143, sip: 0x144, mstatus: 0x300 } as const; // biome-ignore format: a table

function ended(engine: 'reference' | 'translator', source: string) {
  const ran = guest(engine, source, { instructionsPerTick: 1000 });
  ran.finish();
  return {
    x: Array.from({ length: 32 }, (_, n) => ran.x(n)),
    csrs: Object.fromEntries(Object.entries(names).map(([name, number]) => [name, ran.csr(number)])),
    data: Array.from({ length: 20 }, (_, n) => ran.read(data + 8 * n)),
    more: Array.from({ length: 4 }, (_, n) => ran.read(data + 512 + 8 * n)),
    translated: ran.core.engine.stats?.().translated ?? 0,
  };
}

test('random programs of CSRs, user memory, floating point and interrupts end the same translated', () => {
  let translated = 0;
  fc.assert(
    fc.property(body, (lines) => {
      const source = program(lines);
      const { translated: count, ...got } = ended('translator', source);
      const { translated: _, ...expected } = ended('reference', source);
      expect(got).toEqual(expected);
      translated += count;
    }),
    { numRuns: 400, seed: 20261122 },
  );
  expect(translated).toBeGreaterThan(50_000);
});

const same = (lines: string): void => {
  const source = program(lines).replace('li s0, 24', 'li s0, 400');
  const { translated, ...got } = ended('translator', source);
  const { translated: _, ...expected } = ended('reference', source);
  expect(got).toEqual(expected);
  expect(translated).toBeGreaterThan(400);
};

test('floating point that is switched off within a block, and on one of two ways to a block, traps', () => {
  same('li a1, 0x6000\ncsrs sstatus, a1\nfmv.x.d a3, fa0\ncsrc sstatus, a1\nfmv.x.d a3, fa0');
  same(`li a1, 0x6000
    csrs sstatus, a1
    fmv.x.d a3, fa0
    andi a2, s0, 1
    beqz a2, on
    csrc sstatus, a1
  on:
    fmv.x.d a3, fa0`);
});

test('a register that a CSR gave is another address', () => {
  same(`mv a0, s2
    addi a1, s2, 512
    csrw sscratch, a1
    sd s0, 0(a0)
    sd s0, 8(a0)
    csrrw a0, sscratch, a0
    sd s1, 0(a0)
    ld a3, 8(a0)
    sd a3, 16(a0)`);
});

test('a loop of nothing but CSR instructions stays in translated code', () => {
  const source = program(
    'csrrci a0, sstatus, 2\ncsrrw a1, sscratch, a1\ncsrr a2, scause\ncsrw sepc, a2\ncsrs sstatus, a0',
  ).replace('li s0, 24', 'li s0, 2000');
  expect(ended('translator', source).translated).toBeGreaterThan(2000 * 6);
});

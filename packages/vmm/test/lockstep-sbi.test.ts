import { expect, test } from 'vitest';
import { Lockstep, type LockstepRun } from './lockstep.ts';
import { assembleGuest } from './pair.ts';

const shapes = new Map<number, Lockstep>();
const run = (text: string, harts = 1, limit = 60_000): LockstepRun => {
  const pair =
    shapes.get(harts) ?? new Lockstep({ harts, firmware: true, quantum: 157, ramBytes: 0x40_0000 });
  shapes.set(harts, pair);
  const image = assembleGuest(text);
  pair.run(image, { every: 1009, stopAtTraps: false, limit });
  return pair.run(image, { every: 17, limit });
};

const call = (extension: number | string, fn: number, ...args: (number | string)[]): string => `
  ${args.map((arg, i) => `li a${i}, ${arg}`).join('\n  ')}
  li a7, ${extension}
  li a6, ${fn}
  ecall
  xor s6, s6, a0
  add s7, s7, a1
`;

const reset = (reason = 0): string => call(0x53525354, 0, 0, reason);

const handlers = `
  la t0, trap
  csrw stvec, t0
  li sp, 0x80200000
  j main
  .balign 4
trap:
  csrr s8, scause
  csrr s9, stval
  csrr s10, sepc
  bltz s8, 1f
  addi s10, s10, 4
  csrw sepc, s10
  sret
1:
  addi s11, s11, 1
  csrci sip, 2
  li t6, -1
  csrw stimecmp, t6
  sret
main:
`;

test('BASE, and extensions, functions and arguments that do not exist', () => {
  const numbers = [
    0x10, 0x54494d45, 0x735049, 0x52464e43, 0x48534d, 0x53525354, 0x4442434e, 0, 1, 2, 3, 4, 8, 0x12345, -1,
  ];
  const text = `${handlers}
    ${[0, 1, 2, 4, 5, 6, 7, 63, 64, -1].map((fn) => call(0x10, fn)).join('')}
    ${numbers.map((extension) => call(0x10, 3, extension)).join('')}
    ${[0x12345, -1, 0x54494d45].map((extension) => call(extension, 9)).join('')}
    ${call(0x735049, 0, -1, 5)} ${call(0x735049, 0, 2, 0)} ${call(0x48534d, 0, 7)} ${call(0x48534d, 2, 0)} ${call(0x48534d, 2, 9)}
    ${call(0x53525354, 0, 9)}
    ${reset()}`;
  expect(run(text).left.finished).toBe('shutdown'.length);
});

test('the console: legacy and DBCN, in and out, good addresses and bad', () => {
  const text = `${handlers}
    li a0, 104
    li a7, 1
    ecall
    li a7, 2
    ecall
    mv s1, a0
    ${call(0x4442434e, 2, 105)}
    la a1, text
    li a0, 5
    li a2, 0
    li a7, 0x4442434e
    li a6, 0
    ecall
    la a1, buffer
    li a0, 16
    li a2, 0
    li a6, 1
    ecall
    ld s2, 0(a1)
    ${call(0x4442434e, 0, 8, 0x1000, 0)} ${call(0x4442434e, 1, 8, '0x803ffffc', 0)} ${call(0x4442434e, 0, 4, '0x80000000', 1)}
    ${reset()}
  text: .ascii "hello"
    .balign 8
  buffer: .zero 32`;
  const { left } = run(text);
  expect(String.fromCharCode(...left.printed)).toBe('hihello');
});

test('input read over code and over a page table', () => {
  const text = `${handlers}
    la a1, code
    jalr a1
    li a0, 2
    li a2, 0
    li a7, 0x4442434e
    li a6, 1
    la a1, code
    ecall
    lhu s1, 0(a1)
    la a1, code
    jalr a1
    # an entry of a live table
    la t0, root
    srli t0, t0, 12
    li t1, 8 << 60
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
    li t0, 0xc0000000
    ld s2, 0(t0)
    la a1, root
    addi a1, a1, 24
    li a0, 1
    li a2, 0
    ecall
    sfence.vma
    li t0, 0xc0000000
    ld s3, 0(t0)
    ${reset()}
  code:
    addi s4, s4, 1
    ret
    .balign 4096
  root:
    .zero 16
    .dword 0x200000cf
    .dword 0x200000cf`;
  expect(run(text).left.finished).toBeDefined();
});

test('the timer, by TIME, by the legacy call and by stimecmp, with wfi', () => {
  const wait = `
    csrsi sstatus, 2
    wfi
    csrci sstatus, 2
    csrr s5, time
    csrr s4, sip`;
  const text = `${handlers}
    li t0, 0x222
    csrw sie, t0
    ${[10, 100, 5000]
      .map(
        (ticks) => `
    csrr a0, time
    addi a0, a0, ${Math.min(ticks, 2000)}
    li a7, 0x54494d45
    li a6, 0
    ecall
    ${wait}
    csrr a0, time
    addi a0, a0, 60
    li a7, 0
    ecall
    ${wait}
    csrr a0, time
    addi a0, a0, 33
    csrw stimecmp, a0
    ${wait}`,
      )
      .join('')}
    li a7, 3
    ecall
    ${reset()}`;
  const { traps } = run(text);
  expect(traps.filter(({ trap }) => trap.interrupt).length).toBe(9);
});

test('suspension: retentive and not, by good and bad addresses', () => {
  const text = `${handlers}
    li t0, 0x222
    csrw sie, t0
    csrr a0, time
    addi a0, a0, 500
    csrw stimecmp, a0
    ${call(0x48534d, 3, 0, 0, 0)}
    li t6, -1
    csrw stimecmp, t6
    ${call(0x48534d, 3, 0x1234, 0, 0)} ${call(0x48534d, 3, '0x80000000', 0x10, 0)}
    csrr a0, time
    addi a0, a0, 500
    csrw stimecmp, a0
    li a0, 0x80000000
    la a1, again
    li a2, 77
    li a7, 0x48534d
    li a6, 3
    ecall
    j main
  again:
    mv s1, a0
    mv s2, a1
    csrr s3, satp
    csrr s4, sstatus
    ${reset(1)}`;
  const { left } = run(text);
  expect(left.finished).toBe(1);
  expect(left.harts[0]!.readX(18)).toBe(77n);
});

/** Hart 0 starts the others at `other`; each ends by counting itself; hart 0 waits for all. */
const company = (harts: number, work: string): string => `${handlers}
  bnez a0, other
  ${Array.from(
    { length: harts - 1 },
    (_, i) => `
  li a0, ${i + 1}
  la a1, other
  li a2, ${100 + i}
  li a7, 0x48534d
  li a6, 0
  ecall
  add s6, s6, a0
  li a0, ${i + 1}
  li a6, 2
  ecall
  add s7, s7, a1`,
  ).join('')}
  ${call(0x48534d, 0, 1, '0x80000000', 0)}
  li a0, 0
  li a1, 0
other:
  la t0, trap
  csrw stvec, t0
  mv s0, a0
  mv s1, a1
  li t0, 0x222
  csrw sie, t0
  csrsi sstatus, 2
  ${work}
  la t0, done
  li t1, 1
  amoadd.w t2, t1, (t0)
  bnez s0, stop
1:
  lw t2, 0(t0)
  li t1, ${harts}
  bne t2, t1, 1b
  ${reset()}
stop:
  li a7, 0x48534d
  li a6, 1
  ecall
  j stop
  .balign 8
done: .dword 0
shared: .dword 0
lock: .dword 0
  .balign 64
words: .zero 512
`;

test.each([2, 3])('%i harts: start, stop, status, IPIs', (harts) => {
  const text = company(
    harts,
    `
    li s2, 5
  2:
    li a0, ${(1 << harts) - 1}
    li a1, 0
    li a7, 0x735049
    li a6, 0
    ecall
    li a0, 0
    li a1, -1
    ecall
    csrr s3, sip
    addi s2, s2, -1
    bnez s2, 2b`,
  );
  const { left, traps } = run(text, harts, 200_000);
  expect(left.finished).toBeDefined();
  expect(traps.filter(({ trap }) => trap.interrupt).length).toBeGreaterThan(4 * harts);
});

test.each([2, 3])('%i harts: a lock by LR and SC, a counter by AMO, both under contention', (harts) => {
  const text = company(
    harts,
    `
    li s2, 40
  2:
    la t0, lock
  3:
    lr.w t1, (t0)
    bnez t1, 3b
    li t1, 1
    sc.w t2, t1, (t0)
    bnez t2, 3b
    la t3, shared
    ld t4, 0(t3)
    addi t4, t4, 1
    sd t4, 0(t3)
    amoswap.w.rl zero, zero, (t0)
    la t5, words
    slli t6, s0, 3
    add t6, t5, t6
    amoadd.d zero, t4, (t6)
    amoxor.d s4, t4, (t5)
    addi s2, s2, -1
    bnez s2, 2b`,
  );
  const { left } = run(text, harts, 400_000);
  const words = new DataView(left.ram.buffer, left.ram.byteOffset);
  const counted = Array.from({ length: 0x1000 }, (_, i) => words.getBigUint64(8 * i, true)).filter(
    (word) => word === BigInt(40 * harts),
  );
  expect(counted.length).toBeGreaterThan(0);
});

test.each([2, 3])('%i harts: a page taken away on one, and a remote fence to the others', (harts) => {
  const text =
    company(
      harts,
      `
    la t0, root
    srli t0, t0, 12
    li t1, 8 << 60
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
    bnez s0, 4f
    li s2, 12
  2:
    la t3, leaf
    andi t1, s2, 1
    li t2, 0x200800c7
    beqz t1, 3f
    li t2, 0x200804c7
  3:
    sd t2, 0(t3)
    li a0, ${(1 << harts) - 2}
    li a1, 0
    li a2, 0x40000000
    li a3, 4096
    li a7, 0x52464e43
    li a6, ${'1'}
    ecall
    li t0, 0x40000000
    sfence.vma t0, zero
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    li a2, 0
    li a3, 0
    li a4, 0
    li a6, 2
    ecall
    addi s2, s2, -1
    bnez s2, 2b
    j 5f
  4:
    li s2, 60
  6:
    li t0, 0x40000000
    ld s5, 0(t0)
    amoadd.w s4, s0, (t0)
    addi s2, s2, -1
    bnez s2, 6b
  5:`,
    ) +
    `
    .balign 4096
  root:
    .dword 0, ((level1 - 0x80000000) >> 2) + 0x20000001
    .dword 0x200000cf
    .zero 4072
  level1:
    .dword ((leaf - 0x80000000) >> 2) + 0x20000001
    .zero 4088
  leaf:
    .dword 0x200800c7
    .zero 4088
  `;
  expect(run(text, harts, 400_000).left.finished).toBeDefined();
});

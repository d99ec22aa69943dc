import { describe, expect, test } from 'vitest';
import { engines, guest } from './guest.ts';
import { all, leaf, mapPages, page, record, supervisor } from './paging.ts';

const [s0, s1, s2, a0, a1] = [8, 9, 18, 10, 11];

/** M-mode sets PMP up, then runs `body` in the privilege of `mpp`, bare; the handler records the trap and ends. */
const protectedGuest = (setup: string, body: string, mpp = 1): string => `
  la t0, handler
  csrw mtvec, t0
  ${setup}
  li t0, ${mpp} << 11
  csrs mstatus, t0
  la t0, body
  csrw mepc, t0
  mret
  .align 2
handler:
  ${record}
  li t0, FINISHER
  sw zero, 0(t0)
body:
  ${body}
  ecall
`;

/** pmpaddr and pmpcfg0 from rows of [address register value, configuration byte]. */
const entries = (...rows: readonly (readonly [string, number])[]): string =>
  [
    ...rows.map(([address], i) => `li t0, ${address}; csrw pmpaddr${i}, t0`),
    `li t0, ${rows.reduce((sum, [, config], i) => sum + config * 2 ** (8 * i), 0)}; csrw pmpcfg0, t0`,
  ].join('\n');

const everything = ['-1', 0x1f] as const;
const na4 = (address: number, rights: number) => [`${address >>> 2}`, 0x10 | rights] as const;
const tor = (end: number, rights: number) => [`${end >>> 2}`, 0x08 | rights] as const;

describe.each(engines)('PMP on the %s engine', (engine) => {
  const run = (setup: string, body: string, mpp = 1) => {
    const machine = guest(engine, protectedGuest(setup, body, mpp));
    machine.write(0x8001_0000, 0x1111_2222_3333_4444n);
    machine.write(0x8001_0008, 0x5555_6666_7777_8888n);
    machine.finish();
    return machine;
  };

  test('out of reset only M-mode may access anything', () => {
    const machine = run('', 'nop');
    expect([machine.x(s0), machine.x(s1)]).toEqual([1n, machine.x(s2)]);
  });

  test('an NA4 hole in a page stops exactly its four bytes, again and again', () => {
    const hole = entries(na4(0x8001_0004, 0), everything);
    const machine = run(hole, 'li t1, 0x80010000; lw a0, 0(t1); lw a1, 8(t1); lw a2, 4(t1)');
    expect([machine.x(a0), machine.x(a1)]).toEqual([0x3333_4444n, 0x7777_8888n]);
    expect([machine.x(s0), machine.x(s1)]).toEqual([5n, 0x8001_0004n]);
  });

  test('an access that only partly matches the first entry fails', () => {
    const machine = run(
      entries(na4(0x8001_0004, 7), everything),
      'li t1, 0x80010000; lw a0, 4(t1); ld a1, 0(t1)',
    );
    expect(machine.x(a0)).toBe(0x1111_2222n);
    expect([machine.x(s0), machine.x(s1)]).toEqual([5n, 0x8001_0000n]);
  });

  test('a read-only range can be read, not written, and stays unwritten', () => {
    const ranges = entries(tor(0x8001_0000, 7), tor(0x8001_1000, 1), everything);
    const machine = run(ranges, 'li t1, 0x80010000; ld a0, 0(t1); sd zero, 8(t1)');
    expect(machine.x(a0)).toBe(0x1111_2222_3333_4444n);
    expect([machine.x(s0), machine.x(s1)]).toEqual([7n, 0x8001_0008n]);
    expect(machine.read(0x8001_0008)).toBe(0x5555_6666_7777_8888n);
  });

  test('a straddling store into a forbidden page changes nothing', () => {
    const ranges = entries(tor(0x8001_1000, 7), tor(0x8001_2000, 1), everything);
    const machine = run(ranges, 'li t1, 0x80010ffc; li t0, -1; sd t0, 0(t1)');
    expect([machine.x(s0), machine.x(s1)]).toEqual([7n, 0x8001_1000n]);
    expect(machine.read(0x8001_0ff8)).toBe(0n);
  });

  test('code runs in a page that PMP splits, up to the forbidden part', () => {
    const target = 0x8001_2000;
    const machine = guest(
      engine,
      protectedGuest(entries(na4(target + 8, 3), everything), `li t1, ${target}; jr t1`),
    );
    machine.write(target, 0x0015_0513_0015_0513n); // addi a0, a0, 1 twice
    machine.write(target + 8, 0x0015_0513_0015_0513n);
    machine.finish();
    expect([machine.x(s0), machine.x(s1), machine.x(s2)]).toEqual([1n, 0x8001_2008n, 0x8001_2008n]);
    expect(machine.x(a0)).toBe(2n);
  });

  test('locked entries bind M-mode, and cannot be changed', () => {
    const machine = run(
      `${entries(na4(0x8001_0000, 0x80), everything)}
       csrw pmpcfg0, zero
       li t1, 0x80010000
       lw a0, 4(t1)
       lw a1, 0(t1)`,
      '',
    );
    expect(machine.x(a0)).toBe(0x1111_2222n);
    expect([machine.x(s0), machine.x(s1)]).toEqual([5n, 0x8001_0000n]);
  });

  test('a change of PMP takes effect at once', () => {
    const machine = run(
      entries(everything),
      `li t1, 0x80010000
       ld a0, 0(t1)
       ecall`,
    );
    expect(machine.x(s0)).toBe(9n);
    const closed = run(
      `${entries(everything)}
       li t1, 0x80010000
       li t2, (1 << 17) | (1 << 11)
       csrs mstatus, t2
       ld a0, 0(t1)
       csrw pmpcfg0, zero
       ld a1, 0(t1)`,
      '',
    );
    expect(closed.x(a0)).toBe(0x1111_2222_3333_4444n);
    expect([closed.x(s0), closed.x(s1), closed.x(a1)]).toEqual([5n, 0x8001_0000n, 0n]);
  });

  test('page tables PMP hides are access faults of the original access', () => {
    const machine = guest(
      engine,
      supervisor(`li t0, ${page(0)}; ld a0, 0(t0)`).replace(
        /li t0, -1\n\s*csrw pmpaddr0, t0\n\s*li t0, 0x1f\n\s*csrw pmpcfg0, t0/,
        entries([`${0x8004_2000 >>> 2} | 0x1ff`, 0x18], everything),
      ),
    );
    mapPages(machine, { 0: leaf(0x8005_0000, all) });
    machine.finish();
    expect([machine.x(s0), machine.x(s1)]).toEqual([5n, BigInt(page(0))]);
  });
});

import { describe, expect, test } from 'vitest';
import { engines, guest, ramBase } from './guest.ts';

/** Runs `body` in M-mode with a handler that records the trap in s0 (cause), s1 (tval), s2 (epc - label `at`) and ends. */
const caught = (body: string): string => `
  la t0, handler
  csrw mtvec, t0
  li s3, 0x1234
${body}
  j end
  .align 2
handler:
  csrr s0, mcause
  csrr s1, mtval
  csrr s2, mepc
  la t0, at
  sub s2, s2, t0
end:
  li t0, FINISHER
  sw zero, 0(t0)
  j end
`;

const [s0, s1, s2, s3] = [8, 9, 18, 19];

const cases: Readonly<Record<string, { body: string; cause: bigint; tval: bigint | 'pc' }>> = {
  'illegal 32-bit instruction': { body: 'at: .word 0xffffffff', cause: 2n, tval: 0xffff_ffffn },
  'illegal 16-bit instruction': { body: 'at: .half 0, 0', cause: 2n, tval: 0n },
  'an instruction of M-mode in U-mode': {
    body: 'la t0, at; csrw mepc, t0; li t0, -1; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0; mret; at: csrr s3, mscratch',
    cause: 2n,
    tval: 0x3400_29f3n,
  },
  ebreak: { body: 'at: ebreak', cause: 3n, tval: 'pc' },
  'ecall from M-mode': { body: 'at: ecall', cause: 11n, tval: 0n },
  'load where nothing is': { body: 'li s3, 0x5000\nat: ld s3, 0(s3)', cause: 5n, tval: 0x5000n },
  'store where nothing is': { body: 'li t0, 0x5000\nat: sd s3, 8(t0)', cause: 7n, tval: 0x5008n },
  'atomic where nothing is': { body: 'li t0, 0x5000\nat: amoadd.w s3, s3, (t0)', cause: 7n, tval: 0x5000n },
  'load-reserved from a device': { body: 'li t0, FINISHER\nat: lr.w s3, (t0)', cause: 5n, tval: 0x10_0000n },
  'misaligned load-reserved': { body: 'li t0, 0x80010002\nat: lr.w s3, (t0)', cause: 4n, tval: 0x8001_0002n },
  'misaligned atomic': {
    body: 'li t0, 0x80010002\nat: amoadd.w s3, s3, (t0)',
    cause: 6n,
    tval: 0x8001_0002n,
  },
  'misaligned store-conditional': {
    body: 'li t0, 0x80010004\nat: sc.d s3, s3, (t0)',
    cause: 6n,
    tval: 0x8001_0004n,
  },
  'misaligned device load': { body: 'li t0, FINISHER\nat: lw s3, 2(t0)', cause: 4n, tval: 0x10_0002n },
  'misaligned device store': { body: 'li t0, FINISHER\nat: sw s3, 2(t0)', cause: 6n, tval: 0x10_0002n },
  'load over the end of RAM': { body: 'li t0, 0x800ffffc\nat: ld s3, 0(t0)', cause: 5n, tval: 0x8010_0000n },
  'load over the top of the address space': {
    body: 'li t0, -4\nat: ld s3, 0(t0)',
    cause: 5n,
    tval: 2n ** 64n - 4n,
  },
  'floating point while it is off': { body: 'at: fadd.d fa0, fa0, fa0', cause: 2n, tval: 0x02a5_7553n },
  'reserved rounding mode in frm': {
    body: 'li t0, 0x2000; csrs mstatus, t0; csrwi frm, 5\nat: fadd.d fa0, fa0, fa0, dyn',
    cause: 2n,
    tval: 0x02a5_7553n,
  },
};

describe.each(engines)('traps on the %s engine', (engine) => {
  test.each(Object.entries(cases))('%s', (_name, { body, cause, tval }) => {
    const machine = guest(engine, caught(body));
    machine.finish();
    expect(machine.x(s0)).toBe(cause);
    expect(machine.x(s1)).toBe(tval === 'pc' ? machine.csr(0x341) : tval);
    expect(machine.x(s2)).toBe(0n);
    if (!body.includes('li s3')) expect(machine.x(s3)).toBe(0x1234n);
  });

  test('a jump to where nothing is: the fault is the target instruction', () => {
    const machine = guest(engine, caught('li t0, 0x5000; jalr s3, 0(t0)\nat: nop'));
    machine.finish();
    expect([machine.x(s0), machine.x(s1), machine.csr(0x341)]).toEqual([1n, 0x5000n, 0x5000n]);
    expect(machine.x(s3)).not.toBe(0x1234n);
  });

  test('a load into its own base register that faults leaves it', () => {
    const machine = guest(engine, caught('li s3, 0x5000\nat: ld s3, 0(s3)'));
    machine.finish();
    expect(machine.x(s3)).toBe(0x5000n);
  });

  test('jalr to its own link register jumps to the old value', () => {
    const machine = guest(
      engine,
      'la ra, target; jalr ra, 0(ra)\nback: j back\ntarget: li t0, FINISHER; sw zero, 0(t0)',
    );
    machine.finish();
    expect(machine.x(1)).toBe(BigInt(ramBase) + 12n);
  });

  test('traps and returns go through the levels, delegated ones to S-mode', () => {
    const machine = guest(
      engine,
      `
      li t0, -1
      csrw pmpaddr0, t0
      li t0, 0x1f
      csrw pmpcfg0, t0
      la t0, mhandler
      csrw mtvec, t0
      la t0, shandler
      csrw stvec, t0
      li t0, 1 << 8
      csrw medeleg, t0
      la t0, user
      csrw mepc, t0
      mret
user: ecall
      .align 2
shandler:
      csrr s0, scause
      csrr s1, sstatus
      ecall
      .align 2
mhandler:
      csrr s2, mcause
      li t0, FINISHER
      sw zero, 0(t0)
      `,
    );
    machine.finish();
    expect(machine.x(s0)).toBe(8n);
    expect(machine.x(s1) & 0x100n).toBe(0n);
    expect(machine.x(s2)).toBe(9n);
    expect((machine.csr(0x300) >> 11n) & 3n).toBe(1n);
  });

  test('a hart that only traps uses up its budget', () => {
    const machine = guest(engine, 'li t0, 0x5000; csrw mtvec, t0; jr t0');
    expect(machine.scheduler.runRound()).toEqual({ kind: 'ran' });
    expect(machine.hart.retired).toBe(3n);
    expect(machine.clock.ticks()).toBe(10_000n);
  });
});

import { describe, expect, test } from 'vitest';
import { type EngineName, Scheduler } from '../src/index.ts';
import { engines, type Guest, guest, ramBase } from './guest.ts';

const [s0, s1, s2, a0] = [8, 9, 18, 10];
const handler = `
  .align 2
handler:
  csrr s0, mcause
  csrr s2, mepc
  li t0, FINISHER
  sw zero, 0(t0)
  j handler
`;
const interrupt = (code: bigint): bigint => (1n << 63n) | code;

/** mtimecmp at 0x200000, msip at 0x200008: what these tests need of a CLINT. */
const withTimer = (machine: Guest): Guest => {
  machine.core.bus.addDevice(0x20_0000, 0x10, {
    name: 'timer',
    read: () => machine.clock.ticks(),
    write: (offset, _bytes, value) => {
      if (offset === 0) machine.hart.machineTimer.setDeadline(value);
      else machine.hart.machineSoftware.set(value !== 0n);
      return true;
    },
  });
  return machine;
};

const counting = `
  la t0, handler
  csrw mtvec, t0
  li t1, 0x200000
  li t2, 100
  sd t2, 0(t1)
  li t2, 0x80
  csrs mie, t2
  csrsi mstatus, 8
1:
  addi a0, a0, 1
  j 1b
`;

describe.each(engines)('interrupts on the %s engine', (engine: EngineName) => {
  test('the machine timer interrupts before the instruction at which time reaches its deadline', () => {
    const machine = withTimer(guest(engine, counting + handler));
    machine.hart.run(100);
    expect(machine.hart.retired).toBe(100n);
    expect(machine.csr(0x342)).toBe(0n);
    machine.hart.run(1);
    expect(machine.hart.retired).toBe(100n);
    expect(machine.csr(0x342)).toBe(interrupt(7n));
  });

  test('the cut does not depend on how runs are sliced', () => {
    const outcomes = [1, 7, 10_000].map((slice) => {
      const machine = withTimer(guest(engine, counting + handler, { instructionsPerTick: 3 }));
      for (let used = 0; used < 10_000; used += slice) {
        if (machine.hart.run(slice) === 'requested') break;
      }
      return [machine.x(a0), machine.x(s2), machine.hart.retired];
    });
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
    expect(outcomes[0]![0]).toBeGreaterThan(100n);
  });

  test('Sstc: stimecmp interrupts S-mode at its tick', () => {
    const machine = guest(
      engine,
      `
      li t0, -1
      csrw pmpaddr0, t0
      li t0, 0x1f
      csrw pmpcfg0, t0
      li t0, 1 << 63
      csrs 0x30a, t0
      li t0, 0x20
      csrw mideleg, t0
      li t0, 2
      csrw mcounteren, t0
      la t0, handler
      csrw stvec, t0
      la t0, body
      csrw mepc, t0
      li t0, 1 << 11
      csrs mstatus, t0
      mret
    body:
      rdtime t0
      addi t0, t0, 50
      csrw 0x14d, t0
      li t1, 0x20
      csrs sie, t1
      csrsi sstatus, 2
    1:
      j 1b
      .align 2
    handler:
      rdtime s1
      sub s1, s1, t0
      csrr s0, scause
      li t1, FINISHER
      sw zero, 0(t1)`,
    );
    machine.finish();
    expect(machine.x(s0)).toBe(interrupt(5n));
    // Taking the trap costs one instruction.
    expect(machine.x(s1)).toBe(1n);
  });

  test('wfi skips time to the exact deadline', () => {
    const machine = withTimer(
      guest(
        engine,
        `
        la t0, handler
        csrw mtvec, t0
        li t1, 0x200000
        li t2, 123456
        sd t2, 0(t1)
        li t2, 0x80
        csrs mie, t2
        wfi
        ld s1, 0(t1)
        li t0, FINISHER
        sw zero, 0(t0)
        1: j 1b
        ${handler}`,
      ),
    );
    machine.finish();
    // wfi itself retired at the deadline; with mstatus.MIE off the hart just goes on.
    expect(machine.x(s1)).toBe(123456n);
    expect(machine.x(s0)).toBe(0n);
    expect(machine.hart.retired).toBeLessThan(30n);
  });

  test('wfi with nothing to wait for is idle', () => {
    const machine = guest(engine, 'li t0, 8; csrs mie, t0; wfi; addi a0, a0, 1\n1: j 1b');
    expect(machine.scheduler.runRound()).toEqual({ kind: 'idle', deadline: undefined });
    expect(machine.x(a0)).toBe(0n);
    machine.hart.machineSoftware.set(true);
    machine.scheduler.runRound();
    expect(machine.x(a0)).toBe(1n);
  });

  test('an interrupt that a store to a device raises is taken before the next instruction', () => {
    const machine = withTimer(
      guest(
        engine,
        `
        la t0, handler
        csrw mtvec, t0
        li t1, 0x200000
        li t2, 8
        csrs mie, t2
        csrsi mstatus, 8
        .option norvc
        sw t2, 8(t1)
        after: addi a0, a0, 1
        ${handler}`,
      ),
    );
    machine.finish();
    expect([machine.x(s0), machine.x(a0)]).toEqual([interrupt(3n), 0n]);
  });

  test('enabling a pending interrupt takes it before the next instruction', () => {
    const machine = guest(
      engine,
      `la t0, handler; csrw mtvec, t0; li t2, 0x800; csrs mie, t2; csrsi mstatus, 8; addi a0, a0, 1; ${handler}`,
    );
    machine.hart.machineExternal.set(true);
    machine.finish();
    expect([machine.x(s0), machine.x(a0)]).toEqual([interrupt(11n), 0n]);
  });

  test('vectored interrupts enter at base + 4 * cause, exceptions at the base', () => {
    const machine = guest(
      engine,
      `
      la t0, table
      addi t0, t0, 1
      csrw mtvec, t0
      li t2, 8
      csrs mie, t2
      csrsi mstatus, 8
      1: j 1b
      .align 8
      .option norvc
      table: .fill 12, 4, 0x00150513
      ${handler}`,
    );
    machine.hart.machineSoftware.set(true);
    machine.finish();
    // addi a0, a0, 1 from slot 3 to slot 11.
    expect([machine.x(a0), machine.x(s0)]).toEqual([9n, interrupt(3n)]);
  });

  test('the same program on two harts runs the same in any division into rounds', () => {
    const program = `
      csrr t0, mhartid
      li t1, ${ramBase + 0x10000}
    1:
      amoadd.d t2, t0, (t1)
      slli a0, a0, 1
      xor a0, a0, t2
      addi t0, t0, 3
      j 1b`;
    const outcome = (limit: number) => {
      const machine = guest(engine, program, { harts: 2, quantum: 100 });
      const scheduler = new Scheduler(machine.harts, machine.clock, { quantum: 100 });
      let total = 0n;
      while (total < 4000n) {
        scheduler.runRound(limit);
        total = machine.harts.reduce((sum, hart) => sum + hart.retired, 0n);
      }
      return machine.harts.map((hart) => [hart.readX(a0), hart.pc]);
    };
    expect(outcome(40)).toEqual(outcome(Number.POSITIVE_INFINITY));
  });
});

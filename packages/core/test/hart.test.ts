import { assemble, M, Mstatus, S, Slot, slotOf, Touched, type Trap, U } from '@trapline/isa';
import { describe, expect, test } from 'vitest';
import { createCore, DeterministicClock, type Firmware, type FirmwareHart, type Hart } from '../src/index.ts';
import { engines, guest, ramBase } from './guest.ts';
import { all, leaf, U as userPage } from './paging.ts';

/** PMP entry 0 as all of memory: slots and values. */
const openPmp: readonly (readonly [number, bigint])[] = [
  [slotOf('pmpaddr0'), (1n << 54n) - 1n],
  [slotOf('pmpcfg0'), 0x1fn],
];

/** Opens PMP and enters U-mode with one gigapage of RAM at its own address. */
const enterUser = (
  hart: Hart,
  core: { ram(address: bigint, bytes: number): Uint8Array | undefined },
): void => {
  const root = BigInt(ramBase) + 0x8_0000n;
  const table = core.ram(root + 16n, 8)!;
  new DataView(table.buffer, table.byteOffset).setBigUint64(0, leaf(ramBase, all | userPage), true);
  hart.privilege = U;
  hart.setCsr(Slot.satp, (8n << 60n) | (root >> 12n));
};

describe.each(engines)('host delivery on the %s engine', (engine) => {
  const user = (source: string) => {
    const core = createCore({ harts: 1, memoryBytes: 0x10_0000, engine });
    core.bus.addRam(ramBase, 0x10_0000);
    core.ram(BigInt(ramBase), 0x10_0000)!.set(assemble(source).bytes);
    const hart = core.createHart({ id: 3, delivery: 'host' });
    for (const [slot, value] of openPmp) hart.csrs.set(slot, value);
    hart.changed(Touched.pmp);
    hart.pc = BigInt(ramBase);
    enterUser(hart, core);
    return { core, hart };
  };

  test('every trap is an exit with pc at the instruction, and nothing of it happened', () => {
    const { hart } = user('li a0, 1; ecall; li a0, 2; csrr a0, sstatus; ld a0, 8(zero)');
    const traps: [Trap, bigint][] = [];
    for (let i = 0; i < 3; i++) {
      const exit = hart.run(1000);
      if (exit.kind !== 'trap') throw new Error(exit.kind);
      traps.push([exit.trap, hart.pc - BigInt(ramBase)]);
      hart.pc += 4n;
      hart.addRetired(1);
    }
    expect(traps).toEqual([
      [{ interrupt: false, cause: 8, tval: 0n }, 4n],
      [{ interrupt: false, cause: 2, tval: 0x1000_2573n }, 12n],
      [{ interrupt: false, cause: 13, tval: 8n }, 16n],
    ]);
    expect(hart.registers.readX(10)).toBe(2n);
    expect(hart.retired()).toBe(5n);
    expect(hart.privilege).toBe(U);
  });

  test('interrupts are not looked at', () => {
    const { hart } = user('1: j 1b');
    hart.csrs.set(Slot.mie, 8n);
    hart.changed(Touched.interrupts);
    hart.line(8n).set(true);
    expect(hart.run(100)).toEqual({ kind: 'budget' });
    expect(hart.retired()).toBe(100n);
  });

  test('a page mapped later is seen after a fence of its address', () => {
    const { core, hart } = user(`li t0, 0x40000000; ld a0, 0(t0)`);
    expect(hart.run(10)).toMatchObject({ kind: 'trap', trap: { cause: 13 } });
    const table = core.ram(BigInt(ramBase) + 0x8_0008n, 8)!;
    new DataView(table.buffer, table.byteOffset).setBigUint64(0, leaf(0x8000_0000, all | userPage), true);
    hart.flushTlb(0x4000_0000n);
    expect(hart.run(1)).toEqual({ kind: 'budget' });
    expect(hart.registers.readX(10)).not.toBe(0n);
  });

  test("fflags, frm and mstatus.FS are the hart's own", () => {
    const { hart } = user('csrwi frm, 2; fcvt.d.w fa0, zero; fadd.d fa0, fa0, fa0; csrr a0, frm; ecall');
    expect(hart.run(10)).toMatchObject({ kind: 'trap', trap: { cause: 2 } });
    hart.setCsr(Slot.mstatus, hart.csrs.get(Slot.mstatus) | 0x2000n);
    expect(hart.run(10)).toMatchObject({ kind: 'trap', trap: { cause: 8 } });
    expect(hart.registers.readX(10)).toBe(2n);
    expect(hart.csrs.get(Slot.mstatus) & Mstatus.FS).toBe(Mstatus.FS);
  });
});

describe.each(engines)('a bare hart on the %s engine', (engine) => {
  test('stop requests end a run at an instruction boundary, and the next run goes on', () => {
    const machine = guest(engine, 'addi a0, a0, 1; li t0, FINISHER; sw zero, 0(t0); addi a0, a0, 1\n1: j 1b');
    expect(machine.hart.run(100)).toBe('requested');
    expect(machine.x(10)).toBe(1n);
    expect(machine.hart.used).toBe(Number(machine.hart.retired));
    machine.hart.run(100);
    expect(machine.x(10)).toBe(2n);
    machine.hart.requestStop();
    expect([machine.hart.run(100), machine.hart.used]).toEqual(['requested', 0]);
  });

  test('saved state, restored into another machine, runs the same', () => {
    const program = `
      li t0, 1 << 13
      csrs mstatus, t0
      li t1, 3
      fcvt.d.l fa0, t1
    1:
      fmul.d fa0, fa0, fa0
      fdiv.d fa1, fa0, fa0
      fclass.d a1, fa0
      add a0, a0, a1
      rdcycle a2
      xor a0, a0, a2
      j 1b`;
    const first = guest(engine, program);
    first.hart.run(333);
    const second = guest(engine, program);
    second.hart.hart.restore(structuredClone(first.hart.hart.save()));
    first.hart.run(500);
    second.hart.run(500);
    const state = ({ hart }: typeof first) => [
      hart.pc,
      hart.retired,
      hart.readX(10),
      hart.readF(10),
      hart.peekCsr(3),
    ];
    expect(state(second)).toEqual(state(first));
  });

  test('minstret and mcycle count retired instructions, and can be written', () => {
    const machine = guest(
      engine,
      'csrr a0, minstret; csrwi minstret, 0; csrr a1, minstret; nop; csrr a2, minstret; li t0, FINISHER; sw zero, 0(t0)',
    );
    machine.finish();
    expect([10, 11, 12].map(machine.x)).toEqual([0n, 0n, 2n]);
  });

  test('code that a device writes over is fetched anew', () => {
    const machine = guest(engine, '1: addi a0, a0, 1; j 1b');
    machine.hart.run(10);
    expect(machine.x(10)).toBe(5n);
    machine.core.ram(BigInt(ramBase), 4)!.set([0x13, 0x05, 0x70, 0x00]); // li a0, 7
    machine.core.physicalWrite(BigInt(ramBase), 4);
    machine.hart.run(2);
    expect(machine.x(10)).toBe(7n);
  });

  test('a store to the next instruction is what executes next', () => {
    const machine = guest(
      engine,
      `
      la t0, patched
      li t1, 0x00700513
      li t2, 3
    again:
      sw t1, 0(t0)
    patched:
      li a0, 1
      add a1, a1, a0
      addi t1, t1, 0x100 << 1
      addi t2, t2, -1
      bnez t2, again
      li t0, FINISHER
      sw zero, 0(t0)`,
    );
    machine.finish();
    expect(machine.x(11)).toBe(21n);
  });
});

/** Firmware that counts, answers ecalls with a0 + 1, and stops harts. */
class ToyFirmware implements Firmware {
  readonly traps: Trap[] = [];

  handle(hart: FirmwareHart, trap: Trap): boolean {
    this.traps.push(trap);
    if (trap.interrupt || trap.cause !== 9) return false;
    hart.pc += 4n;
    if (hart.readX(17) === 1n) hart.halt();
    else hart.writeX(10, hart.readX(10) + 1n);
    return true;
  }
}

describe.each(engines)('firmware on the %s engine', (engine) => {
  const booted = (source: string) => {
    const firmware = new ToyFirmware();
    const clock = new DeterministicClock();
    const core = createCore({ harts: 1, memoryBytes: 0x10_0000, engine });
    core.bus.addRam(ramBase, 0x10_0000);
    core.ram(BigInt(ramBase), 0x10_0000)!.set(assemble(source).bytes);
    const hart = core.createBareHart({ id: 0, clock, firmware });
    for (const [slot, value] of openPmp) hart.state.csrs.set(slot, value);
    hart.changed(Touched.pmp);
    hart.start(BigInt(ramBase), 0x1234n);
    return { hart, firmware };
  };

  test('gets what M-mode would, and its answers retire nothing', () => {
    const { hart, firmware } = booted('mv s0, a1; li a0, 41; ecall; mv s1, a0\n1: j 1b');
    expect(hart.privilege).toBe(S);
    hart.run(10);
    expect([hart.readX(8), hart.readX(9)]).toEqual([0x1234n, 42n]);
    expect(firmware.traps).toEqual([{ interrupt: false, cause: 9, tval: 0n }]);
    expect(hart.retired).toBe(9n);
  });

  test('what it declines is delivered to M-mode', () => {
    const { hart, firmware } = booted('unimp');
    hart.run(1);
    expect(firmware.traps.length).toBe(1);
    expect([hart.privilege, hart.peekCsr(0x342)]).toEqual([M, 2n]);
  });

  test('halts and starts harts', () => {
    const { hart } = booted('li a7, 1; ecall; li s0, 5\n1: j 1b');
    expect(hart.run(10)).toBe('stopped');
    expect(hart.halted).toBe(true);
    hart.start(BigInt(ramBase) + 8n, 0n);
    expect(hart.run(10)).toBe('budget');
    expect(hart.readX(8)).toBe(5n);
  });
});

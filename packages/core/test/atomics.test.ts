import { describe, expect, test } from 'vitest';
import { engines, guest } from './guest.ts';

const cell = 0x8001_0000;
const done = '\nli t0, FINISHER; sw zero, 0(t0)\n1: j 1b\n';
const [a0, a1, a2, a3] = [10, 11, 12, 13];

describe.each(engines)('atomics on the %s engine', (engine) => {
  const run = (source: string, value = 0n, next = 0n) => {
    const machine = guest(engine, `li s0, ${cell}\n${source}${done}`);
    machine.write(cell, value);
    machine.write(cell + 8, next);
    machine.finish();
    return machine;
  };

  test('lr and sc of the same bytes succeed, once', () => {
    const machine = run('li t1, 5; lr.d a0, (s0); sc.d a1, t1, (s0); li t1, 6; sc.d a2, t1, (s0)', 9n);
    expect([a0, a1, a2].map(machine.x)).toEqual([9n, 0n, 1n]);
    expect(machine.read(cell)).toBe(5n);
  });

  test('lr.w sign-extends', () => {
    expect(run('lr.w a0, (s0)', 0x8000_0000n).x(a0)).toBe(0xffff_ffff_8000_0000n);
  });

  test('sc fails without a reservation, at another address, and when it is wider than the reservation', () => {
    expect(run('sc.w a0, s0, (s0)', 1n).x(a0)).toBe(1n);
    expect(run('lr.w a1, (s0); addi t1, s0, 8; sc.w a0, s0, (t1)').x(a0)).toBe(1n);
    expect(run('lr.w a1, (s0); sc.d a0, s0, (s0)').x(a0)).toBe(1n);
    expect(run('lr.d a1, (s0); addi t1, s0, 4; sc.w a0, s0, (t1)').x(a0)).toBe(0n);
  });

  test('a reservation survives a trap', () => {
    const source = `
      la t1, handler
      csrw mtvec, t1
      lr.w a1, (s0)
      ecall
      .align 2
handler:
      sc.w a0, s0, (s0)`;
    expect(run(source).x(a0)).toBe(0n);
  });

  test('a write by a device ends it, one elsewhere does not', () => {
    for (const [address, expected] of [
      [cell, 1n],
      [cell + 7, 1n],
      [cell + 8, 0n],
    ] as const) {
      const machine = guest(
        engine,
        `li s0, ${cell}; lr.d a1, (s0); li t1, 0x200000; sw zero, 0(t1); sc.d a0, s0, (s0)${done}`,
      );
      const write = (): boolean => {
        machine.core.ram(BigInt(address), 1)![0] = 1;
        machine.core.physicalWrite(BigInt(address), 1);
        return true;
      };
      machine.core.bus.addDevice(0x20_0000, 0x1000, { name: 'dma', read: () => 0n, write });
      machine.finish();
      expect(machine.x(a0)).toBe(expected);
    }
  });

  test('two harts that increment one counter with lr and sc lose nothing', () => {
    const program = `
      li s0, ${cell}
      li t2, 200
      csrr s1, mhartid
    1:
      lr.d t1, (s0)
      addi t1, t1, 1
      sc.d a0, t1, (s0)
      beqz a0, 2f
      addi a1, a1, 1
      j 1b
    2:
      addi t2, t2, -1
      bnez t2, 1b
      addi t3, s0, 8
      amoadd.d t4, t2, (t3)
      li t4, 1
      amoadd.d zero, t4, (t3)
      bnez s1, 4f
    3:
      ld t4, 0(t3)
      li t5, 2
      bne t4, t5, 3b
      li t0, FINISHER
      sw zero, 0(t0)
    4:
      j 4b`;
    const machine = guest(engine, program, { harts: 2, quantum: 37 });
    machine.finish();
    expect(machine.read(cell)).toBe(400n);
    expect(machine.harts[0]!.readX(a1) + machine.harts[1]!.readX(a1)).toBeGreaterThan(0n);
  });

  test.each([
    ['amoswap.w', 0xffff_ffff_8000_0001n, 5n, 0xffff_ffff_0000_0005n],
    ['amoadd.w', 0x1_ffff_ffffn, 1n, 0x1_0000_0000n],
    ['amomin.w', 0x8000_0000n, 1n, 0x8000_0000n],
    ['amominu.w', 0x8000_0000n, 1n, 1n],
    ['amomax.d', 2n ** 63n, 1n, 1n],
    ['amomaxu.d', 2n ** 63n, 1n, 2n ** 63n],
    ['amoxor.d', 0xff00n, 0x0ff0n, 0xf0f0n],
    ['amoand.d', 0xff00n, 0x0ff0n, 0x0f00n],
    ['amoor.d', 0xff00n, 0x0ff0n, 0xfff0n],
  ])('%s', (name, before, operand, after) => {
    const machine = run(`li a1, ${operand}; ${name} a0, a1, (s0)`, before);
    expect(machine.read(cell)).toBe(after);
    const old = name.endsWith('.w') ? BigInt.asUintN(64, BigInt.asIntN(32, before)) : before;
    expect(machine.x(a0)).toBe(old);
  });

  // amocas.{w,d,q} a0, a2, (s0): compares with a0 (a0, a1), stores a2 (a2, a3).
  const cas = (funct3: number): string =>
    `.word ${(0b00101 << 27) | (12 << 20) | (8 << 15) | (funct3 << 12) | (10 << 7) | 0x2f}`;

  test('amocas.w compares and stores words', () => {
    const hit = run(`li a0, -1; li a2, 7; ${cas(2)}`, 0x1_ffff_ffffn);
    expect([hit.x(a0), hit.read(cell)]).toEqual([2n ** 64n - 1n, 0x1_0000_0007n]);
    const miss = run(`li a0, 1; li a2, 7; ${cas(2)}`, 0x1_8000_0000n);
    expect([miss.x(a0), miss.read(cell)]).toEqual([0xffff_ffff_8000_0000n, 0x1_8000_0000n]);
  });

  test('amocas.q compares and stores register pairs', () => {
    const operands = 'li a0, 1; li a1, 2; li a2, 3; li a3, 4;';
    const hit = run(`${operands} ${cas(4)}`, 1n, 2n);
    expect([hit.x(a0), hit.x(a1), hit.read(cell), hit.read(cell + 8)]).toEqual([1n, 2n, 3n, 4n]);
    const miss = run(`${operands} ${cas(4)}`, 1n, 5n);
    expect([miss.x(a0), miss.x(a1), miss.read(cell), miss.read(cell + 8)]).toEqual([1n, 5n, 1n, 5n]);
    expect(miss.x(a3)).toBe(4n);
  });

  test('cbo.zero clears its 64 bytes', () => {
    const machine = guest(engine, `li t1, ${cell + 0x70}; cbo.zero (t1)${done}`);
    for (const at of [0x38, 0x40, 0x78, 0x80]) machine.write(cell + at, 9n);
    machine.finish();
    expect([0x38, 0x40, 0x78, 0x80].map((at) => machine.read(cell + at))).toEqual([9n, 0n, 0n, 9n]);
  });
});

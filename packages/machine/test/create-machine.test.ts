import { MemoryDisk } from '@trapline/devices';
import { assemble } from '@trapline/isa';
import type { Policy } from '@trapline/vmm';
import { describe, expect, test } from 'vitest';
import { createMachine, type Machine, type MachineOptions } from '../src/index.ts';

const MIB = 1024 ** 2;
const RAM = 0x8000_0000n;

/** What every program below may use. */
const symbols = { uart: 0x1000_0000, finisher: 0x10_0000, pass: 0x5555, clint: 0x200_0000 };

const flat = (source: string, base: bigint = RAM) => ({
  name: 'program',
  bytes: assemble(source, { base, symbols }).bytes,
});

const make = (source: string, options: MachineOptions = {}): Promise<Machine> =>
  createMachine({ kernel: flat(source), ramBytes: 16 * MIB, clock: 'deterministic', ...options });

const word = (machine: Machine, address: bigint): bigint =>
  new DataView(machine.memory.view(address, 8)!.slice().buffer).getBigUint64(0, true);

function printed(machine: Machine): () => string {
  let text = '';
  machine.onOutput((bytes) => {
    text += new TextDecoder().decode(bytes);
  });
  return () => text;
}

const powerOff = `
  li t0, finisher
  li t1, pass
  sw t1, 0(t0)
1: j 1b
`;

describe.each(['shadow', 'none'] as const)('under monitor %s', (monitor) => {
  test('every hart starts in M-mode with its number and the device tree', async () => {
    const machine = await make(
      `la t0, seen
       slli t1, a0, 4
       add t0, t0, t1
       sd a1, 0(t0)
       csrr t2, mhartid
       addi t2, t2, 1
       sd t2, 8(t0)
       1: j 1b
       .align 8
       seen: .dword 0, 0, 0, 0, 0, 0`,
      { harts: 3, monitor },
    );
    await machine.run({ maxInstructions: 40_000 });
    const seen = RAM + 0x100n;
    const tree = word(machine, seen);
    expect(Buffer.from(machine.memory.view(tree, 4)!).toString('hex')).toBe('d00dfeed');
    for (const hart of [0n, 1n, 2n]) {
      expect(word(machine, seen + 16n * hart)).toBe(tree);
      expect(word(machine, seen + 16n * hart + 8n)).toBe(hart + 1n);
    }
  });

  test('with the built-in firmware the boot hart starts in S-mode, others through SBI', async () => {
    const source = `
      csrr t0, sstatus        # S-mode may
      mv s0, a0
      li a7, 0x48534d         # HSM
      li a6, 0                # hart_start
      li a0, 1
      la a1, second
      li a2, 'b'
      ecall
      bnez a0, fail
    wait:
      la t0, flag
      ld t1, 0(t0)
      beqz t1, wait
      li a0, 'c'
      call put
      li a7, 0x53525354       # SRST
      li a6, 0
      li a0, 0
      li a1, 0
      ecall
    fail: j fail
    second:
      mv a0, a1
      call put
      la t0, flag
      li t1, 1
      sd t1, 0(t0)
      li a7, 0x48534d
      li a6, 1                # hart_stop
      ecall
    put:
      li a7, 0x4442434e       # DBCN
      li a6, 2                # console_write_byte
      ecall
      ret
      .align 3
    flag: .dword 0`;
    const machine = await make('', {
      kernel: flat(source, 0x8020_0000n),
      bios: 'builtin',
      harts: 2,
      monitor,
    });
    const text = printed(machine);
    expect(machine.harts[0]?.privilege).toBe(1);
    expect(machine.harts[0]?.pc).toBe(0x8020_0000n);
    expect(await machine.run({ maxInstructions: 100_000 })).toEqual({ kind: 'guest', code: 0 });
    expect(text()).toBe('bc');
    expect(machine.stats().sbiCalls).toMatchObject({ 'HSM.hart_start': 1, 'DBCN.console_write_byte': 2 });
  });

  test('a guest whose every hart stops has halted', async () => {
    const source = 'li a7, 0x48534d\n li a6, 1\n ecall';
    const machine = await make('', { kernel: flat(source, 0x8020_0000n), bios: 'builtin', monitor });
    expect(await machine.run({ maxInstructions: 100_000 })).toEqual({ kind: 'halted' });
  });

  test('input wakes a waiting guest, in either kind of time', async () => {
    const source = `
      li t0, 0xc000000
      li t1, 1
      sw t1, 40(t0)           # priority of source 10
      li t0, 0xc002000
      li t1, 1 << 10
      sw t1, 0(t0)            # enabled for hart 0, M-mode
      li s0, uart
      li t1, 1
      sb t1, 1(s0)            # receive interrupt
      li t1, 1 << 11
      csrw mie, t1
    wait:
      wfi
      lbu t1, 5(s0)
      andi t1, t1, 1
      beqz t1, wait
      lbu t1, 0(s0)
      sb t1, 0(s0)
      ${powerOff}`;
    for (const clock of ['deterministic', 'realtime'] as const) {
      const machine = await make(source, { monitor, clock });
      const text = printed(machine);
      const done = machine.run({ timeoutMs: 60_000 });
      setTimeout(() => machine.input(new TextEncoder().encode('!')), 20);
      expect(await done).toEqual({ kind: 'guest', code: 0 });
      expect(text()).toBe('!');
      expect(machine.stats().idleSeconds).toBeGreaterThan(0);
    }
  });

  test('a timer wakes a waiting guest', async () => {
    const source = `
      li t0, clint + 0xbff8
      ld t1, 0(t0)
      li t2, 50000
      add t1, t1, t2
      li t0, clint + 0x4000
      sd t1, 0(t0)
      li t1, 1 << 7
      csrw mie, t1
      wfi
      ${powerOff}`;
    for (const clock of ['deterministic', 'realtime'] as const) {
      const machine = await make(source, { monitor, clock });
      expect(await machine.run({ timeoutMs: 60_000 })).toEqual({ kind: 'guest', code: 0 });
    }
  });

  test('pause and step leave a run where it was', async () => {
    const machine = await make('1: addi a3, a3, 1\n j 1b', { monitor });
    expect(await machine.run({ maxInstructions: 1001 })).toEqual({ kind: 'instructionLimit' });
    expect(machine.instructions).toBe(1001);
    expect(machine.harts[0]?.readX(13)).toBe(501n);
    expect(machine.step()).toBeUndefined();
    expect(machine.harts[0]?.pc).toBe(RAM);
    const done = machine.run();
    machine.pause();
    expect(await done).toEqual({ kind: 'paused' });
  });

  test.each([
    ['0x5555', { kind: 'guest', code: 0 }],
    ['0x73333', { kind: 'guest', code: 7 }],
    ['0x7777', { kind: 'reset' }],
  ])('the finisher ends the run: %s', async (value, reason) => {
    const machine = await make(`li t0, finisher\n li t1, ${value}\n sw t1, 0(t0)\n li a0, 99`, { monitor });
    expect(await machine.run({ maxInstructions: 1000 })).toEqual(reason);
    expect(machine.harts[0]?.readX(10)).toBe(0n);
  });

  test('a storm of traps meets the instruction limit', async () => {
    const machine = await make('csrw mtvec, zero\n ecall', { monitor });
    expect(await machine.run({ maxInstructions: 100_000, timeoutMs: 60_000 })).toEqual({
      kind: 'instructionLimit',
    });
  });
});

test('the same guest is the same to the bit, bare and virtual', async () => {
  const source = `
      la t0, handler
      csrw mtvec, t0
      li s0, 200
    loop:
      ecall
      rdtime t1
      xor s1, s1, t1
      addi s0, s0, -1
      bnez s0, loop
      ${powerOff}
      .align 2
    handler:
      csrr t2, mepc
      addi t2, t2, 4
      csrw mepc, t2
      mret`;
  const run = async (monitor: 'shadow' | 'none') => {
    const machine = await make(source, { monitor, seed: 5 });
    const reason = await machine.run({ maxInstructions: 1_000_000 });
    const registers = Array.from({ length: 32 }, (_, index) => machine.harts[0]?.readX(index));
    return { reason, registers, retired: machine.instructions, ram: machine.ramHash() };
  };
  expect(await run('shadow')).toEqual(await run('none'));
});

test('the seed is all that is random in a deterministic machine', async () => {
  const hash = async (options: MachineOptions) => (await make('nop', options)).ramHash();
  expect(await hash({ seed: 1 })).toBe(await hash({ seed: 1 }));
  expect(await hash({ seed: 1 })).not.toBe(await hash({ seed: 2 }));
  expect(await hash({ clock: 'realtime' })).not.toBe(await hash({ clock: 'realtime' }));
});

test('the real-time clock follows the host where it may, else starts in 2026', async () => {
  const source = `li t0, 0x101000\n lwu t1, 0(t0)\n lwu a0, 4(t0)\n slli a0, a0, 32\n or a0, a0, t1\n ${powerOff}`;
  const wallClock = { nanoseconds: () => 1_234_567_890_123_456_789n };
  const read = async (options: MachineOptions) => {
    const machine = await make(source, options);
    await machine.run({ maxInstructions: 1000 });
    return machine.harts[0]!.readX(10);
  };
  expect(await read({ clock: 'realtime', wallClock })).toBe(1_234_567_890_123_456_789n);
  const fixed = await read({ wallClock });
  expect(new Date(Number(fixed / 1_000_000n)).toISOString()).toMatch(/^2026-01-01T00:00:00/);
});

test('disks are in their slots, the random number generator in the last', async () => {
  const ids = async (options: MachineOptions) => {
    const source = `li t0, 0x10001008\n li t1, 0x1000\n la t2, ids\n li t3, 8
      1: lw t4, 0(t0)\n sd t4, 0(t2)\n add t0, t0, t1\n addi t2, t2, 8\n addi t3, t3, -1\n bnez t3, 1b
      ${powerOff}
      .align 12
      ids: .dword 0, 0, 0, 0, 0, 0, 0, 0`;
    const machine = await make(source, options);
    await machine.run({ maxInstructions: 1000 });
    return Array.from({ length: 8 }, (_, slot) => Number(word(machine, RAM + 0x1000n + BigInt(slot * 8))));
  };
  const disk = { backend: new MemoryDisk(new Uint8Array(512)) };
  expect(await ids({})).toEqual([0, 0, 0, 0, 0, 0, 0, 4]);
  expect(await ids({ disks: [disk, { ...disk, slot: 3 }, disk] })).toEqual([2, 2, 0, 2, 0, 0, 0, 4]);
  expect(await ids({ disks: Array.from({ length: 8 }, () => disk) })).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
  await expect(ids({ disks: Array.from({ length: 9 }, () => disk) })).rejects.toMatchObject({
    code: 'disk-slot',
  });
  await expect(ids({ disks: [{ ...disk, slot: 8 }] })).rejects.toMatchObject({ code: 'disk-slot' });
});

test('a policy sees exits and may end the run', async () => {
  const policy: Policy = {
    name: 'no traps',
    onExit: (_, exit) => (exit.kind === 'breakpoint' ? { kind: 'stop', why: 'a breakpoint' } : undefined),
  };
  const machine = await make('csrr a0, mhartid\n ebreak\n 1: j 1b', { monitor: policy });
  const seen: string[] = [];
  machine.onExit((event) => seen.push(event.exit));
  expect(await machine.run({ maxInstructions: 1000 })).toEqual({ kind: 'policy', why: 'a breakpoint' });
  expect(seen).toContain('illegalInstruction');
});

test('a listener that is not ready holds the guest back', async () => {
  const machine = await make(`li s0, uart\n li t0, 'x'\n 1: sb t0, 0(s0)\n j 1b`);
  let release: (() => void) | undefined;
  let chunks = 0;
  machine.onOutput(() => {
    chunks += 1;
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  const done = machine.run();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(chunks).toBe(1);
  machine.pause();
  release?.();
  expect(await done).toEqual({ kind: 'paused' });
});

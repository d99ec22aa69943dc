import { createCore, DeterministicClock, Scheduler } from '@trapline/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualMachine } from '../src/index.ts';
import { assembleGuest, ramBase } from './pair.ts';

const ramBytes = 0x10_0000;
const shadowBytes = 0x10_0000;

/** Two virtual machines on one core memory, each with the same addresses. */
const neighbours = (first: Uint8Array, second: Uint8Array) => {
  const core = createCore({
    harts: 2,
    memoryBytes: 2 * (ramBytes + VirtualMachine.overheadBytes(1, shadowBytes)),
  });
  return [first, second].map((program) => {
    const clock = new DeterministicClock({ instructionsPerTick: 1 });
    const machine = new VirtualMachine({ core, harts: 1, clock, shadowBytes });
    machine.addRam(ramBase, ramBytes);
    const ram = machine.dma.view(BigInt(ramBase), ramBytes)!;
    ram.set(program);
    machine.harts[0]!.pc = BigInt(ramBase);
    return { machine, ram, hart: machine.harts[0]!, scheduler: new Scheduler(machine.harts, clock) };
  });
};

/** Tries to read and write every page at a stride over everything an address can name; counts accesses that were allowed. */
const prober = `
  la t0, handler
  csrw mtvec, t0
  li s0, 0             # allowed
  li s1, 0             # address
  li s2, STRIDE
  li s3, END
probe:
  li a0, 1
  ld t1, 0(s1)
  beqz a0, 1f
  addi s0, s0, 1
1:
  li a0, 1
  sd s2, 8(s1)
  beqz a0, 2f
  addi s0, s0, 1
2:
  add s1, s1, s2
  bltu s1, s3, probe
  li s4, 1
stay: j stay
  .balign 4
handler:
  li a0, 0
  csrr t2, mepc
  addi t2, t2, 4
  csrw mepc, t2
  mret
`;

test('a guest that probes all addresses reaches its own RAM only, and the neighbour never notices', () => {
  const probe = assembleGuest(`.equ STRIDE, 0x40000\n.equ END, 0x100000000\n${prober}`);
  const idle = assembleGuest('li s0, 0x5eed\n1: addi s1, s1, 1\nj 1b');
  const [attacker, victim] = neighbours(probe, idle);
  victim!.scheduler.runRound(1000);
  const before = victim!.ram.slice();
  const registers = Array.from({ length: 32 }, (_, i) => victim!.hart.readX(i));
  for (let i = 0; i < 200 && attacker!.hart.readX(20) !== 1n; i++) attacker!.scheduler.runRound();
  expect(attacker!.hart.readX(20)).toBe(1n);
  // 1 MiB of RAM at a stride of 256 KiB: four pages, a load and a store each.
  expect(attacker!.hart.readX(8)).toBe(8n);
  expect(Buffer.compare(before, victim!.ram)).toBe(0);
  expect(Array.from({ length: 32 }, (_, i) => victim!.hart.readX(i))).toEqual(registers);
  victim!.scheduler.runRound(1000);
  expect(victim!.hart.readX(8)).toBe(0x5eedn);
});

test('page tables that name host addresses, holes and the neighbour map nothing outside the guest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 0n, max: (1n << 44n) - 1n }), { minLength: 8, maxLength: 8 }),
      (pages) => {
        const entries = pages.map((ppn, i) => `.dword ${(ppn << 10n) | 0xcfn} # page ${i}`).join('\n');
        const attacker = assembleGuest(`
        la t0, handler
        csrw mtvec, t0
        li t0, -1
        csrw pmpaddr0, t0
        li t0, 0x1f
        csrw pmpcfg0, t0
        la t0, root
        la t1, level1
        srli t2, t1, 2
        ori t2, t2, 1
        sd t2, 0(t0)
        la t1, level0
        srli t2, t1, 2
        ori t2, t2, 1
        la t1, level1
        sd t2, 0(t1)
        srli t0, t0, 12
        li t2, 8 << 60
        or t0, t0, t2
        csrw satp, t0
        li t0, 0x20800
        csrs mstatus, t0   # MPRV with MPP = S: data through the hostile table
        li s1, 0
        li s2, 8
      1:
        sd s3, 16(s1)
        ld s3, 0(s1)
        lui t0, 1
        add s1, s1, t0
        addi s2, s2, -1
        bnez s2, 1b
        li s4, 1
      2: j 2b
        .balign 4
      handler:
        csrr t2, mepc
        addi t2, t2, 4
        csrw mepc, t2
        li t2, 0x20800
        csrs mstatus, t2
        mret
        .balign 4096
      root: .zero 4096
      level1: .zero 4096
      level0: ${entries}
      `);
        const [hostile, victim] = neighbours(attacker, assembleGuest('1: j 1b'));
        const before = victim!.ram.slice();
        for (let i = 0; i < 20 && hostile!.hart.readX(20) !== 1n; i++) hostile!.scheduler.runRound(2000);
        expect(hostile!.hart.readX(20)).toBe(1n);
        expect(Buffer.compare(before, victim!.ram)).toBe(0);
      },
    ),
    { numRuns: 20, seed: 1 },
  );
});

test("DMA outside the guest's RAM has no view", () => {
  const [one] = neighbours(assembleGuest('1: j 1b'), assembleGuest('1: j 1b'));
  const { dma } = one!.machine;
  expect(dma.view(BigInt(ramBase), ramBytes)?.length).toBe(ramBytes);
  expect(dma.view(BigInt(ramBase), ramBytes + 1)).toBeUndefined();
  expect(dma.view(BigInt(ramBase) - 1n, 2)).toBeUndefined();
  expect(dma.view(0n, 1)).toBeUndefined();
  expect(dma.view(1n << 40n, 4096)).toBeUndefined();
  expect(dma.view((1n << 64n) - 1n, 1)).toBeUndefined();
});

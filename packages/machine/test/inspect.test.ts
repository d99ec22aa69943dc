import { readFileSync } from 'node:fs';
import { MemoryDisk } from '@trapline/devices';
import { describe, expect, it } from 'vitest';
import { createMachine, type Machine } from '../src/index.ts';

const guest = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)));

async function booted(monitor: 'shadow' | 'none'): Promise<Machine> {
  const machine = await createMachine({
    ramBytes: 64 * 2 ** 20,
    kernel: { name: 'perch', bytes: guest('kernel.elf') },
    disks: [{ backend: new MemoryDisk(guest('disk.img')) }],
    clock: 'deterministic',
    monitor,
  });
  await machine.run({ maxInstructions: 250_000 });
  return machine;
}

describe('inspection of a deprivileged guest', async () => {
  const machine = await booted('shadow');
  const { inspector } = machine;

  it('shows a hart in U-mode under a guest that believes otherwise', () => {
    const { worlds, pc, x, tlb, codePages } = inspector.hart(0);
    expect(worlds.map(({ name }) => name)).toEqual(['guest', 'hart']);
    expect(worlds[1]!.privilege).toBe(0);
    expect(pc).toBe(machine.harts[0]!.pc);
    expect(x[2]).toBe(machine.harts[0]!.readX(2));
    const stvec = worlds.map(({ csrs }) => csrs.find(({ name }) => name === 'stvec')?.value);
    expect(stvec).toEqual([machine.harts[0]!.peekCsr(0x105), 0n]);
    expect(tlb.every(({ used, size }) => used >= 0 && used <= size)).toBe(true);
    expect(tlb.some(({ used }) => used > 0)).toBe(true);
    expect(codePages).toBeGreaterThan(5);
    expect(codePages).toBeLessThan(200);
  });

  it('walks an address to the same byte in both worlds, and what it finds is what memory holds', () => {
    const va = machine.harts[0]!.pc;
    const { guest: believed, hart: real, host, device } = inspector.walk(0, va);
    expect(believed.pa).toBeDefined();
    expect(device).toBeUndefined();
    expect(host).toBe(inspector.walk(0, va).host);
    if (real!.pa !== undefined) expect(real!.pa).toBe(host);
    expect(believed.steps.at(-1)!.kind).toBe('leaf');
    expect(believed.steps.map(({ kind }) => kind).slice(0, -1)).toEqual(
      believed.steps.slice(1).map(() => 'table'),
    );
    for (const { address, pte } of believed.steps) {
      const bytes = machine.memory.view(address, 8)!;
      expect(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)).toBe(pte);
    }
  });

  it('opens tables lazily: every table of the root has entries, and leaves the walk agrees with', () => {
    const roots = inspector.table(0, 'guest');
    const { root } = inspector.hart(0).worlds[0]!;
    const table = roots.find(({ kind }) => kind === 'table')!;
    const below = inspector.table(0, 'guest', {
      address: table.target,
      level: root!.levels - 2,
      base: table.va,
    });
    expect(below.length).toBeGreaterThan(0);
    const leaf = below.find(({ kind }) => kind === 'leaf');
    if (leaf) expect(inspector.walk(0, leaf.va).guest.pa).toBe(leaf.target);
    expect(inspector.table(0, 'hart').length).toBeGreaterThan(0);
  });

  it('changes nothing a guest could notice', async () => {
    const other = await booted('shadow');
    inspector.hart(0);
    inspector.walk(0, 0x1234_5678n);
    for (const each of [machine, other]) each.input(new TextEncoder().encode('primes 100000\n'));
    await machine.run({ maxInstructions: 100_000 });
    await other.run({ maxInstructions: 100_000 });
    expect(machine.ramHash()).toBe(other.ramHash());
  });

  it('knows devices and their registers by address', () => {
    expect(inspector.walk(0, 0x1000_0000n).device).toBe('uart');
    expect(machine.registerAt(0x1000_0005n)).toBe('LSR');
    expect(machine.registerAt(0x9000_0000n)).toBeUndefined();
  });
});

it('a bare machine has one world', async () => {
  const { inspector } = await booted('none');
  const { worlds } = inspector.hart(0);
  expect(worlds.map(({ name }) => name)).toEqual(['guest']);
  const { guest: believed, hart, host } = inspector.walk(0, inspector.hart(0).pc);
  expect(hart).toBeUndefined();
  expect(host).toBe(believed.pa);
});

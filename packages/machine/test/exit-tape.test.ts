import { readFileSync } from 'node:fs';
import { MemoryDisk } from '@trapline/devices';
import { type ExitEvent, ExitTape } from '@trapline/vmm';
import { describe, expect, it } from 'vitest';
import { createMachine, type MachineOptions } from '../src/index.ts';

const guest = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)));

const booting = (options: MachineOptions = {}) =>
  createMachine({
    ramBytes: 64 * 2 ** 20,
    kernel: { name: 'perch', bytes: guest('kernel.elf') },
    disks: [{ backend: new MemoryDisk(guest('disk.img')) }],
    clock: 'deterministic',
    ...options,
  });

describe('a tape', () => {
  it('gives back every exit as a listener saw it', async () => {
    const machine = await booting({ harts: 2 });
    const seen: ExitEvent[] = [];
    const tape = new ExitTape(200_000);
    machine.onExit((event) => seen.push(event));
    machine.recordExits(tape);
    await machine.run({ maxInstructions: 240_000 });
    expect([tape.first, tape.next]).toEqual([0, seen.length]);
    expect(seen.length).toBeGreaterThan(1000);
    const kinds = new Set(seen.map(({ action }) => action.kind));
    expect([...kinds].sort()).toEqual(['device', 'emulated', 'filled', 'reflected']);
    for (const [number, event] of seen.entries()) {
      expect(tape.read(number)).toEqual(event);
      expect(tape.moment(number)).toEqual({
        hart: event.hart,
        mode: event.mode,
        modeAfter: event.after.mode,
        exit: event.exit,
      });
      expect([tape.retired(number), tape.time(number)]).toEqual([Number(event.retired), Number(event.time)]);
    }
  });

  it('keeps the newest, and tells of each as it is written', async () => {
    const machine = await booting();
    const tape = new ExitTape(10);
    let told = 0;
    const stop = machine.recordExits(tape, () => {
      told++;
      expect(tape.read(tape.next - 1)).toBeDefined();
    });
    await machine.run({ maxInstructions: 50_000 });
    expect(told).toBe(tape.next);
    expect(tape.first).toBe(tape.next - 10);
    expect(tape.read(tape.first - 1)).toBeUndefined();
    expect(tape.read(tape.next)).toBeUndefined();
    stop();
    await machine.run({ maxInstructions: 50_000 });
    expect(told).toBe(tape.next);
  });

  it('holds what a policy decided', async () => {
    const policy = {
      name: 'talkative',
      onExit: ({ id }: { readonly id: number }) =>
        id === 0 && tape.next === 20 ? ({ kind: 'stop', why: 'enough' } as const) : undefined,
    };
    const tape = new ExitTape(50);
    const machine = await booting({ monitor: policy });
    machine.recordExits(tape);
    expect(await machine.run({ maxInstructions: 50_000 })).toEqual({ kind: 'policy', why: 'enough' });
    expect(tape.read(20)?.action).toEqual({ kind: 'policy', why: 'enough' });
  });
});

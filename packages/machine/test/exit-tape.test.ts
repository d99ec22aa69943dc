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

/** The guest's own tests: many calls, address spaces and signals, and then it powers off. */
const testing = (options: MachineOptions) => booting({ append: 'selftest', ...options });

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

  it('alone holds the same as one that is told at once, though what could then ran in place', async () => {
    const [alone, told] = [new ExitTape(200_000), new ExitTape(200_000)];
    const machines = await Promise.all([testing({ harts: 2 }), testing({ harts: 2 })]);
    machines[0].recordExits(alone);
    let calls = 0;
    machines[1].recordExits(told, () => calls++);
    for (const machine of machines) await machine.run({ maxInstructions: 1_000_000 });
    expect(calls).toBe(told.next);
    expect(told.next).toBeGreaterThan(5000);
    expect(alone.next).toBe(told.next);
    for (let number = 0; number < told.next; number++) expect(alone.read(number)).toEqual(told.read(number));
    const figures = machines.map((machine) => machine.stats());
    expect(figures[0]!.exits).toEqual(figures[1]!.exits);
    expect(figures[0]!.shadow).toEqual(figures[1]!.shadow);
    expect(machines[0].ramHash()).toBe(machines[1].ramHash());
  });

  it('has times that never go back where the host gives them', async () => {
    const machine = await testing({ clock: 'realtime' });
    const tape = new ExitTape(200_000);
    machine.recordExits(tape);
    await machine.run({ maxInstructions: 1_000_000 });
    const times = Array.from({ length: tape.next }, (_, number) => tape.time(number));
    expect(times.length).toBeGreaterThan(1000);
    expect(times.filter((time, number) => number > 0 && time < times[number - 1]!)).toEqual([]);
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

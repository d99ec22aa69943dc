import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultConfig, type MachineConfig } from '../src/machine/config.ts';
import { everything } from '../src/machine/filter.ts';
import type { MachineEvent, MachineState } from '../src/machine/protocol.ts';
import { Session } from '../src/worker/session.ts';

const guest = (name: string) =>
  `data:application/octet-stream;base64,${readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)).toString('base64')}`;
const builtin = { kernel: guest('kernel.elf'), disk: guest('disk.img') };
const type = (text: string) => new TextEncoder().encode(text);

const running: Session[] = [];
afterEach(() => {
  for (const session of running.splice(0)) session.pause('you');
});

function start(config: Partial<MachineConfig> = {}) {
  const events: MachineEvent[] = [];
  const session = new Session((event) => {
    events.push(event);
    if (event.kind === 'output') session.shown(event.bytes.length);
  });
  running.push(session);
  const states = (): MachineState[] =>
    events.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
  const boot = () =>
    session.boot({ config: { ...defaultConfig, memoryMiB: 64, ...config }, files: {}, builtin });
  return { session, boot, states };
}

describe('a machine of the page', () => {
  it('records nothing until somebody looks, then every exit, and forgets with the machine', async () => {
    const { session, boot } = start();
    await boot();
    expect(await session.printed('\n$ ', 30_000)).toBe(true);
    expect(session.exits({ limit: 10 })).toEqual({ rows: [], recorded: 0, dropped: 0 });
    session.record(true);
    session.input(type('echo hello there\n'));
    expect(await session.printed('\nhello there', 30_000)).toBe(true);
    session.pause('you');
    const page = session.exits({ limit: 100_000 });
    expect(page.rows).toHaveLength(page.recorded - page.dropped);
    const letters = page.rows.filter(({ exit, text }) => exit === 'mmio' && text?.startsWith('sb'));
    expect(letters.length).toBeGreaterThanOrEqual('hello there'.length);
    await session.reset(true);
    expect(session.exits({ limit: 10 }).recorded).toBe(0);
  });

  it('filters by kind, mode, CSR, symbol, device and action', async () => {
    const { session, boot } = start();
    await boot();
    await session.reset(true);
    session.record(true);
    session.resume('you');
    await session.printed('perch is up', 30_000);
    session.pause('you');
    const rows = (filter: object) =>
      session.exits({ filter: { ...everything, ...filter }, limit: 100_000 }).rows;
    const all = rows({});
    expect(rows({ exits: ['mmio'] })).toEqual(all.filter(({ exit }) => exit === 'mmio'));
    expect(rows({ modes: [3] })).toEqual(all.filter(({ mode }) => mode === 3));
    expect(rows({ actions: ['filled'] })).toEqual(all.filter(({ action }) => action === 'filled'));
    expect(rows({ symbol: 'kernel_start' }).every(({ at }) => at?.startsWith('kernel_start'))).toBe(true);
    expect(rows({ csr: 'stvec' }).map(({ text }) => text)).toEqual(['csrw stvec,a5']);
    expect(rows({ device: 'virtio-blk QueueNotify' }).length).toBeGreaterThan(0);
    expect(rows({ csr: 'nonsense' })).toEqual([]);
    expect(rows({ modes: [3] }).length).toBeLessThan(all.length);
  });

  it('stops right at a trap, steps one instruction, and goes on', async () => {
    const { session, boot, states } = start();
    await boot();
    await session.reset(true);
    const exit = await session.runTo({ ...everything, csr: 'satp' }, 30_000);
    expect(exit?.row.text).toContain('satp');
    expect(states().at(-1)).toEqual({ kind: 'paused', why: 'breakpoint' });
    const before = session.hart(0)!;
    expect(before.pc).toBe(exit!.event.after.pc);
    session.step(1);
    expect(session.hart(0)!.pc).not.toBe(before.pc);
    session.resume('you');
    expect(await session.printed('perch is up', 30_000)).toBe(true);
  });

  it('adds the modes up to all instructions between the first and the last exit', async () => {
    const { session, boot } = start();
    await boot();
    await session.reset(true);
    session.record(true);
    session.resume('you');
    await session.printed('perch is up', 30_000);
    session.pause('you');
    const strip = session.strip({ hart: 0, axis: 'instructions', pieces: 50 });
    const sum = strip.pieces.reduce((total, { M, S, U }) => total + M + S + U, 0);
    expect(sum).toBeCloseTo(strip.end - strip.start, 3);
    expect(strip.pieces.reduce((total, { exits }) => total + exits, 0)).toBeGreaterThan(100);
    const part = session.strip({
      hart: 0,
      axis: 'instructions',
      pieces: 8,
      from: strip.start + 1000,
      to: strip.start + 2000,
    });
    expect(part.pieces.reduce((total, { M, S, U }) => total + M + S + U, 0)).toBeCloseTo(1000, 3);
  });

  it('a slow machine is slow, a hidden one stands still', async () => {
    const { session, boot } = start({ speed: 0.01 });
    await boot();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const slow = session.figures()!.instructions;
    expect(slow).toBeLessThan(100_000);
    session.pause('hidden');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const hidden = session.figures()!.instructions;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(session.figures()!.instructions).toBe(hidden);
    session.setSpeed(0);
    session.resume('hidden');
    expect(await session.printed('perch is up', 30_000)).toBe(true);
  });

  it('says what cannot be made, and boots when it can', async () => {
    const { session, boot, states } = start();
    const kernel = { name: 'cut.elf', blob: new Blob([new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1])]) };
    await expect(session.boot({ config: defaultConfig, files: { kernel }, builtin })).rejects.toThrow(
      'cut.elf is truncated',
    );
    const state = states().at(-1);
    expect(state?.kind === 'failed' && state.message).toMatch(
      /^cut\.elf is truncated: .*\. Build or copy the file again\.$/,
    );
    await boot();
    expect(await session.printed('perch is up', 30_000)).toBe(true);
  });

  it('ends with the guest, and a bare machine has no exits', async () => {
    const { session, boot, states } = start({ monitor: 'none' });
    await boot();
    session.record(true);
    await session.printed('\n$ ', 30_000);
    expect(session.hart(0)!.worlds.map(({ name }) => name)).toEqual(['guest']);
    expect(session.exits({ limit: 1 }).recorded).toBe(0);
    session.input(type('poweroff\n'));
    await expect
      .poll(() => states().at(-1), { timeout: 30_000 })
      .toEqual({
        kind: 'ended',
        message: 'The guest powered off.',
      });
  });
});

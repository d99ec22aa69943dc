import {
  BareHart,
  type BoardClock,
  type CoreParts,
  createCore,
  DeterministicClock,
  type GuestHart,
  type Hart,
  type HartOptions,
  type ScheduledHart,
  Scheduler,
} from '@trapline/core';
import { assemble } from '@trapline/isa';
import { type Policy, VirtualMachine } from '../src/index.ts';

export const ramBase = 0x8000_0000;
export const ramBytes = 0x40_0000;
export const finisherBase = 0x10_0000;
const clintBase = 0x200_0000;

/** One board of RAM, a finisher, a CLINT-like timer and a print port, its harts bare or virtual. */
export interface Board {
  readonly name: 'bare' | 'virtual';
  readonly harts: readonly GuestHart[];
  readonly scheduler: Scheduler;
  readonly clock: BoardClock;
  readonly ram: Uint8Array;
  readonly printed: number[];
  /** What was stored to the finisher, once something was. */
  finished: number | undefined;
  readonly machine: VirtualMachine | undefined;
}

export interface BoardOptions {
  readonly harts?: number;
  readonly quantum?: number;
  readonly instructionsPerTick?: number;
  readonly policy?: Policy;
  readonly ramBytes?: number;
  /** Makes the bare board's harts in place of the core. */
  readonly makeHart?: (core: CoreParts, options: HartOptions) => Hart;
}

/** The program at the start of RAM, every hart at its first instruction with its number in a0. */
export const board = (name: Board['name'], program: Uint8Array, options: BoardOptions = {}): Board => {
  const count = options.harts ?? 1;
  const bytes = options.ramBytes ?? ramBytes;
  const clock = new DeterministicClock({ instructionsPerTick: options.instructionsPerTick ?? 1 });
  const shadowBytes = 4 * 1024 * 1024;
  const core = createCore({
    harts: count,
    memoryBytes: bytes + (name === 'bare' ? 0 : VirtualMachine.overheadBytes(count, shadowBytes)),
  });
  const machine =
    name === 'bare'
      ? undefined
      : new VirtualMachine({ core, harts: count, clock, policy: options.policy, shadowBytes });
  if (machine === undefined) core.bus.addRam(ramBase, bytes);
  else machine.addRam(ramBase, bytes);
  const bus = machine?.bus ?? core.bus;
  const harts: readonly ScheduledHart[] = machine?.harts ?? Array.from({ length: count }, (_, id) => bareHart(core, { id, clock }, options));
  const offset = bus.ram(ramBase, bytes);
  const ram = core.memory.u8.subarray(offset, offset + bytes);
  ram.set(program);
  for (const hart of harts) {
    hart.pc = BigInt(ramBase);
    hart.writeX(10, BigInt(hart.id));
  }
  const made: Board = {
    name,
    harts,
    clock,
    ram,
    machine,
    printed: [],
    finished: undefined,
    scheduler: new Scheduler(harts, clock, { quantum: options.quantum ?? 10_000 }),
  };
  bus.addDevice(finisherBase, 0x1000, {
    name: 'finisher',
    read: () => 0n,
    write: (at, _bytes, value) => {
      if (at === 0) made.finished = Number(value);
      else made.printed.push(Number(value));
      for (const hart of harts) hart.requestStop();
      return true;
    },
  });
  bus.addDevice(clintBase, 0x1_0000, clint(harts, clock));
  return made;
};

const bareHart = (core: CoreParts, hart: { id: number; clock: BoardClock }, { makeHart }: BoardOptions): BareHart =>
  new BareHart(core, hart, makeHart && ((made) => makeHart(core, made)));

/** Enough of a CLINT for tests: msip at 0, mtimecmp at 0x4000, mtime at 0xbff8. */
const clint = (harts: readonly GuestHart[], clock: BoardClock) => ({
  name: 'clint',
  read: (at: number) => (at === 0xbff8 ? clock.ticks() : 0n),
  write: (at: number, _bytes: number, value: bigint) => {
    if (at < 0x4000) harts[at / 4]?.machineSoftware.set((value & 1n) !== 0n);
    else if (at === 0xbff8) clock.setTicks(value);
    else harts[(at - 0x4000) / 8]?.machineTimer.setDeadline(value);
    return true;
  },
});

/** Runs until the guest stores to its finisher; throws when it takes more than `limit` instructions. */
export const finish = (machine: Board, limit = 2_000_000): number => {
  let left = limit;
  while (machine.finished === undefined) {
    if (left <= 0) throw new Error(`${machine.name}: no end; pc 0x${machine.harts[0]!.pc.toString(16)}`);
    const before = machine.harts[0]!.retired;
    machine.scheduler.runRound(Math.min(left, 100_000));
    left -= Math.max(1000, Number(machine.harts[0]!.retired - before));
  }
  return machine.finished;
};

const prelude = `
.equ FINISHER, ${finisherBase}
.equ PRINT, ${finisherBase + 8}
.equ CLINT, ${clintBase}
`;

/** Assembles guest text for the start of RAM. */
export const assembleGuest = (source: string): Uint8Array => assemble(prelude + source, { base: BigInt(ramBase) }).bytes;

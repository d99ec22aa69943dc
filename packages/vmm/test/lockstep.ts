import { Hart, type HartOptions } from '@trapline/core';
import { csrTable, trapName, type Trap } from '@trapline/isa';
import { type Board, type BoardOptions, board } from './pair.ts';

/** What a guest can see of one hart, as text: two harts are equal when their texts are. */
export const visible = (machine: Board): string[] =>
  machine.harts.flatMap((hart) => {
    const row = (name: string, value: bigint | number | undefined): string =>
      `hart ${hart.id} ${name} = ${value === undefined ? 'none' : `0x${value.toString(16)}`}`;
    return [
      row('pc', hart.pc),
      row('privilege', hart.privilege),
      row('retired', hart.retired),
      ...Array.from({ length: 32 }, (_, i) => row(`x${i}`, hart.readX(i))),
      ...Array.from({ length: 32 }, (_, i) => row(`f${i}`, hart.readF(i))),
      ...csrTable.map(({ name, number }) => row(name, hart.peekCsr(number))),
    ];
  });

const differences = (bare: Board, virtual: Board): string[] => {
  const [left, right] = [visible(bare), visible(virtual)];
  const rows = left.flatMap((row, i) => (row === right[i] ? [] : [`  bare ${row}; virtual ${right[i]}`]));
  if (bare.printed.join() !== virtual.printed.join()) rows.push(`  printed ${bare.printed} / ${virtual.printed}`);
  if (bare.finished !== virtual.finished) rows.push(`  finished ${bare.finished} / ${virtual.finished}`);
  const at = firstDifference(bare.ram, virtual.ram);
  if (at >= 0) rows.push(`  RAM differs first at offset 0x${at.toString(16)}`);
  return rows;
};

const firstDifference = (a: Uint8Array, b: Uint8Array): number =>
  Buffer.compare(a, b) === 0 ? -1 : a.findIndex((byte, i) => byte !== b[i]);

export interface LockstepOptions extends BoardOptions {
  /** Instructions between comparisons. */
  readonly every?: number;
  /** Instructions of all harts together after which the run ends well. */
  readonly limit?: number;
}

/** One guest-visible trap. */
const trapRow = (hart: Hart, trap: Trap): string =>
  `hart ${hart.id} after ${hart.retired()} at 0x${hart.pc.toString(16)} in ${hart.privilege}: ${trapName(trap)}, tval 0x${trap.tval.toString(16)}`;

interface Recorded {
  readonly machine: Board;
  readonly traps: string[];
}

const bareBoard = (program: Uint8Array, options: LockstepOptions): Recorded => {
  const traps: string[] = [];
  class RecordingHart extends Hart {
    override deliver(trap: Trap) {
      traps.push(trapRow(this, trap));
      return super.deliver(trap);
    }
  }
  const make = (core: ConstructorParameters<typeof Hart>[0], hart: HartOptions): Hart =>
    new RecordingHart(core, hart);
  return { machine: board('bare', program, { ...options, makeHart: make }), traps };
};

const virtualBoard = (program: Uint8Array, options: LockstepOptions): Recorded => {
  const traps: string[] = [];
  const policy = {
    name: 'recording',
    onDeliver: (vcpu: Hart, trap: Trap) => {
      traps.push(trapRow(vcpu, trap));
      return undefined;
    },
  };
  return { machine: board('virtual', program, { ...options, policy }), traps };
};

/** Steps both boards by up to `instructions`, taking the same scheduler decisions. */
const advance = (machine: Board, instructions: number): void => {
  machine.scheduler.runRound(instructions);
};

const compare = (bare: Recorded, virtual: Recorded): string[] => {
  const trap = bare.traps.findIndex((row, i) => row !== virtual.traps[i]);
  const rows = differences(bare.machine, virtual.machine);
  if (trap >= 0) rows.unshift(`  bare trap ${bare.traps[trap]}; virtual trap ${virtual.traps[trap]}`);
  else if (virtual.traps.length > bare.traps.length) rows.unshift(`  virtual trap only: ${virtual.traps[bare.traps.length]}`);
  return rows;
};

/**
 * Runs one program bare and under the monitor with the deterministic clock and compares everything the guest can see: at every
 * trap it takes, and every `every` instructions. Throws at the first difference, with the first differing instruction and both states.
 */
export const lockstep = (program: Uint8Array, options: LockstepOptions = {}): { traps: readonly string[]; virtual: Board } => {
  const every = options.every ?? 1000;
  const bare = bareBoard(program, options);
  const virtual = virtualBoard(program, options);
  for (let steps = 0; ; steps++) {
    if (bare.machine.finished !== undefined || steps * every > (options.limit ?? 200_000)) break;
    advance(bare.machine, every);
    advance(virtual.machine, every);
    const rows = compare(bare, virtual);
    if (rows.length === 0) continue;
    if (every === 1) throw new Error(`diverged at step ${steps}:\n${rows.join('\n')}`);
    // From the start again, one instruction at a time, until the first difference.
    lockstep(program, { ...options, every: 1, limit: (steps + 1) * every });
    throw new Error(`diverged within ${every} instructions from step ${steps}, not in single steps:\n${rows.join('\n')}`);
  }
  return { traps: bare.traps, virtual: virtual.machine };
};

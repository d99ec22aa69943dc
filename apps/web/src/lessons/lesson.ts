import type { AddressReading, HartReading } from '@trapline/machine';
import type { OpenedExit } from '../machine/exits.ts';
import { type ExitFilter, everything } from '../machine/filter.ts';
import type { Remote } from '../machine/rpc.ts';
import type { Session } from '../worker/session.ts';

/** What a lesson does with a machine. */
export type LessonMachine = Pick<
  Remote<Session>,
  'reset' | 'runTo' | 'step' | 'hart' | 'walk' | 'input' | 'printed' | 'resume'
>;

/** A sentence about the machine, and whether the machine bears it out. */
export interface Claim {
  readonly says: string;
  readonly holds: boolean;
}

/** What a step found out: its claims, and the exit it is about. */
export interface Finding {
  readonly claims: readonly Claim[];
  readonly exit?: number;
}

/** One step: what it is going to do, and the doing. Everything it says of the machine is a claim. */
export interface Step {
  readonly plan: string;
  run(machine: LessonMachine): Promise<Finding>;
}

export interface Lesson {
  readonly title: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

export const claim = (says: string, holds: boolean): Claim => ({ says, holds });

/** A step that could not get to what it wanted to show. */
export class Astray extends Error {}

const patienceMs = 60_000;

/** Lets the machine run to the next exit of that kind. Throws Astray when none comes. */
export async function next(machine: LessonMachine, filter: Partial<ExitFilter>): Promise<OpenedExit> {
  const exit = await machine.runTo({ ...everything, ...filter }, patienceMs);
  if (exit === undefined) throw new Astray('The guest did not come to what this step wants to show.');
  return exit;
}

/** The same, passing over exits that `wanted` does not want. */
export async function nextThat(
  machine: LessonMachine,
  filter: Partial<ExitFilter>,
  wanted: (exit: OpenedExit) => boolean,
): Promise<OpenedExit> {
  const most = 2000;
  for (let tries = 0; tries < most; tries++) {
    const exit = await next(machine, filter);
    if (wanted(exit)) return exit;
  }
  throw new Astray('The guest did not come to what this step wants to show.');
}

/** The hart as it stands, both worlds. Throws Astray on the bare machine: it has only one. */
export async function look(
  machine: LessonMachine,
  hart: number,
): Promise<HartReading & { guest: Csrs; real: Csrs }> {
  const reading = await machine.hart(hart);
  const [guest, real] = reading?.worlds ?? [];
  if (!reading || !guest || !real)
    throw new Astray('Lessons need the shadow monitor: choose it under “Machine”.');
  return { ...reading, guest: csrsOf(guest), real: csrsOf(real) };
}

type Csrs = (name: string) => bigint;

const csrsOf = (world: HartReading['worlds'][number]): Csrs => {
  const values = new Map(world.csrs.map(({ name, value }) => [name, value]));
  return (name) => values.get(name) ?? 0n;
};

export async function walkOf(machine: LessonMachine, hart: number, va: bigint): Promise<AddressReading> {
  const reading = await machine.walk(hart, va);
  if (reading === undefined) throw new Astray('The machine is gone.');
  return reading;
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
export const modeNames = { 0: 'U-mode', 1: 'S-mode', 3: 'M-mode' } as const;

/** The CSR change of an exit, by name. */
export const changed = (exit: OpenedExit, name: string) =>
  exit.explanation.changes.find(({ what }) => what === name);

/** Host-physical memory of the monitor begins here: no guest's own addresses reach so far. */
export const hostStart = 2n ** 40n;

export const typed = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * mcycle and minstret. A slot holds the difference between the counter and what the hart counted since reset, so that a
 * running counter costs nothing; while mcountinhibit stops it, the slot holds its value instead.
 */
import type { PrivilegedState } from '../privileged/state.ts';
import { type Csr, maskOf } from './fields.ts';
import { mcountinhibit, mcycle, minstret } from './table.ts';

interface Counter {
  readonly row: Csr;
  readonly inhibit: bigint;
  readonly base: (state: PrivilegedState) => bigint;
}

const counters = {
  cycle: { row: mcycle, inhibit: maskOf(mcountinhibit, 'CY'), base: (s) => s.cycles() },
  instret: { row: minstret, inhibit: maskOf(mcountinhibit, 'IR'), base: (s) => s.retired() },
} as const satisfies Record<string, Counter>;

const stopped = (state: PrivilegedState, counter: Counter): boolean =>
  (state.csrs.get(mcountinhibit.slot) & counter.inhibit) !== 0n;

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

function read(state: PrivilegedState, counter: Counter): bigint {
  const held = state.csrs.get(counter.row.slot);
  return stopped(state, counter) ? held : u64(held + counter.base(state));
}

/** What the next instruction counts from: the one being executed retires before it. */
const next = (state: PrivilegedState, counter: Counter): bigint => counter.base(state) + 1n;

/** The next instruction reads exactly `value`: "the write occurs instead of the increment". */
function write(state: PrivilegedState, counter: Counter, value: bigint): void {
  const held = stopped(state, counter) ? value : value - next(state, counter);
  state.csrs.set(counter.row.slot, u64(held));
}

export const readCycle = (state: PrivilegedState): bigint => read(state, counters.cycle);
export const readInstret = (state: PrivilegedState): bigint => read(state, counters.instret);
export const writeCycle = (state: PrivilegedState, value: bigint): void =>
  write(state, counters.cycle, value);
export const writeInstret = (state: PrivilegedState, value: bigint): void =>
  write(state, counters.instret, value);

/** Stops and starts counters; the writing instruction itself counts when the counter was running. */
export function writeInhibit(state: PrivilegedState, legal: bigint): void {
  const changed = state.csrs.get(mcountinhibit.slot) ^ legal;
  for (const counter of Object.values(counters)) {
    if ((changed & counter.inhibit) === 0n) continue;
    const held = state.csrs.get(counter.row.slot);
    const from = next(state, counter);
    state.csrs.set(counter.row.slot, u64((legal & counter.inhibit) !== 0n ? held + from : held - from));
  }
  state.csrs.set(mcountinhibit.slot, legal);
}

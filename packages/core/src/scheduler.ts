import type { BoardClock } from './clock.ts';
import type { GuestHart, RunResult } from './ports.ts';

/** A hart the scheduler can switch away from. */
export interface ScheduledHart extends GuestHart {
  /** How much of its budget the last `run` used: instructions retired, traps taken, time waited (deterministic clock). */
  readonly used: number;
  /** Ends the LR reservation: other harts are about to run. */
  dropReservation(): void;
}

/** Looks at harts in the middle of their slices: a profiler. Cutting a slice changes nothing a guest could notice. */
export interface Sampler {
  /** How much budget the hart may use before it is looked at: at least 1. */
  due(hart: number): number;
  /** The hart used that much budget and is at an instruction boundary. */
  ran(hart: ScheduledHart, used: number, result: RunResult): void;
}

/** What a round came to. */
export type RoundResult =
  /** Harts ran, or time jumped on to a deadline: call again. */
  | { readonly kind: 'ran' }
  /** Every hart waits: sleep until `deadline` (ticks; undefined: none is set) or until something raises an interrupt. */
  | { readonly kind: 'idle'; readonly deadline: bigint | undefined }
  /** Every hart is stopped. */
  | { readonly kind: 'stopped' }
  /** A hart's `requestStop` was obeyed, or `limit` was reached; the next call goes on where this one left. */
  | { readonly kind: 'requested' | 'limit' };

/**
 * Runs harts round-robin, a quantum of instructions each: the same slices whether harts are bare or virtual.
 * With a deterministic clock, the same inputs between the same rounds give the same run.
 */
export class Scheduler {
  readonly quantum: number;
  sampler: Sampler | undefined;
  private readonly harts: readonly ScheduledHart[];
  private readonly clock: BoardClock;
  /** Whose slice it is, what is left of it, and who waited so far in this round. */
  private current = 0;
  private left: number;
  private waiting = 0;
  private stopped = 0;

  constructor(harts: readonly ScheduledHart[], clock: BoardClock, options: { quantum?: number } = {}) {
    this.harts = harts;
    this.clock = clock;
    this.quantum = options.quantum ?? (clock.deterministic ? 10_000 : 100_000);
    this.left = this.quantum;
  }

  /** Finishes the current round, or stops earlier after `limit` retired instructions of all harts together. */
  runRound(limit = Number.POSITIVE_INFINITY): RoundResult {
    let allowed = limit;
    while (this.current < this.harts.length) {
      if (allowed <= 0) return { kind: 'limit' };
      const hart = this.harts[this.current]!;
      const before = hart.retired;
      const { sampler } = this;
      const due = sampler?.due(hart.id) ?? Number.POSITIVE_INFINITY;
      const result = this.runSlice(hart, Math.min(this.left, allowed, due));
      sampler?.ran(hart, hart.used, result);
      if (result === 'requested') return { kind: 'requested' };
      allowed -= Number(hart.retired - before);
    }
    return this.endRound();
  }

  /** Runs the hart whose turn it is and moves on to the next one when its slice is over. */
  private runSlice(hart: ScheduledHart, budget: number): RunResult {
    this.clock.enter(hart.id);
    const result = hart.run(budget);
    this.clock.enter(undefined);
    this.left -= hart.used;
    // A hart that used its budget up by waiting keeps what is left of its slice: its timer may fire within it.
    const gaveUp = result === 'stopped' || (result === 'idle' && hart.used < budget);
    const over = this.left <= 0 || gaveUp;
    if (!over) return result;
    if (result === 'idle') this.waiting += 1;
    if (result === 'stopped') this.stopped += 1;
    this.nextHart(hart);
    return result;
  }

  private nextHart(hart: ScheduledHart): void {
    if (this.harts.length > 1) hart.dropReservation();
    this.current += 1;
    this.left = this.quantum;
  }

  private endRound(): RoundResult {
    const { waiting, stopped } = this;
    this.current = 0;
    this.waiting = 0;
    this.stopped = 0;
    this.clock.endRound(this.quantum);
    if (stopped === this.harts.length) return { kind: 'stopped' };
    if (waiting + stopped < this.harts.length) return { kind: 'ran' };
    // The deadline first: real time passes between the two questions, and a timer that fires then must not escape both.
    const deadline = this.earliestTimer();
    if (this.harts.some((hart) => hart.wakes)) return { kind: 'ran' };
    if (deadline !== undefined && this.clock.jumpTo(deadline)) return { kind: 'ran' };
    return { kind: 'idle', deadline };
  }

  private earliestTimer(): bigint | undefined {
    let earliest: bigint | undefined;
    for (const { nextTimer } of this.harts) {
      if (nextTimer !== undefined && (earliest === undefined || nextTimer < earliest)) earliest = nextTimer;
    }
    return earliest;
  }
}

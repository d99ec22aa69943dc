import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BoardClock,
  type ClockUser,
  DeterministicClock,
  type HartClock,
  RealtimeClock,
} from '../src/clock.ts';
import type { RunResult } from '../src/ports.ts';
import { type ScheduledHart, Scheduler } from '../src/scheduler.ts';

/** A hart of which only scheduling matters: it works `busy` instructions, then waits for its timer, again and again. */
class ToyHart implements Partial<ScheduledHart>, ClockUser {
  count = 0;
  used = 0;
  drops = 0;
  halted = false;
  timer: bigint | undefined;
  stopAt = -1;
  readonly log: string[];
  readonly id: number;
  private readonly busy: number;
  private readonly clock: HartClock;
  private todo: number;

  constructor(id: number, busy: number, clock: BoardClock, log: string[]) {
    this.id = id;
    this.busy = busy;
    this.todo = busy;
    this.log = log;
    this.clock = clock.attach(this);
  }

  retiredCount(): number {
    return this.count;
  }
  get retired(): bigint {
    return BigInt(this.count);
  }
  rearm(): void {}
  dropReservation(): void {
    this.drops += 1;
  }
  get wakes(): boolean {
    return this.timer !== undefined && this.clock.time() >= this.timer;
  }
  get nextTimer(): bigint | undefined {
    return this.timer !== undefined && this.timer > this.clock.time() ? this.timer : undefined;
  }

  run(budget: number): RunResult {
    this.used = 0;
    if (this.halted) return 'stopped';
    while (this.used < budget) {
      if (this.todo > 0) {
        this.work(Math.min(this.todo, budget - this.used));
        if (this.count === this.stopAt) {
          this.stopAt = -1;
          return 'requested';
        }
        continue;
      }
      if (this.wakes) this.wake();
      else if (!this.clock.idles) return 'idle';
      else if (this.idle(budget - this.used)) return 'idle';
    }
    return 'budget';
  }

  private work(wanted: number): void {
    const count = this.stopAt > this.count ? Math.min(wanted, this.stopAt - this.count) : wanted;
    this.count += count;
    this.used += count;
    this.todo -= count;
    if (this.todo > 0) return;
    this.timer = this.clock.time() + 50n;
    this.log.push(`${this.id} waits at ${this.clock.time()}`);
  }

  private wake(): void {
    this.todo = this.busy;
    this.log.push(`${this.id} wakes at ${this.clock.time()}`);
  }

  private idle(budget: number): boolean {
    const until = this.timer === undefined ? budget : this.clock.instructionsUntil(this.timer);
    const skipped = Math.min(budget, until);
    this.used += skipped;
    this.clock.spend(skipped);
    return skipped === budget && !this.wakes;
  }
}

const toys = (clock: BoardClock, log: string[], ...busy: number[]): ScheduledHart[] =>
  busy.map((each, id) => new ToyHart(id, each, clock, log) as unknown as ScheduledHart);

test('harts take turns of one quantum, and lose their reservation when another one is next', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const harts = toys(clock, [], 10 ** 9, 10 ** 9);
  const scheduler = new Scheduler(harts, clock, { quantum: 500 });
  expect(scheduler.runRound()).toEqual({ kind: 'ran' });
  expect(harts.map((hart) => hart.retired)).toEqual([500n, 500n]);
  expect((harts[0] as unknown as ToyHart).drops).toBe(1);
  expect(clock.ticks()).toBe(50n);
});

test('a lone hart keeps its reservation', () => {
  const clock = new DeterministicClock();
  const harts = toys(clock, [], 10 ** 9);
  new Scheduler(harts, clock).runRound();
  expect((harts[0] as unknown as ToyHart).drops).toBe(0);
});

test('a waiting hart wakes at the exact tick of its timer, inside a round and after a jump', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const log: string[] = [];
  const scheduler = new Scheduler(toys(clock, log, 200), clock, { quantum: 1000 });
  scheduler.runRound();
  expect(log).toEqual(['0 waits at 20', '0 wakes at 70', '0 waits at 90']);
  scheduler.runRound();
  expect(log.at(3)).toBe('0 wakes at 140');
});

test('when every hart waits time jumps to the earliest deadline', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const harts = toys(clock, [], 10, 10);
  for (const hart of harts as unknown as ToyHart[]) hart.run(10);
  Object.assign(harts[0]!, { timer: 90_000n });
  Object.assign(harts[1]!, { timer: 70_000n });
  const scheduler = new Scheduler(harts, clock, { quantum: 100 });
  expect(scheduler.runRound()).toEqual({ kind: 'ran' });
  expect(clock.ticks()).toBe(70_000n);
});

test('without a deadline, or in real time, the board is told that everyone waits', () => {
  const clock = new DeterministicClock();
  const harts = toys(clock, [], 10);
  Object.assign(harts[0]!, { run: () => 'idle' });
  expect(new Scheduler(harts, clock).runRound()).toEqual({ kind: 'idle', deadline: undefined });

  const real = new RealtimeClock({ now: () => 0 });
  const scheduler = new Scheduler(toys(real, [], 10, 20), real);
  expect(scheduler.runRound()).toEqual({ kind: 'idle', deadline: 50n });
});

test('stopped harts: all of them, or none that still runs', () => {
  const clock = new DeterministicClock();
  const harts = toys(clock, [], 10 ** 9, 10 ** 9);
  const scheduler = new Scheduler(harts, clock, { quantum: 100 });
  Object.assign(harts[0]!, { halted: true });
  expect(scheduler.runRound()).toEqual({ kind: 'ran' });
  Object.assign(harts[1]!, { halted: true });
  expect(scheduler.runRound()).toEqual({ kind: 'stopped' });
});

test('limits and stop requests do not change what happens, only when the caller hears of it', () => {
  const history = (limits: readonly number[], stops: readonly number[]): string[] => {
    const clock = new DeterministicClock({ instructionsPerTick: 10 });
    const log: string[] = [];
    const harts = toys(clock, log, 137, 1009, 20);
    const scheduler = new Scheduler(harts, clock, { quantum: 300 });
    let rounds = 0;
    for (let i = 0; rounds < 20; i++) {
      const stop = stops[i % (stops.length + 1)];
      if (stop !== undefined) Object.assign(harts[i % 3]!, { stopAt: Number(harts[i % 3]!.retired) + stop });
      const { kind } = scheduler.runRound(limits[i % (limits.length + 1)]);
      if (kind === 'ran') rounds += 1;
    }
    return log;
  };
  const undisturbed = history([], []);
  expect(undisturbed.length).toBeGreaterThan(20);
  const limits = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 5 });
  const stops = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 5 });
  fc.assert(
    fc.property(limits, stops, (a, b) => {
      expect(history(a, b)).toEqual(undisturbed);
    }),
  );
});

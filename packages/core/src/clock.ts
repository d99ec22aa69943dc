import type { Clock } from './ports.ts';

/** Time as one hart sees it while it runs. */
export interface HartClock {
  /** `mtime` now, in ticks. */
  time(): bigint;
  /** `time()` when so many instructions of the stretch that is just over were still to come; where the host's time passes, an estimate. */
  timeBefore(instructions: number, stretch: Stretch): bigint;
  /** Instructions this hart may execute before `time() >= tick` must be looked at again: 0 when it already is. */
  instructionsUntil(tick: bigint): number;
  /**
   * Lets the time of `instructions` pass without retiring any: WFI, and one for every trap the guest takes
   * (so that a guest that only ever traps still uses up its budget and meets its timer).
   */
  spend(instructions: number): void;
  /** Whether waiting uses up the quantum (deterministic), or the hart just says that it is idle (realtime). */
  readonly idles: boolean;
}

/** What a hart did at a stretch: the time when it ended, and its length in ticks and in instructions and traps. */
export interface Stretch {
  readonly ended: bigint;
  readonly ticks: number;
  readonly instructions: number;
}

/** What a clock needs from a hart that reads it. */
export interface ClockUser {
  readonly id: number;
  /** Instructions retired since reset and traps taken that `spend` was not told of yet; below 2^53. */
  retiredCount(): number;
  /** Time jumped (mtime was written): look at deadlines again at the next boundary. */
  rearm(): void;
}

/** The clock of one board: devices read it as `Clock`, harts through `HartClock`, the scheduler turns its rounds. */
export interface BoardClock extends Clock {
  readonly deterministic: boolean;
  attach(user: ClockUser): HartClock;
  /** Hart `id` runs now (undefined: none does): `ticks()` is its time. */
  enter(id: number | undefined): void;
  /** A round in which every hart had `quantum` instructions is over. */
  endRound(quantum: number): void;
  /** Every hart waits: moves time on to `tick` where time is ours to move; false otherwise. */
  jumpTo(tick: bigint): boolean;
  /** What `restore` needs to continue the same time. */
  save(): ClockState;
  restore(state: ClockState): void;
}

/** Saved time: plain data. */
export interface ClockState {
  readonly elapsed: number;
  readonly offset: bigint;
}

const farAway = 0x7fff_ffff;

/** Clamps a count of instructions to what one run can take. */
const clamp = (instructions: number): number =>
  instructions > farAway ? farAway : Math.max(0, instructions);

/** Time made of instructions: `mtime` is (start of the round + the hart's own progress in it) / instructionsPerTick. */
export class DeterministicClock implements BoardClock {
  readonly deterministic = true;
  readonly frequencyHz: number;
  private readonly instructionsPerTick: number;
  private readonly harts = new Map<number, DeterministicHartClock>();
  private running: DeterministicHartClock | undefined;
  /** Instructions' worth of time at the start of this round. */
  private roundStart = 0;
  /** Ticks a guest added by writing mtime. */
  private offset = 0n;

  constructor(options: { frequencyHz?: number; instructionsPerTick?: number } = {}) {
    this.frequencyHz = options.frequencyHz ?? 10_000_000;
    this.instructionsPerTick = options.instructionsPerTick ?? 10;
  }

  attach(user: ClockUser): HartClock {
    const clock = new DeterministicHartClock(this, user);
    this.harts.set(user.id, clock);
    return clock;
  }

  enter(id: number | undefined): void {
    this.running = id === undefined ? undefined : this.harts.get(id);
  }

  ticks(): bigint {
    return this.ticksAfter(this.running?.progress() ?? 0);
  }

  setTicks(ticks: bigint): void {
    this.offset = BigInt.asIntN(64, this.offset + ticks - this.ticks());
    for (const hart of this.harts.values()) hart.user.rearm();
  }

  endRound(quantum: number): void {
    this.roundStart += quantum;
    for (const hart of this.harts.values()) hart.beginRound();
  }

  jumpTo(tick: bigint): boolean {
    this.roundStart += Math.max(0, this.progressAt(tick));
    return true;
  }

  save(): ClockState {
    return { elapsed: this.roundStart, offset: this.offset };
  }

  /** Also starts a new round for every attached hart: restore the harts first. */
  restore(state: ClockState): void {
    this.roundStart = state.elapsed;
    this.offset = state.offset;
    for (const hart of this.harts.values()) hart.beginRound();
  }

  /** Ticks after `progress` instructions of this round. */
  ticksAfter(progress: number): bigint {
    const elapsed = Math.floor((this.roundStart + progress) / this.instructionsPerTick);
    return BigInt.asUintN(64, BigInt(elapsed) + this.offset);
  }

  /** Instructions of this round after which `ticksAfter` reaches `tick`. */
  progressAt(tick: bigint): number {
    // Ticks wrap at 2^64 where a guest set mtime high: only the distance from now is a number.
    const ahead = Number(tick - this.ticksAfter(0));
    return ahead * this.instructionsPerTick - (this.roundStart % this.instructionsPerTick);
  }
}

class DeterministicHartClock implements HartClock {
  readonly idles = true;
  readonly user: ClockUser;
  private readonly board: DeterministicClock;
  private spent = 0;
  private base: number;

  constructor(board: DeterministicClock, user: ClockUser) {
    this.board = board;
    this.user = user;
    this.base = user.retiredCount();
  }

  progress(): number {
    return this.user.retiredCount() + this.spent - this.base;
  }

  beginRound(): void {
    this.base = this.user.retiredCount();
    this.spent = 0;
  }

  time(): bigint {
    return this.timeBefore(0);
  }

  timeBefore(instructions: number): bigint {
    return this.board.ticksAfter(this.progress() - instructions);
  }

  instructionsUntil(tick: bigint): number {
    return clamp(this.board.progressAt(tick) - this.progress());
  }

  spend(instructions: number): void {
    this.spent += instructions;
  }
}

/** Time of the host: `now` gives milliseconds of a steady clock (`performance.now`). */
export class RealtimeClock implements BoardClock {
  readonly deterministic = false;
  readonly frequencyHz: number;
  private readonly now: () => number;
  private readonly start: number;
  private readonly users: ClockUser[] = [];
  private offset = 0n;

  constructor(options: { now?: () => number; frequencyHz?: number } = {}) {
    this.now = options.now ?? (() => performance.now());
    this.frequencyHz = options.frequencyHz ?? 10_000_000;
    this.start = this.now();
  }

  attach(user: ClockUser): HartClock {
    this.users.push(user);
    return {
      idles: false,
      time: () => this.ticks(),
      timeBefore: (instructions, { ended, ticks, instructions: all }) =>
        ended - BigInt(Math.floor((ticks * instructions) / Math.max(1, all))),
      instructionsUntil: (tick) => this.instructionsUntil(tick),
      spend: () => {},
    };
  }

  ticks(): bigint {
    return BigInt.asUintN(64, BigInt(this.elapsed()) + this.offset);
  }

  setTicks(ticks: bigint): void {
    this.offset = BigInt.asIntN(64, this.offset + ticks - this.ticks());
    for (const user of this.users) user.rearm();
  }

  enter(): void {}
  endRound(): void {}
  jumpTo(): boolean {
    return false;
  }

  save(): ClockState {
    return { elapsed: 0, offset: this.ticks() };
  }

  restore(state: ClockState): void {
    this.offset = state.offset - BigInt(this.elapsed());
  }

  private elapsed(): number {
    return Math.floor(((this.now() - this.start) * this.frequencyHz) / 1000);
  }

  /** An estimate on the short side: a hart of about 100 M instructions a second looks again in time, never spins in steps of one. */
  private instructionsUntil(tick: bigint): number {
    const ticks = Number(tick - this.ticks());
    return ticks <= 0 ? 0 : clamp(Math.max(1000, Math.floor((ticks / this.frequencyHz) * 100_000_000)));
  }
}

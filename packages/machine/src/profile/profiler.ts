import type { GuestHart, RunResult, Sampler } from '@trapline/core';

/** Stacks that were seen: outermost frame first, below hart and mode. */
export interface ProfileSample {
  readonly hart: number;
  /** The guest's own mode, virtual under a monitor. */
  readonly mode: 'U' | 'S' | 'M';
  readonly frames: readonly string[];
  /** How often; about one sample for every `interval` instructions. */
  readonly count: number;
}

export interface ProfileOptions {
  /** Instructions from sample to sample on the average; each distance is anything between half and one and a half of it. Default 50,000. */
  readonly interval?: number | undefined;
}

export const DEFAULT_INTERVAL = 50_000;
const modes = { 0: 'U', 1: 'S', 3: 'M' } as const;

/**
 * Samples program counters where a hart's budget happens to run out, so that every instruction executed is as likely as any
 * other. Distances vary, by a fixed sequence: no loop of the guest keeps step with them, and a deterministic run has one profile.
 * A guest cannot tell: rounds, time and interrupts are what they are without. A hart that waits is not sampled.
 */
export class Profiler implements Sampler {
  readonly interval: number;
  readonly #framesOf: (hart: GuestHart) => readonly string[];
  readonly #left = new Map<number, number>();
  readonly #seen = new Map<string, { -readonly [Key in keyof ProfileSample]: ProfileSample[Key] }>();
  #drawn = 0;

  /** `framesOf` names where a hart is, outermost frame first. */
  constructor(framesOf: (hart: GuestHart) => readonly string[], interval = DEFAULT_INTERVAL) {
    this.#framesOf = framesOf;
    this.interval = interval;
  }

  /** What was seen so far, most often first. */
  get samples(): readonly ProfileSample[] {
    return [...this.#seen.values()].sort((a, b) => b.count - a.count);
  }

  due(hart: number): number {
    let left = this.#left.get(hart);
    if (left === undefined) {
      left = this.#draw();
      this.#left.set(hart, left);
    }
    return left;
  }

  ran(hart: GuestHart, used: number, result: RunResult): void {
    const left = this.due(hart.id) - used;
    this.#left.set(hart.id, left > 0 ? left : this.#draw());
    if (left <= 0 && result !== 'idle' && result !== 'stopped') this.#sample(hart);
  }

  #sample(hart: GuestHart): void {
    const mode = modes[hart.privilege];
    const frames = this.#framesOf(hart);
    const key = `${hart.id} ${mode} ${frames.join(';')}`;
    const seen = this.#seen.get(key);
    if (seen) seen.count++;
    else this.#seen.set(key, { hart: hart.id, mode, frames, count: 1 });
  }

  #draw(): number {
    return Math.max(1, Math.floor(this.interval * (0.5 + fraction(this.#drawn++))));
  }
}

/** A well mixed function of a counter (the finalizer of MurmurHash3), 0 up to 1. */
function fraction(counter: number): number {
  let mixed = Math.imul(counter + 1, 0x9e37_79b9);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

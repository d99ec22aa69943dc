/** How often a limited machine is let run, in milliseconds. */
const sliceMs = 20;
/** Unused allowance older than this is lost: a guest that waited does not rush afterwards. */
const savedMs = 100;

/** Hands out instructions at a rate. */
export class SpeedLimit {
  /** Million instructions per second; 0 is no limit. */
  rate = 0;
  #since = 0;
  #used = 0;

  /** Instructions that may run now, and how long to wait first. */
  next(now: number): { readonly waitMs: number; readonly instructions: number | undefined } {
    if (this.rate === 0) return { waitMs: 0, instructions: undefined };
    const perMs = this.rate * 1000;
    const oldest = now - savedMs - this.#used / perMs;
    if (this.#since < oldest) this.#since = oldest;
    const allowed = (now - this.#since) * perMs - this.#used;
    const slice = Math.max(1, perMs * sliceMs);
    if (allowed >= slice) return { waitMs: 0, instructions: Math.floor(slice) };
    return { waitMs: Math.ceil((slice - allowed) / perMs), instructions: Math.floor(slice) };
  }

  /** So many instructions ran. */
  spend(instructions: number): void {
    this.#used += instructions;
  }

  reset(now: number): void {
    this.#since = now;
    this.#used = 0;
  }
}

import { ramBytes } from '../kit/layout.ts';
import { Divergence, Lockstep, type LockstepOptions, type LockstepRun } from '../lockstep.ts';
import { minimise } from './minimise.ts';
import { imageOf, programText, type RandomProgram, randomProgram } from './program.ts';

/** How one seed is run: what varies with it so that all ways of running are met. */
const wayOf = (seed: number) =>
  ({ stopAtTraps: seed % 2 === 0, every: seed % 3 === 0 ? 61 : 1009, limit: 20_000 }) as const;

/** Runs random programs of one shape, one after the other, on the same two boards. */
export class RandomRuns {
  readonly #options: LockstepOptions;
  readonly #harts: number;
  #boards: Lockstep;

  constructor(options: LockstepOptions = {}) {
    this.#options = { ...options, ramBytes };
    this.#harts = options.harts ?? 1;
    this.#boards = new Lockstep(this.#options);
  }

  /** Throws with the seed, the first difference and the smallest program found that still differs. */
  run(seed: number): LockstepRun {
    const program = randomProgram(seed, this.#harts);
    try {
      return this.#boards.run(imageOf(program), wayOf(seed));
    } catch (error) {
      this.#boards = new Lockstep(this.#options);
      if (!(error instanceof Divergence)) throw error;
      throw new Error(this.#report(program, error));
    }
  }

  #failure(program: RandomProgram): Divergence | undefined {
    try {
      new Lockstep(this.#options).run(imageOf(program), wayOf(program.seed));
      return undefined;
    } catch (error) {
      if (error instanceof Divergence) return error;
      return undefined; // a candidate that does not assemble
    }
  }

  #report(program: RandomProgram, error: Divergence): string {
    const boards = new Lockstep(this.#options);
    const fails = (candidate: RandomProgram): boolean => {
      try {
        boards.run(imageOf(candidate), wayOf(program.seed));
        return false;
      } catch (caught) {
        return caught instanceof Divergence;
      }
    };
    const smallest = minimise(program, fails);
    const fresh = this.#failure(smallest);
    const after = fresh ?? error;
    const note = fresh === undefined ? '\n(only after other programs on the same boards)' : '';
    return `seed ${program.seed}, ${this.#harts} harts: ${after.message}${note}\n\nsmallest program:\n${programText(smallest)}`;
  }
}

import type { RandomRuns } from './check.ts';

/** More seeds, others, or one shape only: see lockstep-random.test.ts. */
const environment = {
  seeds: Number(process.env.TRAPLINE_SEEDS ?? 1000),
  first: process.env.TRAPLINE_FIRST_SEED === undefined ? undefined : Number(process.env.TRAPLINE_FIRST_SEED),
  failures: Number(process.env.TRAPLINE_FAILURES ?? 1),
};

/** That share of the seeds asked for. */
export const countOf = (share: number): number => Math.ceil(environment.seeds * share);

export interface Sum {
  readonly traps: number;
  readonly retired: number;
  readonly finished: number;
  /** Traps by mode, kind and cause. */
  readonly causes: Readonly<Record<string, number>>;
}

/** Runs so many seeds; throws what the ones that differed had to say. */
export const runAll = (runs: RandomRuns, count: number, usualFirst = 1): Sum => {
  const sum = { traps: 0, retired: 0, finished: 0, causes: {} as Record<string, number> };
  const failures: string[] = [];
  const first = environment.first ?? usualFirst;
  for (let seed = first; seed < first + count && failures.length < environment.failures; seed++) {
    try {
      const { traps, retired, left } = runs.run(seed);
      sum.traps += traps.length;
      sum.retired += retired;
      sum.finished += left.finished === undefined ? 0 : 1;
      for (const { from, trap } of traps) {
        const key = `${from}${trap.interrupt ? 'i' : 'e'}${trap.cause}`;
        sum.causes[key] = (sum.causes[key] ?? 0) + 1;
      }
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (failures.length > 0) throw new Error(failures.join('\n\n=====\n\n'));
  return sum;
};

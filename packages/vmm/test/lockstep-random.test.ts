import { expect, test } from 'vitest';
import { RandomRuns } from './random/check.ts';

/** More, or others: TRAPLINE_SEEDS=20000 TRAPLINE_FIRST_SEED=1000000 npx vitest run packages/vmm/test/lockstep-random.test.ts */
const seeds = Number(process.env.TRAPLINE_SEEDS ?? 1000);
const first = Number(process.env.TRAPLINE_FIRST_SEED ?? 1);
const onlyHarts = process.env.TRAPLINE_HARTS;
const keepGoing = Number(process.env.TRAPLINE_FAILURES ?? 1);

const runAll = (
  runs: RandomRuns,
  count: number,
): { traps: number; retired: number; finished: number; causes: Record<string, number> } => {
  const sum = { traps: 0, retired: 0, finished: 0, causes: {} as Record<string, number> };
  const failures: string[] = [];
  for (let seed = first; seed < first + count && failures.length < keepGoing; seed++) {
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

test.each([
  [1, seeds],
  [2, Math.ceil(seeds / 10)],
  [3, Math.ceil(seeds / 10)],
])(
  'random programs on %i harts, bare and virtual',
  (harts, count) => {
    if (onlyHarts !== undefined && Number(onlyHarts) !== harts) return;
    const sum = runAll(new RandomRuns({ harts, quantum: 97 * harts }), count);
    if (process.env.TRAPLINE_SEEDS) console.log(sum);
    // Programs that all died at once would prove nothing.
    expect(sum.traps).toBeGreaterThan(20 * count);
    expect(sum.finished).toBeGreaterThan(count / 2);
  },
  3_600_000,
);

import { expect, test } from 'vitest';
import { RandomRuns } from './random/check.ts';
import { countOf, runAll } from './random/run-all.ts';

// More, or others: TRAPLINE_SEEDS=20000 TRAPLINE_FIRST_SEED=1000000 npx vitest run packages/vmm/test/lockstep-random.test.ts
test.each([
  [1, 1],
  [2, 0.1],
  [3, 0.1],
])(
  'random programs on %i harts, bare and virtual',
  (harts, share) => {
    const count = countOf(share);
    const sum = runAll(new RandomRuns({ harts, quantum: 97 * harts }), count);
    // Programs that all died at once would prove nothing.
    expect(sum.traps).toBeGreaterThan(20 * count);
    expect(sum.finished).toBeGreaterThan(count / 2);
    expect(Object.keys(sum.causes).length).toBeGreaterThan(20);
  },
  3_600_000,
);

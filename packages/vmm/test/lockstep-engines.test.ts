import { describe, expect, test } from 'vitest';
import type { LockstepOptions, Side } from './lockstep.ts';
import { RandomRuns } from './random/check.ts';
import { countOf, runAll } from './random/run-all.ts';

const interpreted: Side = { kind: 'bare', engine: 'interpreter' };

/** Translates everything that runs twice. */
const translated = { engine: 'translator', translator: { threshold: 2, batch: 1 } } as const;

/** Pairs that must not differ either: engines, and what is executed in place. */
const pairs: readonly (readonly [name: string, options: LockstepOptions])[] = [
  [
    'the interpreter and the reference evaluator',
    { sides: [interpreted, { kind: 'bare', engine: 'reference' }] },
  ],
  [
    'in place and by exits, bare',
    { sides: [{ kind: 'bare' }, { kind: 'bare', intercept: 'all' }], observe: false },
  ],
  ['bare and virtual, nothing observed', { observe: false }],
  [
    'bare and virtual, exits only where needed',
    { sides: [{ kind: 'bare' }, { kind: 'virtual', intercept: 'needed' }], observe: false },
  ],
  [
    'virtual, every exit and only those needed',
    {
      sides: [
        { kind: 'virtual', intercept: 'all' },
        { kind: 'virtual', intercept: 'needed' },
      ],
    },
  ],
  [
    'virtual on the interpreter and on the reference evaluator',
    {
      sides: [
        { kind: 'virtual', engine: 'interpreter' },
        { kind: 'virtual', engine: 'reference' },
      ],
    },
  ],
  [
    'the translator and the reference evaluator',
    {
      sides: [
        { kind: 'bare', ...translated },
        { kind: 'bare', engine: 'reference' },
      ],
      observe: false,
    },
  ],
  [
    'bare and virtual, on the translator',
    {
      sides: [
        { kind: 'bare', ...translated },
        { kind: 'virtual', intercept: 'needed', ...translated },
      ],
      observe: false,
    },
  ],
];

describe.each(pairs)('%s', (_, options) => {
  test.each([1, 2])(
    'random programs on %i harts',
    (harts) => {
      const count = countOf(harts === 1 ? 0.1 : 0.03);
      const sum = runAll(new RandomRuns({ ...options, harts, quantum: 97 * harts }), count, 50_000);
      expect(sum.finished).toBeGreaterThan(count / 2);
    },
    3_600_000,
  );
});

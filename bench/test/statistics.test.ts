import { describe, expect, it } from 'vitest';
import type { Outcome, Sample } from '../src/job.ts';
import { Collector, median, spread } from '../src/statistics.ts';

const sample = (hostMs: number, more: Partial<Sample> = {}): Sample => ({
  ...{ row: 'linux/sieve', hostMs, cpuMs: undefined, ownMs: undefined, wrong: undefined },
  ...more,
});

const outcome = (samples: readonly Sample[], more: Partial<Outcome> = {}): Outcome => ({
  samples,
  memory: { peakBytes: undefined, beyondRamBytes: undefined },
  translation: undefined,
  failure: undefined,
  ...more,
});

describe('median and spread', () => {
  it('is the middle of an odd number of values, whatever their order', () => {
    expect(median([30, 10, 1000])).toBe(30);
  });

  it('is between the two in the middle of an even number', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  it('gives half of the range as a part of the median', () => {
    expect(spread([90, 100, 130])).toBeCloseTo(0.2);
    expect(spread([7])).toBe(0);
  });
});

describe('a row', () => {
  it('says how many times as fast the first contender is, by both clocks', () => {
    const collector = new Collector();
    const add = (contender: string, hostMs: number, cpuMs: number) =>
      collector.add('job', ['linux/sieve'], contender, outcome([sample(hostMs, { cpuMs })]));
    for (const [ours, theirs] of [
      [100, 250],
      [500, 260],
      [110, 900],
    ] as const) {
      add('trapline', ours, 100);
      add('qemu', theirs, 300);
    }
    const row = collector.row('linux/sieve', ['trapline', 'qemu', 'native']);
    expect(row.figures.trapline?.medianMs).toBe(110);
    expect(row.figures.trapline?.samplesMs).toEqual([100, 500, 110]);
    expect(row.speed.qemu).toBeCloseTo(260 / 110);
    expect(row.cpuSpeed).toEqual({ qemu: 3 });
    expect(row.figures.native).toBeUndefined();
    expect(row.problems).toEqual([]);
  });

  it('counts no wrong or missing result as a time', () => {
    const collector = new Collector();
    collector.add('job', ['linux/sieve'], 'trapline', outcome([sample(5, { wrong: 'wrong checksum' })]));
    collector.add('job', ['linux/sieve'], 'qemu', outcome([]));
    const row = collector.row('linux/sieve', ['trapline', 'qemu']);
    expect(row.figures).toEqual({});
    expect(row.speed).toEqual({});
    expect(row.problems).toEqual(['trapline: wrong checksum', 'qemu: no result']);
  });
});

describe('the processes', () => {
  it('shows the most memory of all runs and the middle of the compile times', () => {
    const collector = new Collector();
    for (const [peakBytes, compileMilliseconds] of [
      [10, 7],
      [30, 5],
      [20, 90],
    ] as const)
      collector.add('boot', [], 'trapline', {
        ...outcome([]),
        memory: { peakBytes, beyondRamBytes: undefined },
        translation: { compileMilliseconds, compiledBytes: 1000, translations: 3 },
      });
    collector.add('boot', [], 'native', outcome([]));
    expect(collector.processes()).toEqual([
      {
        job: 'boot',
        contender: 'trapline',
        peakBytes: 30,
        compileMs: 7,
        compiledBytes: 1000,
        translations: 3,
      },
    ]);
  });
});

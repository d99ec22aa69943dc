import type { ProfileSample } from './profiler.ts';

/** Brendan Gregg's folded stacks, what flamegraph tools read: `hart 0;S;main;work 17`, one line for each stack. */
export const foldedStacks = (samples: readonly ProfileSample[]): string =>
  samples
    .map(({ hart, mode, frames, count }) => `${[`hart ${hart}`, mode, ...frames].join(';')} ${count}\n`)
    .join('');

/** A file for speedscope: one profile for each hart, weights in samples, the mode as outermost frame. */
export function speedscope(samples: readonly ProfileSample[], name: string): object {
  const frames = new Map<string, number>();
  const frame = (frameName: string): number => {
    const index = frames.get(frameName) ?? frames.size;
    frames.set(frameName, index);
    return index;
  };
  const harts = [...new Set(samples.map(({ hart }) => hart))].sort((a, b) => a - b);
  const profiles = harts.map((hart) => {
    const own = samples.filter((sample) => sample.hart === hart);
    return {
      type: 'sampled',
      name: `hart ${hart}`,
      unit: 'none',
      startValue: 0,
      endValue: own.reduce((sum, { count }) => sum + count, 0),
      samples: own.map((sample) => [sample.mode, ...sample.frames].map(frame)),
      weights: own.map(({ count }) => count),
    };
  });
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name,
    exporter: 'trapline',
    shared: { frames: [...frames.keys()].map((frameName) => ({ name: frameName })) },
    profiles,
  };
}

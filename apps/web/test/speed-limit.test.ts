import { expect, it } from 'vitest';
import { SpeedLimit } from '../src/worker/speed-limit.ts';

/** Runs for so many milliseconds of a made-up clock: how many instructions were allowed. */
function allowed(limit: SpeedLimit, ms: number, busy: (now: number) => boolean = () => true): number {
  let [now, total] = [0, 0];
  limit.reset(now);
  while (now < ms) {
    const { waitMs, instructions } = limit.next(now);
    now += waitMs > 0 ? waitMs : 0.1;
    if (waitMs > 0 || !busy(now)) continue;
    total += instructions!;
    limit.spend(instructions!);
  }
  return total;
}

it.each([0.01, 1, 100])('%s million instructions per second', (rate) => {
  const limit = new SpeedLimit();
  limit.rate = rate;
  const wanted = rate * 1e6 * 2;
  const total = allowed(limit, 2000);
  expect(total).toBeGreaterThan(wanted * 0.95);
  expect(total).toBeLessThan(wanted * 1.05);
});

it('a guest that waited does not rush afterwards', () => {
  const limit = new SpeedLimit();
  limit.rate = 1;
  const total = allowed(limit, 2000, (now) => now > 1000);
  expect(total).toBeLessThan(1.2e6);
});

it('no limit is no limit', () => {
  expect(new SpeedLimit().next(5)).toEqual({ waitMs: 0, instructions: undefined });
});

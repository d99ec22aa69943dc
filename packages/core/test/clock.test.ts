import { expect, test } from 'vitest';
import { type ClockUser, DeterministicClock, RealtimeClock } from '../src/clock.ts';

const user = (id: number): ClockUser & { count: number; rearmed: number } => ({
  id,
  count: 0,
  rearmed: 0,
  retiredCount() {
    return this.count;
  },
  rearm() {
    this.rearmed += 1;
  },
});

test('deterministic time is the start of the round plus the own progress', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const [a, b] = [user(0), user(1)];
  const [timeA, timeB] = [clock.attach(a), clock.attach(b)];
  a.count = 95;
  expect([timeA.time(), timeB.time()]).toEqual([9n, 0n]);
  expect(timeA.instructionsUntil(10n)).toBe(5);
  expect(timeA.instructionsUntil(9n)).toBe(0);
  timeA.spend(5);
  expect(timeA.time()).toBe(10n);
  clock.endRound(1000);
  expect([timeA.time(), timeB.time()]).toEqual([100n, 100n]);
});

test('devices read the time of the hart that runs', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 1 });
  const a = user(0);
  clock.attach(a);
  a.count = 7;
  expect(clock.ticks()).toBe(0n);
  clock.enter(0);
  expect(clock.ticks()).toBe(7n);
});

test('a written mtime moves every hart and makes them look at their deadlines', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const a = user(0);
  const time = clock.attach(a);
  clock.setTicks(1000n);
  expect(time.time()).toBe(1000n);
  expect(time.instructionsUntil(1001n)).toBe(10);
  expect(a.rearmed).toBe(1);
  clock.setTicks(2n ** 64n - 1n);
  expect(time.time()).toBe(2n ** 64n - 1n);
  a.count = 10;
  expect(time.time()).toBe(0n);
});

test('idle time jumps to a deadline, never back', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const time = clock.attach(user(0));
  expect(clock.jumpTo(500n)).toBe(true);
  expect(time.time()).toBe(500n);
  clock.jumpTo(100n);
  expect(time.time()).toBe(500n);
});

test('saved time goes on where it was', () => {
  const clock = new DeterministicClock();
  clock.setTicks(77n);
  clock.endRound(1000);
  const other = new DeterministicClock();
  other.restore(clock.save());
  expect(other.ticks()).toBe(clock.ticks());
});

test('realtime follows the host, in ticks of its frequency', () => {
  let now = 5000;
  const clock = new RealtimeClock({ now: () => now, frequencyHz: 10_000_000 });
  const time = clock.attach(user(0));
  expect(time.time()).toBe(0n);
  now += 2.5;
  expect(time.time()).toBe(25_000n);
  expect(time.instructionsUntil(25_000n)).toBe(0);
  expect(time.instructionsUntil(25_001n)).toBe(1000);
  clock.setTicks(0n);
  now += 1;
  expect(clock.ticks()).toBe(10_000n);
  expect(clock.jumpTo()).toBe(false);
});

test('a deadline is as far away as it is, however high a guest set mtime', () => {
  const clock = new DeterministicClock({ instructionsPerTick: 10 });
  const user = { id: 0, retiredCount: () => 0, rearm: () => {} };
  const hart = clock.attach(user);
  for (const now of [0n, 1n << 62n, (1n << 63n) + 12345n, 0xc6a9_0000_0000_0001n]) {
    clock.setTicks(now);
    expect(hart.instructionsUntil(now + 94n)).toBe(940);
    expect(hart.instructionsUntil(now)).toBe(0);
    expect(clock.jumpTo(now + 3n)).toBe(true);
    expect(hart.time()).toBe(now + 3n);
  }
});

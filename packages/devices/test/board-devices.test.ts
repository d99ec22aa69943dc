import { beforeEach, describe, expect, it } from 'vitest';
import { Clint, type Finish, GoldfishRtc, TestFinisher } from '../src/index.ts';
import { FakeIrq } from './driver.ts';

const all = 2n ** 64n - 1n;

describe('CLINT', () => {
  const harts = () =>
    [0, 1].map(() => {
      const hart = { software: new FakeIrq(), deadline: undefined as bigint | undefined };
      return {
        ...hart,
        timer: {
          setDeadline: (ticks: bigint) => {
            hart.deadline = ticks;
          },
        },
        hart,
      };
    });
  let wires: ReturnType<typeof harts>;
  let now: bigint;
  let clint: Clint;

  beforeEach(() => {
    wires = harts();
    now = 0x1_0000_0005n;
    const clock = {
      frequencyHz: 10_000_000,
      ticks: () => now,
      setTicks: (ticks: bigint) => {
        now = ticks;
      },
    };
    clint = new Clint({ harts: wires, clock });
  });

  it('msip drives the software interrupt of its hart; only bit 0 counts', () => {
    clint.write(4, 4, 0xffff_ffffn);
    expect([wires[0]!.software.level, wires[1]!.software.level]).toEqual([false, true]);
    expect(clint.read(4, 4)).toBe(1n);
    clint.write(4, 4, 0xfffen);
    expect(wires[1]!.software.level).toBe(false);
  });

  it('mtimecmp drives the timer, whole or by halves', () => {
    clint.write(0x4008, 8, 1234n);
    expect([wires[0]!.hart.deadline, wires[1]!.hart.deadline]).toEqual([undefined, 1234n]);
    clint.write(0x4000, 4, 7n);
    clint.write(0x4004, 4, 1n);
    expect(wires[0]!.hart.deadline).toBe(0x1_0000_0007n);
    expect(clint.read(0x4000, 8)).toBe(0x1_0000_0007n);
  });

  it('no timer is due at power-on', () => {
    expect(clint.read(0x4000, 8)).toBe(all);
  });

  it('mtime is the clock, readable and writable, whole or by halves', () => {
    expect(clint.read(0xbff8, 8)).toBe(0x1_0000_0005n);
    expect(clint.read(0xbff8, 4)).toBe(5n);
    expect(clint.read(0xbffc, 4)).toBe(1n);
    clint.write(0xbff8, 8, 99n);
    expect(now).toBe(99n);
    clint.write(0xbffc, 4, 2n);
    expect(now).toBe(0x2_0000_0063n);
  });

  it('harts it does not have read zero', () => {
    expect(clint.write(8, 4, 1n)).toBe(true);
    expect(clint.read(8, 4)).toBe(0n);
  });

  it('saves, resets and restores', () => {
    clint.write(0, 4, 1n);
    clint.write(0x4000, 8, 5n);
    const saved = structuredClone(clint.save());
    clint.reset();
    expect(wires[0]!.software.level).toBe(false);
    expect(wires[0]!.hart.deadline).toBe(all);
    clint.restore(saved);
    expect(wires[0]!.software.level).toBe(true);
    expect(wires[0]!.hart.deadline).toBe(5n);
  });
});

describe('test finisher', () => {
  const finish = (value: bigint, bytes: 1 | 2 | 4 = 4) => {
    const seen: Finish[] = [];
    const accepted = new TestFinisher({ onExit: (how) => seen.push(how) }).write(0, bytes, value);
    return { accepted, seen };
  };

  it.each<[bigint, Finish]>([
    [0x5555n, { kind: 'pass' }],
    [0x3333n, { kind: 'fail', code: 0 }],
    [0xffff_3333n, { kind: 'fail', code: 0xffff }],
    [0x0001_3333n, { kind: 'fail', code: 1 }],
    [0x7777n, { kind: 'reset' }],
  ])('0x%s ends the run', (value, how) => {
    expect(finish(value).seen).toEqual([how]);
  });

  it('other values do nothing, 16-bit stores do, bytes are a bus error', () => {
    expect(finish(0x1234n)).toEqual({ accepted: true, seen: [] });
    expect(finish(0x5555n, 2).seen).toEqual([{ kind: 'pass' }]);
    expect(finish(0x55n, 1)).toEqual({ accepted: false, seen: [] });
  });
});

describe('Goldfish RTC', () => {
  const start = 0x17b5_0f00_ffff_fff0n;
  let now: bigint;
  let irq: FakeIrq;
  let rtc: GoldfishRtc;
  const read = (at: number) => rtc.read(at, 4)!;
  const write = (at: number, value: bigint) => rtc.write(at, 4, value);
  const readTime = () => read(0x00) | (read(0x04) << 32n);
  const setAlarm = (time: bigint) => {
    write(0x0c, time >> 32n);
    write(0x08, time & 0xffff_ffffn);
  };

  beforeEach(() => {
    now = start;
    irq = new FakeIrq();
    rtc = new GoldfishRtc({ clock: { nanoseconds: () => now }, irq });
  });

  it('latches the high word when the low one is read', () => {
    const low = read(0x00);
    now += 0x100n; // carries into the high word
    expect((read(0x04) << 32n) | low).toBe(start);
    expect(readTime()).toBe(now);
  });

  it('can be set, high word first, and goes on from there', () => {
    write(0x04, 0x1111n);
    write(0x00, 0x2222n);
    now += 5n;
    expect(readTime()).toBe(0x1111_0000_2227n);
  });

  it('fires an alarm when due, once', () => {
    write(0x10, 1n);
    setAlarm(start + 1000n);
    expect(rtc.nextAlarm).toBe(start + 1000n);
    expect(read(0x18)).toBe(1n);
    rtc.tick();
    expect(irq.level).toBe(false);
    now += 1000n;
    rtc.tick();
    expect([irq.level, rtc.nextAlarm, read(0x18)]).toEqual([true, undefined, 0n]);
    write(0x1c, 1n);
    rtc.tick();
    expect(irq.level).toBe(false);
  });

  it('fires at once when the alarm is in the past; the wire waits for IRQ_ENABLED', () => {
    setAlarm(start - 1n);
    expect(irq.level).toBe(false);
    write(0x10, 1n);
    expect(irq.level).toBe(true);
  });

  it('gives nextAlarm on the host clock when the guest set its own time', () => {
    write(0x04, 0n);
    write(0x00, 0n);
    setAlarm(500n);
    expect(rtc.nextAlarm).toBe(now + 500n);
    write(0x14, 0n);
    expect(rtc.nextAlarm).toBeUndefined();
  });

  it('saves and restores; a reset keeps the time', () => {
    write(0x04, 0x1111n);
    write(0x10, 1n);
    setAlarm(0n);
    const saved = structuredClone(rtc.save());
    const time = readTime();
    rtc.reset();
    expect(irq.level).toBe(false);
    expect(readTime()).toBe(time);
    rtc.restore(saved);
    expect(irq.level).toBe(true);
  });
});

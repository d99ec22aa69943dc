import type { IrqLine, Persistent, WallClock } from '@trapline/core';
import { MappedDevice } from './mapped-device.ts';
import { registerMap } from './register-map.ts';
import { highWord, lowWord, withHighWord, withLowWord } from './words.ts';

export interface GoldfishRtcOptions {
  readonly clock: WallClock;
  readonly irq: IrqLine;
}

export interface GoldfishRtcState {
  /** Nanoseconds the guest set its time ahead of the wall clock, modulo 2^64. */
  readonly offset: bigint;
  readonly latchedHigh: number;
  readonly alarm: bigint;
  readonly armed: boolean;
  readonly enabled: boolean;
  readonly pending: boolean;
}

const powerOn: GoldfishRtcState = {
  offset: 0n,
  latchedHigh: 0,
  alarm: 0n,
  armed: false,
  enabled: false,
  pending: false,
};

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The Goldfish real-time clock: nanoseconds since 1970 and one alarm. */
export class GoldfishRtc extends MappedDevice implements Persistent<GoldfishRtcState> {
  static readonly map = registerMap<GoldfishRtc>([
    {
      at: 0x00,
      name: 'TIME_LOW',
      bytes: 4,
      note: 'time in nanoseconds, low word; reading it latches TIME_HIGH',
      read: (r) => r.#latchTime(),
      write: (r, value) => r.#setTime(withLowWord(r.#now, value)),
    },
    {
      at: 0x04,
      name: 'TIME_HIGH',
      bytes: 4,
      note: 'high word as of the last read of TIME_LOW',
      read: (r) => r.#state.latchedHigh,
      write: (r, value) => r.#setTime(withHighWord(r.#now, value)),
    },
    {
      at: 0x08,
      name: 'ALARM_LOW',
      bytes: 4,
      note: 'alarm time, low word; writing it arms the alarm',
      read: (r) => lowWord(r.#state.alarm),
      write: (r, value) => r.#arm(withLowWord(r.#state.alarm, value)),
    },
    {
      at: 0x0c,
      name: 'ALARM_HIGH',
      bytes: 4,
      note: 'alarm time, high word; write it first',
      read: (r) => highWord(r.#state.alarm),
      write: (r, value) => r.#set({ alarm: withHighWord(r.#state.alarm, value) }),
    },
    {
      at: 0x10,
      name: 'IRQ_ENABLED',
      bytes: 4,
      note: 'bit 0: the alarm interrupts',
      read: (r) => Number(r.#state.enabled),
      write: (r, value) => r.#set({ enabled: (value & 1) !== 0 }),
    },
    {
      at: 0x14,
      name: 'CLEAR_ALARM',
      bytes: 4,
      note: 'any write disarms',
      write: (r) => r.#set({ armed: false }),
    },
    {
      at: 0x18,
      name: 'ALARM_STATUS',
      bytes: 4,
      note: '1 while armed',
      read: (r) => Number(r.#state.armed),
    },
    {
      at: 0x1c,
      name: 'CLEAR_INTERRUPT',
      bytes: 4,
      note: 'any write acknowledges',
      write: (r) => r.#set({ pending: false }),
    },
  ]);

  readonly name = 'rtc';
  readonly registers = GoldfishRtc.map;
  readonly #clock: WallClock;
  readonly #irq: IrqLine;
  #state = powerOn;

  constructor({ clock, irq }: GoldfishRtcOptions) {
    super();
    this.#clock = clock;
    this.#irq = irq;
  }

  /** When the alarm is due, in nanoseconds of the `WallClock` port; undefined while disarmed. */
  get nextAlarm(): bigint | undefined {
    return this.#state.armed ? this.#state.alarm - this.#state.offset : undefined;
  }

  /** Fires the alarm if it is due. Call it when `nextAlarm` has passed. */
  tick(): void {
    if (this.#state.armed && this.#now >= this.#state.alarm) this.#set({ armed: false, pending: true });
  }

  /** Back to power-on; the time the guest set is kept, as a battery would. */
  reset(): void {
    this.restore({ ...powerOn, offset: this.#state.offset });
  }

  save(): GoldfishRtcState {
    return { ...this.#state };
  }

  restore(state: GoldfishRtcState): void {
    this.#set(state);
  }

  get #now(): bigint {
    return u64(this.#clock.nanoseconds() + this.#state.offset);
  }

  #set(change: Partial<GoldfishRtcState>): void {
    this.#state = { ...this.#state, ...change };
    this.#irq.set(this.#state.enabled && this.#state.pending);
  }

  #latchTime(): number {
    const now = this.#now;
    this.#set({ latchedHigh: highWord(now) });
    return lowWord(now);
  }

  #setTime(time: bigint): void {
    this.#set({ offset: BigInt.asIntN(64, time - this.#clock.nanoseconds()) });
    this.tick();
  }

  #arm(alarm: bigint): void {
    this.#set({ alarm, armed: true });
    this.tick();
  }
}

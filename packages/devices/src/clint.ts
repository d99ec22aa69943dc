import type { Clock, IrqLine, Persistent, TimerLine } from '@trapline/core';
import { MappedDevice } from './mapped-device.ts';
import { type RegisterMap, registerMap } from './register-map.ts';

export interface ClintHart {
  /** Drives MSIP. */
  readonly software: IrqLine;
  /** Drives MTIP. */
  readonly timer: TimerLine;
}

export interface ClintOptions {
  readonly harts: readonly ClintHart[];
  readonly clock: Clock;
}

export interface ClintState {
  readonly software: readonly boolean[];
  readonly deadlines: readonly bigint[];
}

const never = 2n ** 64n - 1n;

/** The core-local interruptor of SiFive's boards: a software interrupt and a timer per hart, and `mtime`. */
export class Clint extends MappedDevice implements Persistent<ClintState> {
  readonly name = 'clint';
  readonly registers: RegisterMap<Clint>;
  readonly #harts: readonly ClintHart[];
  readonly #clock: Clock;
  #software: boolean[];
  #deadlines: bigint[];

  /** The rows of a CLINT with `harts` harts. */
  static map(harts: number): RegisterMap<Clint> {
    return registerMap<Clint>([
      {
        at: 0,
        name: 'msip',
        bytes: 4,
        each: [{ of: 'hart', count: harts, stride: 4 }],
        note: 'bit 0: software interrupt',
        read: (c, hart) => Number(c.#software[hart]),
        write: (c, value, hart) => c.#setSoftware(hart, (value & 1) !== 0),
      },
      {
        at: 0x4000,
        name: 'mtimecmp',
        bytes: 8,
        each: [{ of: 'hart', count: harts, stride: 8 }],
        note: 'timer deadline, in ticks',
        read: (c, hart) => c.#deadlines[hart]!,
        write: (c, value, hart) => c.#setDeadline(hart, value),
      },
      {
        at: 0xbff8,
        name: 'mtime',
        bytes: 8,
        note: 'time, in ticks',
        read: (c) => c.#clock.ticks(),
        write: (c, value) => c.#clock.setTicks(value),
      },
    ]);
  }

  constructor({ harts, clock }: ClintOptions) {
    super();
    this.#harts = harts;
    this.#clock = clock;
    this.#software = harts.map(() => false);
    this.#deadlines = harts.map(() => never);
    this.registers = Clint.map(harts.length);
  }

  /** No software interrupt, no deadline; `mtime` goes on. */
  reset(): void {
    this.restore({ software: this.#harts.map(() => false), deadlines: this.#harts.map(() => never) });
  }

  save(): ClintState {
    return { software: [...this.#software], deadlines: [...this.#deadlines] };
  }

  restore({ software, deadlines }: ClintState): void {
    software.forEach((level, hart) => {
      this.#setSoftware(hart, level);
    });
    deadlines.forEach((ticks, hart) => {
      this.#setDeadline(hart, ticks);
    });
  }

  #setSoftware(hart: number, level: boolean): void {
    this.#software[hart] = level;
    this.#harts[hart]!.software.set(level);
  }

  #setDeadline(hart: number, ticks: bigint): void {
    this.#deadlines[hart] = ticks;
    this.#harts[hart]!.timer.setDeadline(ticks);
  }
}

import type { BoardClock, DmaMemory, EngineStats, GuestHart, RoundResult, Sampler } from '@trapline/core';
import type { ExitEvent, ExitTape, Names } from '@trapline/vmm';
import type { ConsoleOutput, OutputListener } from './console.ts';
import type { LineTable } from './dwarf/line-table.ts';
import { hashHex } from './hash.ts';
import { type Sleeper, yieldToHost } from './host-loop.ts';
import type { Inspector } from './inspect/inspector.ts';
import { frameNamer } from './profile/frames.ts';
import { type ProfileOptions, Profiler } from './profile/profiler.ts';
import { shortLine } from './source-lines.ts';
import type { SymbolTable } from './symbols.ts';

/** Why a run ended. */
export type ExitReason =
  /** The guest powered off, through the finisher or SBI: 0 is success. */
  | { readonly kind: 'guest'; readonly code: number }
  /** The guest asked for a restart: make a new machine of the same options. */
  | { readonly kind: 'reset' }
  /** Every hart is stopped (SBI HSM): nothing can ever happen again. */
  | { readonly kind: 'halted' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'instructionLimit' }
  /** `pause` was called; `run` goes on. */
  | { readonly kind: 'paused' }
  /** A policy ended the run. */
  | { readonly kind: 'policy'; readonly why: string };

export interface RunOptions {
  /**
   * Ends the run after so many instructions of all harts together. A round in which harts were busy without
   * retiring any (a storm of traps) counts as one quantum.
   */
  readonly maxInstructions?: number | undefined;
  /** Ends the run after so much time of the host, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** What happened so far. */
export interface MachineStats {
  readonly instructions: number;
  /** Host time spent running, without sleep, in seconds. */
  readonly busySeconds: number;
  /** Host time spent waiting for timers and input, in seconds. */
  readonly idleSeconds: number;
  readonly harts: readonly { readonly id: number; readonly instructions: number }[];
  /** Exits to the monitor by kind; empty on the bare machine. */
  readonly exits: Readonly<Record<string, number>>;
  /** SBI calls served by the built-in firmware, by name. */
  readonly sbiCalls: Readonly<Record<string, number>>;
  /** Figures of the shadow page tables; empty on the bare machine. */
  readonly shadow: Readonly<Record<string, number>>;
  readonly tlbMisses: number;
  /** Devices the guest used, in the order of the board, and how often: reads and writes of registers. */
  readonly devices: readonly DeviceUse[];
  /** What executes the guest; figures only of an engine that translates. */
  readonly engine: { readonly name: string } & Partial<EngineStats>;
}

/** How often a guest read and wrote the registers of the device at that guest-physical address. */
export interface DeviceUse {
  readonly name: string;
  readonly address: number;
  readonly reads: number;
  readonly writes: number;
}

/** A hart of a board, and whether it waits for an interrupt now. */
export type BoardHart = GuestHart & { readonly waiting: boolean };

/** The counts the layers below keep; the machine adds its own. */
export type LayerStats = Pick<
  MachineStats,
  'exits' | 'sbiCalls' | 'shadow' | 'tlbMisses' | 'devices' | 'engine'
>;

/** What a machine is made of: create-machine.ts composes it. */
export interface MachineParts {
  readonly harts: readonly BoardHart[];
  readonly scheduler: {
    readonly quantum: number;
    sampler: Sampler | undefined;
    runRound(limit?: number): RoundResult;
  };
  readonly clock: BoardClock;
  readonly memory: DmaMemory;
  readonly ram: { readonly address: number; readonly bytes: number };
  readonly console: ConsoleOutput;
  readonly symbols: SymbolTable;
  readonly lines: LineTable;
  readonly inspector: Inspector;
  registerAt(address: bigint): string | undefined;
  readonly sleeper: Sleeper;
  /** The real-time clock's alarm: `nextAlarm` in nanoseconds since 1970; `tick` rings it when it is due. */
  readonly alarm: { readonly nextAlarm: bigint | undefined; tick(): void };
  /** Whether a device waits for the host, which can only answer when it has its turn. */
  devicesWait(): boolean;
  input(bytes: Uint8Array): void;
  layerStats(): LayerStats;
  listenExits(listener: (event: ExitEvent) => void): () => void;
  recordExits(tape: ExitTape, recorded?: () => void): () => void;
  /** Why a policy stopped the run, if one did. */
  stopReason(): string | undefined;
}

/** How long harts run before the host gets a turn. */
const SLICE_MS = 4;
/** The same while a disk works: its answer should not be long in coming. */
const WAITING_SLICE_MS = 0.25;
/** How often a sleeping machine looks at an armed alarm of the real-time clock: drivers set it in whole seconds. */
const ALARM_POLL_MS = 50;

/** A board with a guest loaded, ready to run. */
export class Machine {
  readonly harts: readonly BoardHart[];
  /** The guest's RAM by physical address. Whoever changes bytes calls `written`. */
  readonly memory: DmaMemory;
  readonly symbols: SymbolTable;
  /** Where in the source an address comes from, where the guest was built with debug information. */
  readonly lines: LineTable;
  /** Harts, page tables and addresses as they stand. */
  readonly inspector: Inspector;
  readonly #parts: MachineParts;
  #ending: ExitReason | undefined;
  #running = false;
  #busyMs = 0;
  #idleMs = 0;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.harts = parts.harts;
    this.memory = parts.memory;
    this.symbols = parts.symbols;
    this.lines = parts.lines;
    this.inspector = parts.inspector;
  }

  /**
   * Runs until something ends it. Lets the host have its turn every few milliseconds, and sleeps while every hart waits.
   * Never rejects for anything a guest does.
   */
  async run(options: RunOptions = {}): Promise<ExitReason> {
    if (this.#running) throw new Error('the machine is already running');
    this.#running = true;
    try {
      return await this.#loop(options);
    } finally {
      this.#running = false;
    }
  }

  /** Runs up to so many instructions at once, without giving the host a turn; undefined: nothing ended. */
  step(instructions = 1): ExitReason | undefined {
    const result = this.#parts.scheduler.runRound(instructions);
    this.#parts.console.flush();
    if (result.kind === 'stopped') return { kind: 'halted' };
    return this.#takeEnding();
  }

  /** Ends a run at the next boundary between rounds; `run` goes on from there. */
  pause(): void {
    this.end({ kind: 'paused' });
  }

  /** Ends a run for that reason; the first reason given counts. */
  end(reason: ExitReason): void {
    this.#ending ??= reason;
    this.#parts.sleeper.wake();
  }

  /** Types at the guest's serial port. */
  input(bytes: Uint8Array): void {
    this.#parts.input(bytes);
    this.#parts.sleeper.wake();
  }

  /** Calls `listener` with what the guest prints; the returned function stops that. */
  onOutput(listener: OutputListener): () => void {
    return this.#parts.console.listen(listener);
  }

  /** Calls `listener` at every exit to the monitor; the returned function stops that. Never called on the bare machine. */
  onExit(listener: (event: ExitEvent) => void): () => void {
    return this.#parts.listenExits(listener);
  }

  /** Samples where the guest spends its instructions, from now on; the profiler started last is the one that samples. */
  startProfile({ interval }: ProfileOptions = {}): Profiler {
    const read = (hart: GuestHart, va: bigint, bytes: number): Uint8Array | undefined => {
      const { pa } = this.inspector.walk(hart.id, va).guest;
      return pa === undefined ? undefined : this.memory.view(pa, bytes);
    };
    const profiler = new Profiler(frameNamer({ symbols: this.symbols, read }), interval);
    this.#parts.scheduler.sampler = profiler;
    return profiler;
  }

  /** Stops sampling. */
  stopProfile(): void {
    this.#parts.scheduler.sampler = undefined;
  }

  /**
   * Records every exit to the monitor on a tape, which costs the guest far less than a listener; `recorded` is called after each. The
   * returned function stops that. Never called on the bare machine.
   */
  recordExits(tape: ExitTape, recorded?: () => void): () => void {
    return this.#parts.recordExits(tape, recorded);
  }

  /** What a device calls its register at a guest-physical address; undefined where there is none. */
  registerAt(address: bigint): string | undefined {
    return this.#parts.registerAt(address);
  }

  /** What addresses are called: symbols of the guest and registers of the board. */
  get names(): Names {
    return {
      nameOf: (address) => this.symbols.nameOf(address),
      lineOf: (address) => {
        const source = this.lines.lineOf(address);
        return source && shortLine(source);
      },
      registerAt: (address) => this.registerAt(address),
    };
  }

  /** Instructions retired by all harts together. */
  get instructions(): number {
    return Number(this.harts.reduce((sum, hart) => sum + hart.retired, 0n));
  }

  stats(): MachineStats {
    return {
      instructions: this.instructions,
      busySeconds: this.#busyMs / 1000,
      idleSeconds: this.#idleMs / 1000,
      harts: this.harts.map(({ id, retired }) => ({ id, instructions: Number(retired) })),
      ...this.#parts.layerStats(),
    };
  }

  /** A hash of all RAM, 16 hexadecimal digits. */
  ramHash(): string {
    const { address, bytes } = this.#parts.ram;
    return hashHex(this.memory.view(BigInt(address), bytes)!);
  }

  #takeEnding(): ExitReason | undefined {
    const why = this.#parts.stopReason();
    const ending = this.#ending ?? (why === undefined ? undefined : { kind: 'policy', why });
    this.#ending = undefined;
    return ending;
  }

  async #loop({ maxInstructions = Number.POSITIVE_INFINITY, timeoutMs }: RunOptions): Promise<ExitReason> {
    const deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    let left = maxInstructions;
    for (;;) {
      const slice = this.#slice(left, deadlineMs);
      left = slice.left;
      if (slice.output) await slice.output;
      const ending = this.#takeEnding() ?? slice.ending;
      if (ending) return ending;
      if (performance.now() >= deadlineMs) return { kind: 'timeout' };
      if (slice.idle) await this.#sleep(slice.idle.deadline, deadlineMs);
      else await yieldToHost();
    }
  }

  /** Rounds for a few milliseconds, or until there is a reason to stop. */
  #slice(allowed: number, deadlineMs: number): Slice {
    const started = performance.now();
    const turnAt = () =>
      Math.min(started + (this.#parts.devicesWait() ? WAITING_SLICE_MS : SLICE_MS), deadlineMs);
    let left = allowed;
    let slice: Slice | undefined;
    while (slice === undefined) {
      const before = this.instructions;
      const result = this.#parts.scheduler.runRound(left);
      const retired = this.instructions - before;
      left -= result.kind === 'ran' && retired === 0 ? this.#parts.scheduler.quantum : retired;
      const output = this.#parts.console.flush();
      if (this.#parts.alarm.nextAlarm !== undefined) this.#parts.alarm.tick();
      const ending = endingOf(result, left);
      const idle = result.kind === 'idle' ? result : undefined;
      if (
        ending ||
        idle ||
        output ||
        this.#ending ||
        this.#parts.stopReason() ||
        performance.now() >= turnAt()
      )
        slice = { left, ending, idle, output };
    }
    this.#busyMs += performance.now() - started;
    return slice;
  }

  async #sleep(deadline: bigint | undefined, deadlineMs: number): Promise<void> {
    const { clock, sleeper, alarm } = this.#parts;
    const started = performance.now();
    const toTimer =
      deadline === undefined
        ? Number.POSITIVE_INFINITY
        : (Number(deadline - clock.ticks()) * 1000) / clock.frequencyHz;
    const toAlarm = alarm.nextAlarm === undefined ? Number.POSITIVE_INFINITY : ALARM_POLL_MS;
    const wait = Math.min(toTimer, toAlarm, deadlineMs - started);
    // A wait too short for the host's timers is a turn for the host.
    if (wait < 1) await yieldToHost();
    else await sleeper.sleep(Number.isFinite(wait) ? wait : undefined);
    this.#idleMs += performance.now() - started;
  }
}

interface Slice {
  readonly left: number;
  readonly ending: ExitReason | undefined;
  readonly idle: { readonly deadline: bigint | undefined } | undefined;
  readonly output: Promise<unknown> | undefined;
}

function endingOf(result: RoundResult, left: number): ExitReason | undefined {
  if (result.kind === 'stopped') return { kind: 'halted' };
  return result.kind === 'limit' || left <= 0 ? { kind: 'instructionLimit' } : undefined;
}

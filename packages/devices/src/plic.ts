import type { IrqLine, Persistent } from '@trapline/core';
import { MappedDevice } from './mapped-device.ts';
import { type RegisterMap, registerMap } from './register-map.ts';

export interface PlicOptions {
  /** One wire per context; boards number them hart by hart, M before S. */
  readonly contexts: readonly IrqLine[];
  /** The highest source number (source 0 does not exist). Default 95, as on QEMU's `virt`. */
  readonly sources?: number;
}

export interface PlicState {
  readonly priorities: readonly number[];
  readonly levels: readonly boolean[];
  readonly pending: readonly boolean[];
  readonly inService: readonly boolean[];
  /** Per context, one word per 32 sources. */
  readonly enables: readonly (readonly number[])[];
  readonly thresholds: readonly number[];
}

const maxPriority = 7;
const wordsFor = (sources: number): number => Math.ceil((sources + 1) / 32);

/**
 * The platform-level interrupt controller (RISC-V PLIC specification 1.0.0), in SiFive's layout, with level-triggered gateways
 * and priorities 0..7.
 */
export class Plic extends MappedDevice implements Persistent<PlicState> {
  readonly name = 'plic';
  readonly registers: RegisterMap<Plic>;
  /** The highest source number. */
  readonly sources: number;
  readonly #contexts: readonly IrqLine[];
  readonly #lines: readonly IrqLine[];
  #priorities: number[] = [];
  #levels: boolean[] = [];
  #pending: boolean[] = [];
  #inService: boolean[] = [];
  #enables: number[][] = [];
  #thresholds: number[] = [];

  /** The rows of a PLIC of that size. */
  static map(sources: number, contexts: number): RegisterMap<Plic> {
    const perContext = { of: 'context', count: contexts };
    const words = { of: 'word', count: wordsFor(sources), stride: 4 };
    return registerMap<Plic>([
      {
        at: 0,
        name: 'priority',
        bytes: 4,
        each: [{ of: 'source', count: sources + 1, stride: 4 }],
        note: '0 never interrupts, 7 is the highest',
        read: (p, source) => p.#priorities[source]!,
        write: (p, value, source) => p.#setPriority(source, value),
      },
      {
        at: 0x1000,
        name: 'pending',
        bytes: 4,
        each: [words],
        note: 'one bit per source',
        read: (p, word) => p.#pendingWord(word),
      },
      {
        at: 0x2000,
        name: 'enable',
        bytes: 4,
        each: [{ ...perContext, stride: 0x80 }, words],
        note: 'one bit per source',
        read: (p, context, word) => p.#enables[context]![word]!,
        write: (p, value, context, word) => p.#setEnable(context, word, value),
      },
      {
        at: 0x20_0000,
        name: 'threshold',
        bytes: 4,
        each: [{ ...perContext, stride: 0x1000 }],
        note: 'only higher priorities interrupt the context',
        read: (p, context) => p.#thresholds[context]!,
        write: (p, value, context) => p.#setThreshold(context, value),
      },
      {
        at: 0x20_0004,
        name: 'claim/complete',
        bytes: 4,
        each: [{ ...perContext, stride: 0x1000 }],
        note: 'read claims the best pending source, write completes one',
        read: (p, context) => p.#claim(context),
        write: (p, value, context) => p.#complete(context, value),
      },
    ]);
  }

  constructor({ contexts, sources = 95 }: PlicOptions) {
    super();
    this.sources = sources;
    this.#contexts = contexts;
    this.registers = Plic.map(sources, contexts.length);
    this.#levels = this.#perSource(false);
    this.#lines = this.#levels.map((_, source) => ({ set: (level) => this.#setLevel(source, level) }));
    this.#clear();
  }

  /** The wire of source `source`. A number outside 1..`sources` is the board's mistake and throws a RangeError. */
  source(source: number): IrqLine {
    const line = this.#lines[source];
    if (line === undefined || source === 0)
      throw new RangeError(`PLIC source ${source} does not exist: use 1..${this.sources}`);
    return line;
  }

  /** Nothing enabled; sources whose wire is high are pending again. */
  reset(): void {
    this.#clear();
    this.#pending = [...this.#levels];
    this.#update();
  }

  save(): PlicState {
    return {
      priorities: [...this.#priorities],
      levels: [...this.#levels],
      pending: [...this.#pending],
      inService: [...this.#inService],
      enables: this.#enables.map((words) => [...words]),
      thresholds: [...this.#thresholds],
    };
  }

  restore(state: PlicState): void {
    this.#priorities = [...state.priorities];
    this.#levels = [...state.levels];
    this.#pending = [...state.pending];
    this.#inService = [...state.inService];
    this.#enables = state.enables.map((words) => [...words]);
    this.#thresholds = [...state.thresholds];
    this.#update();
  }

  #perSource<V>(value: V): V[] {
    return new Array<V>(this.sources + 1).fill(value);
  }

  #clear(): void {
    this.#priorities = this.#perSource(0);
    this.#pending = this.#perSource(false);
    this.#inService = this.#perSource(false);
    this.#enables = this.#contexts.map(() => new Array<number>(wordsFor(this.sources)).fill(0));
    this.#thresholds = this.#contexts.map(() => 0);
  }

  #setPriority(source: number, value: number): void {
    if (source !== 0) this.#priorities[source] = value & maxPriority;
    this.#update();
  }

  #setThreshold(context: number, value: number): void {
    this.#thresholds[context] = value & maxPriority;
    this.#update();
  }

  /** Bits of sources that do not exist (0 among them) stay zero. */
  #setEnable(context: number, word: number, value: number): void {
    const last = this.sources - word * 32;
    const exist = (last >= 31 ? 0xffff_ffff : 2 ** (last + 1) - 1) & (word === 0 ? ~1 : ~0);
    this.#enables[context]![word] = (value & exist) >>> 0;
    this.#update();
  }

  #pendingWord(word: number): number {
    return this.#pending
      .slice(word * 32, word * 32 + 32)
      .reduce((bits, pending, bit) => bits | (Number(pending) << bit), 0);
  }

  #enabled(context: number, source: number): boolean {
    return ((this.#enables[context]![source >> 5]! >>> (source & 31)) & 1) !== 0;
  }

  #setLevel(source: number, level: boolean): void {
    if (this.#levels[source] === level) return;
    this.#levels[source] = level;
    this.#request(source);
  }

  /** A gateway forwards one request at a time: the next only after completion, if the wire is (still) high. */
  #request(source: number): void {
    if (!this.#levels[source] || this.#inService[source] || this.#pending[source]) return;
    this.#pending[source] = true;
    this.#update();
  }

  /** The enabled pending source of highest priority, the lowest number among equals; 0 for none. */
  #best(context: number): number {
    let best = 0;
    for (let source = 1; source <= this.sources; source++)
      if (
        this.#pending[source] &&
        this.#enabled(context, source) &&
        this.#priorities[source]! > this.#priorities[best]!
      )
        best = source;
    return best;
  }

  /** The threshold does not affect claims (PLIC specification, "Interrupt Claim Process"). */
  #claim(context: number): number {
    const source = this.#best(context);
    if (source === 0) return 0;
    this.#pending[source] = false;
    this.#inService[source] = true;
    this.#update();
    return source;
  }

  /** A completion for a source the context has not enabled is ignored ("Interrupt Completion"). */
  #complete(context: number, source: number): void {
    if (source < 1 || source > this.sources || !this.#enabled(context, source)) return;
    this.#inService[source] = false;
    this.#request(source);
  }

  #update(): void {
    this.#contexts.forEach((line, context) => {
      line.set(this.#priorities[this.#best(context)]! > this.#thresholds[context]!);
    });
  }
}

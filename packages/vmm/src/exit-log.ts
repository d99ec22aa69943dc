import type { InPlaceRecords } from '@trapline/core';
import type { Privilege } from '@trapline/isa';
import { type Action, type ExitEvent, exitKinds, type Moment } from './exits.ts';
import type { Observation } from './observation.ts';
import type { ExitTape } from './tape.ts';

export type ExitListener = (event: ExitEvent) => void;

/** Counts exits by kind and hands them to listeners; with no listener an exit costs one increment. */
export class ExitLog {
  readonly #counts = new Float64Array(exitKinds.length);
  readonly #listeners = new Set<ExitListener>();

  /** One more exit of the kind with that number (`exitNumber`). */
  count(kind: number): void {
    this.#counts[kind]! += 1;
  }

  /** Exits so far by kind. */
  counts(): Record<string, number> {
    const entries = exitKinds.map((kind, n) => [kind, this.#counts[n]!] as const);
    return Object.fromEntries(entries.filter(([, count]) => count > 0));
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** What exits are recorded on, if anything. */
  #tape: ExitTape | undefined;
  #recorded: (() => void) | undefined;

  /** Whether anybody looks: then everything that may exit is told. */
  get listening(): boolean {
    return this.#listeners.size > 0 || this.#tape !== undefined;
  }

  /** Whether somebody wants to hear of each exit at once; a tape alone is also told of instructions after they were executed in place. */
  get immediate(): boolean {
    return this.#listeners.size > 0 || this.#recorded !== undefined;
  }

  /** Records every exit on a tape, one at a time; `recorded` is called after each. The returned function stops that. */
  record(tape: ExitTape, recorded?: () => void): () => void {
    this.#tape = tape;
    this.#recorded = recorded;
    return () => {
      if (this.#tape !== tape) return;
      this.#tape = undefined;
      this.#recorded = undefined;
    };
  }

  /** Tells the tape of a sensitive instruction of hart `hart` that was executed in place at `time`. */
  tellInPlace(records: InPlaceRecords, record: number, hart: number, time: bigint): void {
    if (this.#tape !== undefined) this.count(this.#tape.writeInPlace(records, record, hart, time));
  }

  /** Tells of one exit: its moment, what was done, and the state it left. */
  tell(moment: Moment, action: Action, observation: Observation, pc: bigint, mode: Privilege): void {
    if (this.#tape !== undefined) {
      this.#tape.write(moment, action, observation, pc, mode);
      this.#recorded?.();
    }
    if (this.#listeners.size > 0) this.emit({ ...moment, action, after: observation.end(pc, mode) });
  }

  emit(event: ExitEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` at every exit, synchronously; the returned function stops that. */
  listen(listener: ExitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Exits as an async stream; keeps at most `capacity` unread ones, dropping the oldest and saying how many. */
  async *stream(capacity = 65536): AsyncGenerator<ExitEvent | { readonly dropped: number }> {
    const queue: ExitEvent[] = [];
    let dropped = 0;
    let wake: (() => void) | undefined;
    const stop = this.listen((event) => {
      if (queue.length >= capacity) {
        queue.shift();
        dropped++;
      }
      queue.push(event);
      wake?.();
    });
    try {
      for (;;) {
        if (dropped > 0) {
          const lost = dropped;
          dropped = 0;
          yield { dropped: lost };
        }
        const event = queue.shift();
        if (event !== undefined) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      stop();
    }
  }
}

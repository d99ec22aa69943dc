import { type ExitEvent, type Explanation, explain, instructionText, type Machine } from '@trapline/machine';
import type { ExitPage, ExitQuery, ExitRow, OpenedExit, Strip, StripQuery } from '../machine/exits.ts';
import { compileFilter, type ExitFilter, everything } from '../machine/filter.ts';

/** How many exits are kept: the newest. */
const capacity = 32_768;

/** Keeps the newest exits of a machine while somebody looks, and stops it at those that are waited for. */
export class Recorder {
  readonly #ring = new Array<ExitEvent | undefined>(capacity).fill(undefined);
  /** Number of the next exit; the ring holds those from `#next - capacity`. */
  #next = 0;
  #machine: Machine | undefined;
  #stopListening: (() => void) | undefined;
  #recording = false;
  #breakpoint: ExitFilter | undefined;
  readonly #hit: (number: number) => void;

  /** `hit` is called with the number of an exit the breakpoint matches. */
  constructor(hit: (number: number) => void) {
    this.#hit = hit;
  }

  /** Follows another machine; what the last one did is forgotten. */
  attach(machine: Machine | undefined): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#machine = machine;
    this.#ring.fill(undefined);
    this.#next = 0;
    this.#listen();
  }

  record(on: boolean): void {
    this.#recording = on;
    this.#listen();
  }

  stopAt(filter: ExitFilter | undefined): void {
    this.#breakpoint = filter;
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#listen();
  }

  /** Nobody listens when nobody wants to know: then an exit costs what it costs without a page. */
  #listen(): void {
    const wanted = this.#machine !== undefined && (this.#recording || this.#breakpoint !== undefined);
    if (!wanted) {
      this.#stopListening?.();
      this.#stopListening = undefined;
      return;
    }
    if (this.#stopListening) return;
    const machine = this.#machine!;
    const stops = this.#breakpoint && compileFilter(this.#breakpoint, machine.names);
    this.#stopListening = machine.onExit((event) => {
      this.#ring[this.#next++ % capacity] = event;
      if (stops?.(event)) {
        for (const hart of machine.harts) hart.requestStop();
        this.#hit(this.#next - 1);
      }
    });
  }

  get #first(): number {
    return Math.max(0, this.#next - capacity);
  }

  #at(number: number): ExitEvent | undefined {
    return number >= this.#first && number < this.#next ? this.#ring[number % capacity] : undefined;
  }

  /** The newest exits that match, newest last. */
  page({ filter, limit, before = this.#next }: ExitQuery): ExitPage {
    const machine = this.#machine;
    const rows: ExitRow[] = [];
    if (machine) {
      const { names } = machine;
      const matches = compileFilter(filter ?? everything, names);
      for (
        let number = Math.min(before, this.#next) - 1;
        number >= this.#first && rows.length < limit;
        number--
      ) {
        const event = this.#at(number)!;
        if (matches(event)) rows.push(rowOf(number, event, machine));
      }
    }
    return { rows: rows.reverse(), recorded: this.#next, dropped: this.#first };
  }

  /** One exit with its explanation; undefined once it was dropped. */
  open(number: number): OpenedExit | undefined {
    const event = this.#at(number);
    if (event === undefined || this.#machine === undefined) return undefined;
    const explanation: Explanation = explain(event, this.#machine.names);
    return { row: rowOf(number, event, this.#machine), event, explanation };
  }

  /** Shares of the virtual modes, and exits, in equal pieces of what is kept. */
  strip({ hart, axis, from, to, pieces }: StripQuery): Strip {
    const place = ({ retired, time }: ExitEvent): number => Number(axis === 'time' ? time : retired);
    const events: ExitEvent[] = [];
    for (let number = this.#first; number < this.#next; number++) {
      const event = this.#at(number)!;
      if (event.hart === hart) events.push(event);
    }
    const [start, end] = [events[0], events.at(-1)].map((event) => (event ? place(event) : 0)) as [
      number,
      number,
    ];
    const range = { from: from ?? start, to: Math.max(to ?? end, (from ?? start) + 1) };
    return { start, end, ...range, pieces: cut(events, place, range, pieces) };
  }
}

function rowOf(number: number, event: ExitEvent, { names }: Machine): ExitRow {
  const { hart, mode, exit, pc, retired, time, action } = event;
  return {
    number,
    hart,
    mode,
    exit,
    pc,
    retired,
    time,
    action: action.kind,
    at: names.nameOf(pc),
    line: names.lineOf?.(pc),
    text: instructionText(event, { ...names, nameOf: () => undefined }),
  };
}

const modeOf = { 0: 'U', 1: 'S', 3: 'M' } as const;

function cut(
  events: readonly ExitEvent[],
  place: (event: ExitEvent) => number,
  { from, to }: { readonly from: number; readonly to: number },
  pieces: number,
): Strip['pieces'] {
  const width = (to - from) / pieces;
  const cuts = Array.from({ length: pieces }, () => ({ M: 0, S: 0, U: 0, exits: 0 }));
  const pieceAt = (at: number): number => Math.min(Math.floor((at - from) / width), pieces - 1);
  for (const [index, event] of events.entries()) {
    const start = place(event);
    if (start > to) break;
    if (start >= from) cuts[pieceAt(start)]!.exits++;
    const following = events[index + 1];
    if (!following) continue;
    const end = Math.min(place(following), to);
    const mode = modeOf[event.after.mode];
    let at = Math.max(start, from);
    for (let piece = pieceAt(at); at < end; piece++) {
      const until = piece >= pieces - 1 ? end : Math.min(end, from + (piece + 1) * width);
      // Where rounding puts the boundary behind us there is nothing left of this piece.
      if (until <= at) continue;
      cuts[piece]![mode] += until - at;
      at = until;
    }
  }
  return cuts;
}

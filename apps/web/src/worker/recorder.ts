import {
  type ExitEvent,
  ExitTape,
  type Explanation,
  explain,
  instructionText,
  type Machine,
} from '@trapline/machine';
import type { ExitPage, ExitQuery, ExitRow, OpenedExit, Strip, StripQuery } from '../machine/exits.ts';
import { compileFilter, type ExitFilter, everything } from '../machine/filter.ts';

/** How many exits are kept: the newest. */
const capacity = 32_768;

/** Keeps the newest exits of a machine while somebody looks, and stops it at those that are waited for. */
export class Recorder {
  #tape: ExitTape | undefined;
  #machine: Machine | undefined;
  #stopRecording: (() => void) | undefined;
  #recording = false;
  #breakpoint: ExitFilter | undefined;
  readonly #hit: (number: number) => void;

  /** `hit` is called with the number of an exit the breakpoint matches. */
  constructor(hit: (number: number) => void) {
    this.#hit = hit;
  }

  /** Follows another machine; what the last one did is forgotten. */
  attach(machine: Machine | undefined): void {
    this.#stop();
    this.#machine = machine;
    this.#tape = undefined;
    this.#listen();
  }

  record(on: boolean): void {
    this.#recording = on;
    this.#listen();
  }

  stopAt(filter: ExitFilter | undefined): void {
    this.#breakpoint = filter;
    this.#stop();
    this.#listen();
  }

  #stop(): void {
    this.#stopRecording?.();
    this.#stopRecording = undefined;
  }

  /** Nobody listens when nobody wants to know: then an exit costs what it costs without a page. */
  #listen(): void {
    const machine = this.#machine;
    const wanted = this.#recording || this.#breakpoint !== undefined;
    if (machine === undefined || !wanted) {
      this.#stop();
      return;
    }
    if (this.#stopRecording) return;
    this.#tape ??= new ExitTape(capacity);
    const tape = this.#tape;
    const stops = this.#breakpoint && compileFilter(this.#breakpoint, machine.names);
    this.#stopRecording = machine.recordExits(tape, stops && (() => this.#look(machine, tape, stops)));
  }

  /** Stops the machine when the exit that was just recorded matches. */
  #look(machine: Machine, tape: ExitTape, stops: ReturnType<typeof compileFilter>): void {
    const number = tape.next - 1;
    if (!stops(tape.read(number)!)) return;
    for (const hart of machine.harts) hart.requestStop();
    this.#hit(number);
  }

  /** The newest exits that match, newest last. */
  page({ filter = everything, limit, before }: ExitQuery): ExitPage {
    const [machine, tape] = [this.#machine, this.#tape];
    if (machine === undefined || tape === undefined) return { rows: [], recorded: 0, dropped: 0 };
    const rows: ExitRow[] = [];
    const matches = compileFilter(filter, machine.names);
    for (
      let number = Math.min(before ?? tape.next, tape.next) - 1;
      number >= tape.first && rows.length < limit;
      number--
    ) {
      if (!couldMatch(filter, tape, number)) continue;
      const event = tape.read(number)!;
      if (matches(event)) rows.push(rowOf(number, event, machine));
    }
    return { rows: rows.reverse(), recorded: tape.next, dropped: tape.first };
  }

  /** One exit with its explanation; undefined once it was dropped. */
  open(number: number): OpenedExit | undefined {
    const event = this.#tape?.read(number);
    if (event === undefined || this.#machine === undefined) return undefined;
    const explanation: Explanation = explain(event, this.#machine.names);
    return { row: rowOf(number, event, this.#machine), event, explanation };
  }

  /** Shares of the virtual modes, and exits, in equal pieces of what is kept. */
  strip({ hart, axis, from, to, pieces }: StripQuery): Strip {
    const marks = this.#tape === undefined ? [] : marksOf(this.#tape, hart, axis);
    const [start, end] = [marks[0]?.at ?? 0, marks.at(-1)?.at ?? 0];
    const range = { from: from ?? start, to: Math.max(to ?? end, (from ?? start) + 1) };
    return { start, end, ...range, pieces: cut(marks, range, pieces) };
  }
}

/** Whether an exit may match, by what of it costs little to read. */
function couldMatch({ exits, modes }: ExitFilter, tape: ExitTape, number: number): boolean {
  if (exits.length === 0 && modes.length === 0) return true;
  const { exit, mode } = tape.moment(number);
  return (exits.length === 0 || exits.includes(exit)) && (modes.length === 0 || modes.includes(mode));
}

/** An exit of one hart on the axis of the strip, and the mode it left the guest in. */
interface Mark {
  readonly at: number;
  readonly mode: 'M' | 'S' | 'U';
}

const modeNames = { 0: 'U', 1: 'S', 3: 'M' } as const;

function marksOf(tape: ExitTape, hart: number, axis: StripQuery['axis']): Mark[] {
  const marks: Mark[] = [];
  for (let number = tape.first; number < tape.next; number++) {
    const moment = tape.moment(number);
    if (moment.hart !== hart) continue;
    const at = axis === 'time' ? tape.time(number) : tape.retired(number);
    marks.push({ at, mode: modeNames[moment.modeAfter] });
  }
  return marks;
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

function cut(
  marks: readonly Mark[],
  { from, to }: { readonly from: number; readonly to: number },
  pieces: number,
): Strip['pieces'] {
  const width = (to - from) / pieces;
  const cuts = Array.from({ length: pieces }, () => ({ M: 0, S: 0, U: 0, exits: 0 }));
  const pieceAt = (at: number): number => Math.min(Math.floor((at - from) / width), pieces - 1);
  for (const [index, { at: start, mode }] of marks.entries()) {
    if (start > to) break;
    if (start >= from) cuts[pieceAt(start)]!.exits++;
    const following = marks[index + 1];
    if (!following) continue;
    const end = Math.min(following.at, to);
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

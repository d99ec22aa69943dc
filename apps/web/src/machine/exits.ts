import type { ExitEvent, ExitKind, Explanation } from '@trapline/machine';
import type { ExitFilter } from './filter.ts';

/** One exit as a line of the stream. */
export interface ExitRow {
  readonly number: number;
  readonly hart: number;
  readonly mode: 0 | 1 | 3;
  readonly exit: ExitKind;
  readonly pc: bigint;
  readonly retired: bigint;
  readonly time: bigint;
  readonly action: ExitEvent['action']['kind'];
  /** The symbol pc is in. */
  readonly at: string | undefined;
  /** The source line pc comes from. */
  readonly line: string | undefined;
  /** The instruction in assembly. */
  readonly text: string | undefined;
}

export interface ExitQuery {
  readonly filter?: ExitFilter;
  readonly limit: number;
  /** Only exits of lower numbers. */
  readonly before?: number;
}

export interface ExitPage {
  readonly rows: readonly ExitRow[];
  /** Exits since recording began, and how many of them are kept no more. */
  readonly recorded: number;
  readonly dropped: number;
}

export interface OpenedExit {
  readonly row: ExitRow;
  readonly event: ExitEvent;
  readonly explanation: Explanation;
}

export interface StripQuery {
  readonly hart: number;
  readonly axis: 'instructions' | 'time';
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly pieces: number;
}

/** How much of each piece the guest spent in which mode, and how often the monitor was entered. */
export interface Strip {
  /** All that is recorded. */
  readonly start: number;
  readonly end: number;
  /** What is shown. */
  readonly from: number;
  readonly to: number;
  readonly pieces: readonly {
    readonly M: number;
    readonly S: number;
    readonly U: number;
    readonly exits: number;
  }[];
}

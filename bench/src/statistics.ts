import type { Outcome, Sample } from './job.ts';

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Half of the range, as a part of the median: `median ± spread`. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

/** What one contender did in one row. */
export interface Figure {
  readonly samplesMs: readonly number[];
  readonly medianMs: number;
  readonly spread: number;
  /** Median of the processor time spent, where the system tells. */
  readonly cpuMedianMs?: number;
  /** Median by the program's own clock, where it looked. */
  readonly ownMedianMs?: number;
}

export interface Row {
  readonly name: string;
  readonly figures: Readonly<Record<string, Figure>>;
  /** How many times as fast as each other contender the first one is. */
  readonly speed: Readonly<Record<string, number>>;
  /** The same from processor time. */
  readonly cpuSpeed: Readonly<Record<string, number>>;
  /** Results that were wrong, and runs that gave none. */
  readonly problems: readonly string[];
}

/** What one contender's processes took in one job: the most of all runs, and the median of the time to compile. */
export interface ProcessRow {
  readonly job: string;
  readonly contender: string;
  readonly peakBytes?: number;
  readonly beyondRamBytes?: number;
  readonly compileMs?: number;
  readonly compiledBytes?: number;
  readonly translations?: number;
}

/** All that was measured so far. */
export class Collector {
  readonly #samples = new Map<string, Map<string, Sample[]>>();
  readonly #problems = new Map<string, Set<string>>();
  readonly #outcomes = new Map<string, { job: string; contender: string; outcomes: Outcome[] }>();

  add(job: string, rows: readonly string[], contender: string, outcome: Outcome): void {
    const key = `${job} ${contender}`;
    const entry = this.#outcomes.get(key) ?? { job, contender, outcomes: [] };
    entry.outcomes.push(outcome);
    this.#outcomes.set(key, entry);
    for (const row of rows) this.#addRow(row, contender, outcome);
  }

  #addRow(row: string, contender: string, outcome: Outcome): void {
    const sample = outcome.samples.find((candidate) => candidate.row === row);
    if (sample === undefined) this.#problem(row, `${contender}: no result`);
    else if (sample.wrong) this.#problem(row, `${contender}: ${sample.wrong}`);
    else {
      const of = this.#samples.get(row) ?? new Map<string, Sample[]>();
      this.#samples.set(row, of);
      of.set(contender, [...(of.get(contender) ?? []), sample]);
    }
  }

  #problem(row: string, text: string): void {
    const of = this.#problems.get(row) ?? new Set();
    this.#problems.set(row, of.add(text));
  }

  /** The row, its speed counted from the first of the contenders. */
  row(name: string, contenders: readonly string[]): Row {
    const figures: Record<string, Figure> = {};
    for (const contender of contenders) {
      const samples = this.#samples.get(name)?.get(contender);
      if (samples) figures[contender] = figureOf(samples);
    }
    const first = contenders[0] ?? '';
    return {
      name,
      figures,
      speed: speedOf(figures, first, ({ medianMs }) => medianMs),
      cpuSpeed: speedOf(figures, first, ({ cpuMedianMs }) => cpuMedianMs),
      problems: [...(this.#problems.get(name) ?? [])],
    };
  }

  processes(): ProcessRow[] {
    const rows = [...this.#outcomes.values()].map(processRow);
    return rows.filter(({ peakBytes, compileMs }) => peakBytes !== undefined || compileMs !== undefined);
  }
}

function figureOf(samples: readonly Sample[]): Figure {
  const samplesMs = samples.map(({ hostMs }) => hostMs);
  const cpu = samples.flatMap(({ cpuMs }) => cpuMs ?? []);
  const own = samples.flatMap(({ ownMs }) => ownMs ?? []);
  return {
    samplesMs,
    medianMs: median(samplesMs),
    spread: spread(samplesMs),
    ...(cpu.length > 0 && { cpuMedianMs: median(cpu) }),
    ...(own.length > 0 && { ownMedianMs: median(own) }),
  };
}

type Figures = Readonly<Record<string, Figure>>;

function speedOf(
  figures: Figures,
  first: string,
  time: (figure: Figure) => number | undefined,
): Record<string, number> {
  const ours = figures[first] && time(figures[first]);
  if (!ours) return {};
  const others = Object.entries(figures).filter(([name]) => name !== first);
  return Object.fromEntries(
    others.flatMap(([name, figure]) => {
      const theirs = time(figure);
      return theirs === undefined ? [] : [[name, theirs / ours]];
    }),
  );
}

interface Outcomes {
  readonly job: string;
  readonly contender: string;
  readonly outcomes: readonly Outcome[];
}

function processRow({ job, contender, outcomes }: Outcomes): ProcessRow {
  const peak = outcomes.flatMap(({ memory }) => memory.peakBytes ?? []);
  const beyond = outcomes.flatMap(({ memory }) => memory.beyondRamBytes ?? []);
  const translations = outcomes.flatMap(({ translation }) => translation ?? []);
  return {
    job,
    contender,
    ...(peak.length > 0 && { peakBytes: Math.max(...peak) }),
    ...(beyond.length > 0 && { beyondRamBytes: Math.max(...beyond) }),
    ...(translations.length > 0 && {
      compileMs: median(translations.map(({ compileMilliseconds }) => compileMilliseconds)),
      compiledBytes: median(translations.map(({ compiledBytes }) => compiledBytes)),
      translations: median(translations.map((done) => done.translations)),
    }),
  };
}

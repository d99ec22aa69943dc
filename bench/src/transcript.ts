import { between, type Line, type Moment } from './console-reader.ts';

/** One timing of one program: from its beginning to its end. */
export interface Timing extends Moment {
  readonly program: string;
  /** The same by its own clock, if it looked. */
  readonly ownMs: number | undefined;
  /** Undefined: its result is right. */
  readonly wrong: string | undefined;
}

type Checks = Readonly<Record<string, RegExp | undefined>>;

/**
 * The timings in what a machine printed. A program of ours says when it begins and ends; around every program, public ones
 * too, the one that runs them says `start` and `exit` (guests/tests/bench/linux/runtime/init.c). `checks` are what the
 * output of public programs must match.
 */
export function readTranscript(lines: readonly Line[], checks: Checks = {}): Timing[] {
  const transcript = new Transcript(checks);
  for (const line of lines) transcript.take(line);
  return transcript.timings;
}

interface Open {
  readonly started: Moment;
  began?: Moment;
  ended: boolean;
  readonly output: string[];
}

class Transcript {
  readonly timings: Timing[] = [];
  readonly #checks: Checks;
  readonly #open = new Map<string, Open>();
  readonly #rows: readonly [RegExp, (line: Line, name: string, verdict: string, rest: string) => void][] = [
    [/^([\w.-]+): start$/, (line, name) => this.#start(line, name)],
    [/^([\w.-]+): begin$/, (line, name) => this.#begin(line, name)],
    [/^([\w.-]+): checksum 0x[0-9a-f]+ (ok|WRONG), (.*)$/, (...found) => this.#end(...found)],
    [/^([\w.-]+): exit (\d+)$/, (line, name, status) => this.#exit(line, name, status)],
  ];

  constructor(checks: Checks) {
    this.#checks = checks;
  }

  take(line: Line): void {
    for (const [pattern, row] of this.#rows) {
      const [whole, name = '', verdict = '', rest = ''] = pattern.exec(line.text) ?? [];
      if (whole === undefined) continue;
      row(line, name, verdict, rest);
      return;
    }
    for (const { output } of this.#open.values()) output.push(line.text);
  }

  #start(line: Line, name: string): void {
    this.#open.set(name, { started: line, ended: false, output: [] });
  }

  #begin(line: Line, name: string): void {
    if (!this.#open.has(name)) this.#start(line, name);
    const entry = this.#open.get(name);
    if (entry) entry.began = line;
  }

  #end(line: Line, name: string, verdict: string, rest: string): void {
    const entry = this.#open.get(name);
    if (entry?.began === undefined) return;
    const own = /^(\d+) ns$/.exec(rest);
    entry.ended = true;
    this.timings.push({
      program: name,
      ...between(entry.began, line),
      ownMs: own ? Number(own[1]) / 1e6 : undefined,
      wrong: verdict === 'ok' ? undefined : 'wrong checksum',
    });
  }

  /** Of a program that does not tell when it begins and ends. What it prints says more than its exit status, which old C leaves to chance. */
  #exit(line: Line, name: string, status: string): void {
    const entry = this.#open.get(name);
    this.#open.delete(name);
    if (entry === undefined || entry.ended) return;
    const check = this.#checks[name];
    const right = check ? check.test(entry.output.join('\n')) : status === '0';
    const wrong = check ? `its output does not match ${check}` : `exit status ${status}`;
    this.timings.push({
      program: name,
      ...between(entry.started, line),
      ownMs: undefined,
      wrong: right ? undefined : wrong,
    });
  }
}

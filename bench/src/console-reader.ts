/** When something arrived, since the process was started. */
export interface Moment {
  readonly hostMs: number;
  /** Processor time the process had used. */
  readonly cpuMs: number | undefined;
}

/** A line of the console and when its end arrived. */
export interface Line extends Moment {
  readonly text: string;
}

/** A text to wait for on the console, in order. */
export interface Step {
  readonly await: string;
  /** Typed once it came. */
  readonly send?: string;
}

/** What is between two moments. */
export const between = (from: Moment, to: Moment): Moment => ({
  hostMs: to.hostMs - from.hostMs,
  cpuMs: from.cpuMs === undefined || to.cpuMs === undefined ? undefined : to.cpuMs - from.cpuMs,
});

/** Splits what a console prints into lines, and looks for texts that need not be whole lines. */
export class ConsoleReader {
  readonly lines: Line[] = [];
  /** When the text of each step so far had come. */
  readonly steps: Moment[] = [];
  readonly #wanted: readonly Step[];
  #line = '';
  #unseen = '';

  constructor(wanted: readonly Step[]) {
    this.#wanted = wanted;
  }

  get done(): boolean {
    return this.steps.length === this.#wanted.length;
  }

  /** Takes what arrived; gives what is to be typed because of it. */
  feed(text: string, moment: Moment): string {
    const pieces = (this.#line + text).split('\n');
    this.#line = pieces.pop() ?? '';
    for (const piece of pieces) this.lines.push({ ...moment, text: piece.replaceAll('\r', '') });
    return this.#advance(text.replaceAll('\r', ''), moment);
  }

  #advance(text: string, moment: Moment): string {
    let typed = '';
    this.#unseen += text;
    for (let step = this.#wanted[this.steps.length]; step; step = this.#wanted[this.steps.length]) {
      const found = this.#unseen.indexOf(step.await);
      if (found < 0) break;
      this.#unseen = this.#unseen.slice(found + step.await.length);
      this.steps.push(moment);
      typed += step.send ?? '';
    }
    return typed;
  }
}

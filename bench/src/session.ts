import { type ChildProcess, spawn } from 'node:child_process';
import { type MemoryUse, memoryOf } from './memory.ts';

/** A line of the console and when its end arrived, in milliseconds since the process was started. */
export interface Line {
  readonly text: string;
  readonly at: number;
}

/** A text to wait for on the console, in order. */
export interface Step {
  readonly await: string;
  /** Typed once it came. */
  readonly send?: string;
}

export interface SessionRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the guest's serial port comes out. */
  readonly console: 'stdout' | 'stderr';
  readonly steps?: readonly Step[];
  /** Ends the process after the last step, instead of waiting until it ends by itself. */
  readonly stopAfterSteps?: boolean;
  /** Memory is looked at when a line contains this. */
  readonly weighAt: string;
  readonly ramBytes: number;
  readonly timeoutMs: number;
}

export interface Session {
  readonly lines: readonly Line[];
  /** When each step's text had come, in milliseconds since the start; fewer than the steps if the process ended before. */
  readonly steps: readonly number[];
  readonly memory: MemoryUse | undefined;
  /** What came out of the other stream. */
  readonly aside: string;
  readonly failure: string | undefined;
}

/** Splits a stream into lines, and looks for texts that need not be whole lines. */
export class ConsoleReader {
  readonly lines: Line[] = [];
  readonly steps: number[] = [];
  readonly #wanted: readonly Step[];
  #line = '';
  #unseen = '';

  constructor(wanted: readonly Step[]) {
    this.#wanted = wanted;
  }

  get done(): boolean {
    return this.steps.length === this.#wanted.length;
  }

  /** Takes what arrived at `at`; gives what is to be typed because of it. */
  feed(text: string, at: number): string {
    const pieces = (this.#line + text).split('\n');
    this.#line = pieces.pop() ?? '';
    for (const piece of pieces) this.lines.push({ text: piece.replaceAll('\r', ''), at });
    return this.#step(text.replaceAll('\r', ''), at);
  }

  #step(text: string, at: number): string {
    let typed = '';
    this.#unseen += text;
    for (let step = this.#wanted[this.steps.length]; step; step = this.#wanted[this.steps.length]) {
      const found = this.#unseen.indexOf(step.await);
      if (found < 0) break;
      this.#unseen = this.#unseen.slice(found + step.await.length);
      this.steps.push(at);
      typed += step.send ?? '';
    }
    return typed;
  }
}

/** Runs a process, reading its console with the clock in hand. Does not reject: what went wrong is `failure`. */
export function runSession(request: SessionRequest): Promise<Session> {
  const reader = new ConsoleReader(request.steps ?? []);
  const started = performance.now();
  const child = spawn(request.command, request.args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...request.env },
  });
  const observer = new Observer(child, request, reader, started);
  return observer.finished();
}

class Observer {
  readonly #child: ChildProcess;
  readonly #request: SessionRequest;
  readonly #reader: ConsoleReader;
  readonly #started: number;
  readonly #decoder = new TextDecoder();
  #memory: MemoryUse | undefined;
  #weighed = 0;
  #aside = '';
  #failure: string | undefined;

  constructor(child: ChildProcess, request: SessionRequest, reader: ConsoleReader, started: number) {
    this.#child = child;
    this.#request = request;
    this.#reader = reader;
    this.#started = started;
    const console = request.console === 'stdout' ? child.stdout : child.stderr;
    const aside = request.console === 'stdout' ? child.stderr : child.stdout;
    console?.on('data', (bytes: Uint8Array) => this.#heard(bytes));
    aside?.setEncoding('utf8').on('data', (text: string) => {
      this.#aside += text;
    });
    // A process that ends before it reads its input is not a failure.
    child.stdin?.on('error', () => undefined);
  }

  #heard(bytes: Uint8Array): void {
    const typed = this.#reader.feed(
      this.#decoder.decode(bytes, { stream: true }),
      performance.now() - this.#started,
    );
    if (typed !== '') this.#child.stdin?.write(typed);
    const { lines } = this.#reader;
    const weigh = lines.slice(this.#weighed).some(({ text }) => text.includes(this.#request.weighAt));
    this.#weighed = lines.length;
    if (this.#request.stopAfterSteps && this.#reader.done) this.#stop(true);
    else if (weigh) this.#weigh();
  }

  #weigh(): void {
    if (this.#child.pid !== undefined) this.#memory = memoryOf(this.#child.pid, this.#request.ramBytes);
  }

  #stop(weigh: boolean): void {
    if (weigh) this.#weigh();
    this.#child.kill('SIGTERM');
  }

  finished(): Promise<Session> {
    const timer = setTimeout(() => {
      this.#failure = `still running after ${this.#request.timeoutMs / 1000} s`;
      this.#child.kill('SIGKILL');
    }, this.#request.timeoutMs);
    return new Promise((resolve) => {
      const finish = (failure: string | undefined) => {
        clearTimeout(timer);
        this.#failure ??= failure;
        resolve(this.#session());
      };
      this.#child.on('error', (error) => finish(error.message));
      this.#child.on('close', (code) =>
        finish(code === 0 || this.#request.stopAfterSteps ? undefined : `ended with code ${code}`),
      );
    });
  }

  #session(): Session {
    return {
      lines: this.#reader.lines,
      steps: this.#reader.steps,
      memory: this.#memory,
      aside: this.#aside,
      failure: this.#failure,
    };
  }
}

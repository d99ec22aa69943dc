import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ConsoleReader, type Line, type Moment, type Step } from './console-reader.ts';
import { beyondRamBytes, peakBytes } from './memory.ts';
import { processorTime } from './processor-time.ts';

export interface SessionRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** Where the guest's serial port comes out. */
  readonly console: 'stdout' | 'stderr';
  readonly steps?: readonly Step[];
  /** Ends the process after the last step, instead of waiting until it ends by itself. */
  readonly stopAfterSteps?: boolean;
  /** A line that matches means that nothing good will come. */
  readonly failAt?: RegExp;
  /** Memory beyond the guest's RAM is looked at when a line contains this. */
  readonly weighAt?: string;
  /** RAM of the guest; undefined: no machine, and what the process takes is not what its programs take. */
  readonly ramBytes?: number;
  readonly timeoutMs: number;
}

/** A process's memory, in bytes, as far as it could be seen. */
export interface MemoryUse {
  readonly peakBytes: number | undefined;
  readonly beyondRamBytes: number | undefined;
}

export interface Session {
  readonly lines: readonly Line[];
  /** When each step's text had come; fewer than the steps if the process ended before. */
  readonly steps: readonly Moment[];
  readonly memory: MemoryUse;
  /** What came out of the other stream. */
  readonly aside: string;
  /** What went wrong, in a sentence. */
  readonly failure: string | undefined;
}

/** How often the peak of memory is looked up, for processes that end too soon after their last line. */
const PEAK_EVERY_MS = 100;

/** How a process is asked to end, and what it gives back if it reports and then ends by itself. */
const STOP_SIGNAL = 'SIGTERM';
const STOPPED_CODE = 128 + constants.signals[STOP_SIGNAL];

/** Runs a process, reading its console with the clock in hand. Does not reject: what went wrong is in `failure`. */
export const runSession = (request: SessionRequest): Promise<Session> => new Observer(request).finished();

class Observer {
  readonly #request: SessionRequest;
  readonly #reader: ConsoleReader;
  readonly #started = performance.now();
  readonly #child: ChildProcess;
  readonly #decoder = new TextDecoder();
  #peakBytes: number | undefined;
  #beyondRamBytes: number | undefined;
  #aside = '';
  #failure: string | undefined;
  #stopped = false;

  constructor(request: SessionRequest) {
    this.#request = request;
    this.#reader = new ConsoleReader(request.steps ?? []);
    this.#child = spawn(request.command, request.args, { stdio: 'pipe' });
    const { stdin, stdout, stderr } = this.#child;
    const [console, aside] = request.console === 'stdout' ? [stdout, stderr] : [stderr, stdout];
    console?.on('data', (bytes: Uint8Array) => this.#heard(bytes));
    aside?.setEncoding('utf8').on('data', (text: string) => {
      this.#aside += text;
    });
    // A process that ends before it reads its input is not a failure.
    stdin?.on('error', () => undefined);
  }

  #heard(bytes: Uint8Array): void {
    const hostMs = performance.now() - this.#started;
    const text = this.#decoder.decode(bytes, { stream: true });
    const seen = this.#reader.lines.length;
    const typed = this.#reader.feed(text, { hostMs, cpuMs: this.#look(processorTime) });
    if (typed !== '') this.#child.stdin?.write(typed);
    for (const line of this.#reader.lines.slice(seen)) this.#took(line);
    if (this.#request.stopAfterSteps && this.#reader.done && !this.#stopped) this.#stop();
  }

  #took({ text }: Line): void {
    const { weighAt, failAt } = this.#request;
    if (weighAt !== undefined && text.includes(weighAt)) this.#weigh();
    if (failAt?.test(text)) this.#fail(`it printed "${text}".`);
  }

  #fail(why: string): void {
    this.#failure ??= why;
    this.#child.kill('SIGKILL');
  }

  /** Asks the system about the process, if it is a machine and there. */
  #look(at: (pid: number, ramBytes: number) => number | undefined): number | undefined {
    const { pid } = this.#child;
    const { ramBytes } = this.#request;
    return pid === undefined || ramBytes === undefined ? undefined : at(pid, ramBytes);
  }

  #weigh(): void {
    this.#lookUpPeak();
    this.#beyondRamBytes = this.#look(beyondRamBytes) ?? this.#beyondRamBytes;
  }

  #lookUpPeak(): void {
    this.#peakBytes = this.#look(peakBytes) ?? this.#peakBytes;
  }

  /** Once: who is asked a second time while reporting may end without. */
  #stop(): void {
    this.#stopped = true;
    this.#weigh();
    this.#child.kill(STOP_SIGNAL);
  }

  finished(): Promise<Session> {
    const { timeoutMs, stopAfterSteps } = this.#request;
    const peaks = setInterval(() => this.#lookUpPeak(), PEAK_EVERY_MS);
    const limit = setTimeout(
      () => this.#fail(`it was still running after ${timeoutMs / 1000} s.`),
      timeoutMs,
    );
    const kill = () => this.#child.kill('SIGKILL');
    process.once('exit', kill);
    return new Promise((resolve) => {
      const finish = (failure: string | undefined) => {
        process.off('exit', kill);
        clearInterval(peaks);
        clearTimeout(limit);
        this.#failure ??= failure;
        resolve(this.#session());
      };
      this.#child.on('error', (error) => finish(`it did not start: ${error.message}.`));
      this.#child.on('close', (code, signal) => {
        const stopped = stopAfterSteps === true && (signal === STOP_SIGNAL || code === STOPPED_CODE);
        const fine = code === 0 || (stopped && this.#reader.done);
        finish(fine ? undefined : `it ended with ${code === null ? signal : `code ${code}`}.`);
      });
    });
  }

  #session(): Session {
    return {
      lines: this.#reader.lines,
      steps: this.#reader.steps,
      memory: { peakBytes: this.#peakBytes, beyondRamBytes: this.#beyondRamBytes },
      aside: this.#aside,
      failure: this.#failure,
    };
  }
}

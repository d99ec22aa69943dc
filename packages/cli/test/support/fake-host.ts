import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { main } from '../../src/index.ts';

class Collector extends Writable {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  #text = '';

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#text += Buffer.from(chunk).toString('latin1');
    this.emit('text', this.#text);
    done();
  }

  get text(): string {
    return this.#text;
  }

  /** Resolves once the text contains `part`. */
  until(part: string): Promise<void> {
    if (this.#text.includes(part)) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (text: string): void => {
        if (!text.includes(part)) return;
        this.off('text', look);
        resolve();
      };
      this.on('text', look);
    });
  }
}

/** A host for `main`: what was written, what was typed, what the terminal was told. */
export class FakeHost {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): void } = new PassThrough();
  readonly stdout = new Collector();
  readonly stderr = new Collector();
  readonly process = new EventEmitter();
  /** Every `setRawMode` call. */
  readonly modes: boolean[] = [];

  constructor(options: { readonly terminal?: boolean } = {}) {
    if (!options.terminal) return;
    this.stdin.isTTY = true;
    Object.assign(this.stdout, { isTTY: true, columns: 80, rows: 24 });
    this.stdin.setRawMode = (raw) => {
      this.modes.push(raw);
    };
  }

  run(...argv: string[]): Promise<number> {
    return main(argv, this);
  }

  type(text: string): void {
    this.stdin.write(text);
  }

  /** Listeners left behind on the process: none, once a command is over. */
  get leftovers(): number {
    return this.process.eventNames().reduce((sum, name) => sum + this.process.listenerCount(name), 0);
  }
}

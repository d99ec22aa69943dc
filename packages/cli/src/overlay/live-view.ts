import type { Machine } from '@trapline/machine';
import type { Output } from '../host.ts';
import { type LivePage, liveLines, ModeSampler, type Sample } from './live-page.ts';
import type { Overlay } from './overlay.ts';
import { cursorAgain, otherScreen, regionAgain, type TerminalState } from './private-modes.ts';

const pageMs = 500;
const sampleMs = 5;
const [ctrlC, quit] = [0x03, 'q'.charCodeAt(0)];
const clear = '\x1b[?25l\x1b[r\x1b[0m\x1b[2J';

/** What the view looks at. */
export interface LiveSubject {
  readonly guest: string;
  readonly monitor: 'shadow' | 'none';
  /** The machine now: a restart makes another one. */
  machine(): Machine;
  /** Bytes of the guest's output that wait for the view to close. */
  printed(): number;
  /** What the guest told the terminal. */
  readonly terminal: TerminalState;
}

/**
 * A machine's figures as they change, on the terminal's other screen, or in place of the guest that is there. It looks at what is counted anyway and at the harts' modes between
 * slices: watching changes nothing of the run.
 */
export class LiveView implements Overlay {
  readonly command = 'live';
  readonly toggles = true;
  readonly covers = true;
  readonly #subject: LiveSubject;
  readonly #screen: Output;
  readonly #closed: () => void;
  readonly #sampler = new ModeSampler();
  readonly #timers: readonly ReturnType<typeof setInterval>[];
  #before: Sample;
  #open = true;
  #page: LivePage;
  readonly #redraw = (): void => this.#draw(this.#page);

  /** Takes the screen, a terminal; `closed` is called when a key closes the view. */
  constructor(subject: LiveSubject, screen: Output, closed: () => void) {
    this.#subject = subject;
    this.#screen = screen;
    this.#closed = closed;
    this.#before = this.#sample();
    // There is one other screen: entering it again would forget where the guest came from.
    screen.write(subject.terminal.alternate ? clear : `${otherScreen.enter}${clear}`);
    screen.on('resize', this.#redraw);
    this.#timers = [
      setInterval(() => this.#sampler.sample(subject.machine()), sampleMs),
      setInterval(() => this.#draw(this.#measure()), pageMs),
    ];
    this.#page = this.#measure();
    this.#redraw();
  }

  typed(bytes: Uint8Array): Uint8Array {
    const at = bytes.findIndex((byte) => byte === ctrlC || byte === quit);
    if (at < 0) return new Uint8Array(0);
    this.#closed();
    return bytes.subarray(at + 1);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const timer of this.#timers) clearInterval(timer);
    this.#screen.off('resize', this.#redraw);
    const { terminal } = this.#subject;
    const rest = terminal.alternate ? '' : `${regionAgain(terminal)}${otherScreen.leave}`;
    this.#screen.write(`${cursorAgain(terminal)}${rest}`);
  }

  #sample(): Sample {
    return { atMs: performance.now(), stats: this.#subject.machine().stats() };
  }

  #measure(): LivePage {
    const now = this.#sample();
    // A restarted machine counts from zero again.
    const restarted = now.stats.instructions < this.#before.stats.instructions;
    const before = restarted ? { ...now, atMs: this.#before.atMs } : this.#before;
    this.#before = now;
    const { guest, monitor } = this.#subject;
    return { guest, monitor, before, now, modes: this.#sampler.take(), printed: this.#subject.printed() };
  }

  /** A terminal that is slow to take a page misses the next one. */
  #draw(page: LivePage): void {
    this.#page = page;
    if (this.#screen.writableNeedDrain || this.#screen.destroyed) return;
    // A terminal that was never told its size says zero.
    const columns = this.#screen.columns || 80;
    const rows = this.#screen.rows || 24;
    // No newline after the last row: it would scroll.
    this.#screen.write(`\x1b[H${liveLines(page, { columns, rows }).join('\x1b[K\r\n')}\x1b[K\x1b[J`);
  }
}

import type { Machine } from '@trapline/machine';
import type { Command } from '../escape-keys.ts';
import { type Host, type Output, write } from '../host.ts';
import { AddressPrompt } from './address-prompt.ts';
import { GuestScreen } from './guest-screen.ts';
import { HeldOutput } from './held-output.ts';
import { LiveView } from './live-view.ts';
import type { Overlay } from './overlay.ts';

/** The run an overlay is about. */
export interface OverlaySubject {
  readonly guest: string;
  readonly monitor: 'shadow' | 'none';
  machine(): Machine;
}

type OverlayCommand = Extract<Command, 'live' | 'walk'>;

/** Who has the terminal: the guest, or one thing of ours that keeps the guest's output waiting. */
export class Overlays {
  readonly #host: Host;
  /** Where the guest's console is. */
  readonly #console: Output;
  readonly #subject: OverlaySubject;
  readonly #screen: GuestScreen;
  readonly #output: HeldOutput;
  #shown: Overlay | undefined;
  readonly #leave = (): void => this.#shown?.close();

  constructor(host: Host, console: Output, subject: OverlaySubject) {
    this.#host = host;
    this.#console = console;
    this.#subject = subject;
    this.#screen = new GuestScreen(console);
    this.#output = new HeldOutput((bytes) => this.#screen.shown(bytes));
  }

  get open(): boolean {
    return this.#shown !== undefined;
  }

  /** The text of the run: shown now, or when the terminal is the guest’s again. */
  get output(): HeldOutput {
    return this.#output;
  }

  /** Keys for what has the terminal; gives back those that are the guest’s. */
  typed(bytes: Uint8Array): Uint8Array {
    return this.#shown?.typed(bytes) ?? bytes;
  }

  /** Opens what the command asks for, or closes it again. */
  toggle(command: OverlayCommand): void {
    if (this.#shown?.command === command && this.#shown.toggles) void this.close();
    else if (this.#shown === undefined) this.#open(command);
  }

  /** Gives the terminal back and lets the guest's output out. */
  async close(): Promise<void> {
    const shown = this.#shown;
    shown?.close();
    this.#shown = undefined;
    this.#host.process.off('exit', this.#leave);
    const redrawn = shown?.covers ? await this.#screen.redrawn() : '';
    if (redrawn !== '') await write(this.#console, redrawn);
    await this.#output.release();
  }

  #open(command: OverlayCommand): void {
    if (this.#console.isTTY !== true) {
      this.#host.stderr.write('\r\nThis needs the guest\u2019s console on a terminal.\r\n');
      return;
    }
    this.#output.hold();
    this.#host.process.on('exit', this.#leave);
    const closed = (): void => void this.close();
    const { machine } = this.#subject;
    const terminal = this.#screen.state;
    const subject = { ...this.#subject, machine, terminal, printed: () => this.#output.waiting };
    this.#shown =
      command === 'live'
        ? new LiveView(subject, this.#console, closed)
        : new AddressPrompt(machine, this.#console, closed);
  }
}

/** What a program told the terminal that is not to be seen on its screen. */
export interface TerminalState {
  /** Whether it draws on the terminal's other screen. */
  readonly alternate: boolean;
  readonly cursorHidden: boolean;
  /** The parameters of its scroll region, '' where there is none. */
  readonly region: string;
}

export const otherScreen = { enter: '\x1b[?1049h', leave: '\x1b[?1049l' } as const;

/** What shows the cursor again, where the program has it shown. */
export const cursorAgain = ({ cursorHidden }: TerminalState): string => (cursorHidden ? '' : '\x1b[?25h');

/** What sets the program's scroll region again; it moves the cursor. */
export const regionAgain = ({ region }: TerminalState): string => (region === '' ? '' : `\x1b[${region}r`);

const initial: TerminalState = { alternate: false, cursorHidden: false, region: '' };
const [escapeByte, bracket, reset] = [0x1b, 0x5b, 0x63];
/** Parameters longer than that are no sequence we look for. */
const longestParameters = 32;

/** What the private modes (`CSI ? n h` and `l`) make of a state. */
const modes: Readonly<Record<string, (on: boolean) => Partial<TerminalState>>> = {
  25: (on) => ({ cursorHidden: !on }),
  47: (on) => ({ alternate: on }),
  1047: (on) => ({ alternate: on }),
  1049: (on) => ({ alternate: on }),
};

/** Follows a program's output for the few control sequences (xterm's "ctlseqs") that somebody who covers its screen has to know of. */
export class PrivateModes {
  #state = initial;
  #sequence: 'none' | 'escape' | 'control' = 'none';
  #parameters = '';

  get state(): TerminalState {
    return this.#state;
  }

  /** Takes bytes up to and with the first sequence that chooses the other screen, or all; how many it took. */
  feed(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#sequence === 'none') {
        at = bytes.indexOf(escapeByte, at);
        if (at < 0) break;
      }
      const { alternate } = this.#state;
      this.#byte(bytes[at]!);
      if (this.#state.alternate !== alternate) return at + 1;
    }
    return bytes.length;
  }

  #byte(byte: number): void {
    if (byte === escapeByte) this.#sequence = 'escape';
    else if (this.#sequence === 'escape') {
      this.#sequence = byte === bracket ? 'control' : 'none';
      this.#parameters = '';
      if (byte === reset) this.#state = initial;
    } else if (byte < 0x40) {
      this.#parameters += String.fromCharCode(byte);
      if (this.#parameters.length > longestParameters) this.#sequence = 'none';
    } else {
      this.#sequence = 'none';
      this.#control(String.fromCharCode(byte));
    }
  }

  #control(final: string): void {
    const parameters = this.#parameters;
    if (final === 'r' && /^[\d;]*$/.test(parameters)) this.#state = { ...this.#state, region: parameters };
    if ((final !== 'h' && final !== 'l') || !parameters.startsWith('?')) return;
    for (const mode of parameters.slice(1).split(';'))
      this.#state = { ...this.#state, ...modes[mode]?.(final === 'h') };
  }
}

import { createRequire } from 'node:module';
import type { Terminal } from '@xterm/headless';
import type { Output } from '../host.ts';
import { cursorAgain, otherScreen, PrivateModes, regionAgain, type TerminalState } from './private-modes.ts';

type Size = Pick<Output, 'columns' | 'rows'>;

/** A picture of what a program draws on the terminal's other screen. */
interface Picture {
  readonly terminal: Terminal;
  /** What draws it again, the other screen being clear. */
  drawn(): string;
}

/** Few guests use the other screen: the emulator is loaded by those that do. */
function newPicture({ columns, rows }: Size): Picture {
  const require = createRequire(import.meta.url);
  const headless = require('@xterm/headless') as typeof import('@xterm/headless');
  const { SerializeAddon } = require('@xterm/addon-serialize') as typeof import('@xterm/addon-serialize');
  const terminal = new headless.Terminal({
    cols: columns || 80,
    rows: rows || 24,
    scrollback: 0,
    allowProposedApi: true,
  });
  const serializer = new SerializeAddon();
  terminal.loadAddon(serializer);
  terminal.write(otherScreen.enter);
  const drawn = (): string => {
    const all = serializer.serialize({ excludeModes: true });
    return all.slice(all.lastIndexOf(otherScreen.enter) + otherScreen.enter.length);
  };
  return { terminal, drawn };
}

/** Follows what a guest shows on a terminal, so that its screen can be given back after something else was there. */
export class GuestScreen {
  readonly #size: Size;
  readonly #modes = new PrivateModes();
  #picture: Picture | undefined;

  constructor(size: Size) {
    this.#size = size;
  }

  get state(): TerminalState {
    return this.#modes.state;
  }

  /** Bytes the terminal was given. */
  shown(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const taken = this.#modes.feed(rest);
      this.#picture?.terminal.write(rest.slice(0, taken));
      this.#follow();
      rest = rest.subarray(taken);
    }
  }

  /** What draws the terminal's other screen as the guest left it; '' where the guest is not on it. */
  async redrawn(): Promise<string> {
    const picture = this.#picture;
    if (picture === undefined) return '';
    const { terminal } = picture;
    const { columns, rows } = this.#size;
    if (columns && rows) terminal.resize(columns, rows);
    await new Promise<void>((resolve) => terminal.write('', resolve));
    const { cursorX, cursorY } = terminal.buffer.active;
    const cursor = `\x1b[${cursorY + 1};${cursorX + 1}H${cursorAgain(this.state)}`;
    return `\x1b[r\x1b[0m\x1b[H\x1b[2J${picture.drawn()}${regionAgain(this.state)}${cursor}`;
  }

  #follow(): void {
    const { alternate } = this.#modes.state;
    if (alternate === (this.#picture !== undefined)) return;
    this.#picture?.terminal.dispose();
    this.#picture = alternate ? newPicture(this.#size) : undefined;
  }
}

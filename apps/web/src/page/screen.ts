import { FitAddon } from '@xterm/addon-fit';
import { type ITheme, Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';

const encoder = new TextEncoder();

const light: ITheme = {
  background: '#fbfaf7',
  foreground: '#1d2529',
  cursor: '#0b5c6b',
  cursorAccent: '#fbfaf7',
  selectionBackground: '#b9dfe6',
};
const dark: ITheme = {
  background: '#10171a',
  foreground: '#dbe6e8',
  cursor: '#5fd0e0',
  cursorAccent: '#10171a',
  selectionBackground: '#2c5963',
};

/** A guest's serial line as a terminal. */
export class Screen {
  /** The terminal lives in this element for good; the page moves the element. */
  readonly element = document.createElement('div');
  readonly terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #resized = new ResizeObserver(() => this.fit());
  #open = false;

  constructor(send: (bytes: Uint8Array) => void) {
    this.element.className = 'screen';
    this.terminal = new Terminal({
      fontFamily: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
      fontSize: 14,
      cursorBlink: false,
      scrollback: 2000,
      // xv6 and its like leave carriage returns to the terminal, as a stdio console in cooked mode does.
      convertEol: true,
      minimumContrastRatio: 4.5,
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.onData((text) => send(encoder.encode(text)));
    this.terminal.onBinary((text) => send(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    this.terminal.attachCustomKeyEventHandler((event) => this.#key(event));
  }

  /** Puts the terminal on the page. */
  mount(into: HTMLElement): void {
    into.append(this.element);
    if (!this.#open) {
      this.#open = true;
      this.terminal.open(this.element);
      this.terminal.textarea?.setAttribute('aria-label', "The guest's console");
      this.#resized.observe(this.element);
    }
    this.fit();
  }

  fit(): void {
    if (this.element.offsetParent !== null && this.element.clientHeight > 0) this.#fit.fit();
  }

  theme(isDark: boolean): void {
    this.terminal.options.theme = isDark ? dark : light;
  }

  show(bytes: Uint8Array, shown: () => void): void {
    this.terminal.write(bytes, shown);
  }

  clear(): void {
    this.terminal.reset();
  }

  focus(): void {
    this.terminal.focus();
  }

  get selection(): string {
    return this.terminal.getSelection();
  }

  paste(text: string): void {
    this.terminal.paste(text);
  }

  dispose(): void {
    this.#resized.disconnect();
    this.terminal.dispose();
    this.element.remove();
  }

  /** Ctrl+Shift+C and Ctrl+Shift+V are the page's; a plain Ctrl+C is the guest's. */
  #key(event: KeyboardEvent): boolean {
    if (!(event.ctrlKey && event.shiftKey)) return true;
    if (event.code === 'KeyC') {
      if (event.type === 'keydown' && this.selection !== '') {
        event.preventDefault();
        void navigator.clipboard?.writeText(this.selection);
      }
      return false;
    }
    return event.code !== 'KeyV';
  }
}

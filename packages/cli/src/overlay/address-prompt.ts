import { HostError } from '@trapline/core';
import type { Machine } from '@trapline/machine';
import type { Output } from '../host.ts';
import { readAddress } from '../walk/read-address.ts';
import { walkLines } from '../walk/walk-lines.ts';
import { readWalk } from '../walk/walk-report.ts';
import type { Overlay } from './overlay.ts';

const question = 'walk address: ';
const [ctrlC, backspace, newline, carriageReturn, escapeKey, erase] = [0x03, 0x08, 0x0a, 0x0d, 0x1b, 0x7f];

/** Asks for an address on the line below the guest's, and shows how it is translated just now. */
export class AddressPrompt implements Overlay {
  readonly command = 'walk';
  readonly toggles = false;
  readonly covers = false;
  readonly #machine: () => Machine;
  readonly #screen: Output;
  readonly #closed: () => void;
  #line = '';
  #over = false;

  constructor(machine: () => Machine, screen: Output, closed: () => void) {
    this.#machine = machine;
    this.#screen = screen;
    this.#closed = closed;
    screen.write(`\r\n${question}`);
  }

  typed(bytes: Uint8Array): Uint8Array {
    for (const [at, byte] of bytes.entries()) {
      this.#key(byte);
      if (this.#over) return bytes.subarray(at + 1);
    }
    return new Uint8Array(0);
  }

  close(): void {
    if (!this.#over) this.#screen.write('\r\n');
    this.#over = true;
  }

  #key(byte: number): void {
    if (byte === newline || byte === carriageReturn) this.#enter();
    else if (byte === ctrlC || byte === escapeKey) this.#closed();
    else if (byte === backspace || byte === erase) {
      if (this.#line !== '') this.#screen.write('\b \b');
      this.#line = this.#line.slice(0, -1);
    } else if (byte > 0x20 && byte < 0x7f) {
      const key = String.fromCharCode(byte);
      this.#line += key;
      this.#screen.write(key);
    }
  }

  #enter(): void {
    if (this.#line !== '') this.#screen.write(`\r\n${this.#answer().join('\r\n')}`);
    this.#closed();
  }

  #answer(): readonly string[] {
    const machine = this.#machine();
    try {
      return walkLines(readWalk(machine, { address: readAddress(this.#line, machine, 0), hart: 0 }));
    } catch (error) {
      if (error instanceof HostError) return [`${error.message}.${error.hint ? ` ${error.hint}` : ''}`];
      throw error;
    }
  }
}

import { ByteInput, ByteQueue, type ByteReceiver } from '@trapline/devices';

/**
 * Routes what is typed: to the serial port, until the guest reads the SBI debug console; from then on that gets it. (A kernel uses
 * one of the two.)
 */
export class ConsoleInput {
  readonly #serial: ByteInput;
  #debugConsole: ByteQueue | undefined;

  constructor(serial: ByteReceiver) {
    this.#serial = new ByteInput(serial);
  }

  push(bytes: Uint8Array): void {
    if (this.#debugConsole) this.#debugConsole.push(bytes);
    else this.#serial.push(bytes);
  }

  /** The next byte for the SBI debug console, or undefined when there is none. */
  readForSbi(): number | undefined {
    this.#debugConsole ??= new ByteQueue();
    return this.#debugConsole.shift();
  }
}

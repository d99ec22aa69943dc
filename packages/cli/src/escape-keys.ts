const PREFIX = 0x01; // Ctrl-A

/** What a key after Ctrl-A asks for. */
export type Command = 'quit' | 'help' | 'statistics' | 'live' | 'walk';

const COMMANDS: Readonly<Record<string, Command>> = {
  x: 'quit',
  h: 'help',
  '?': 'help',
  s: 'statistics',
  t: 'live',
  p: 'walk',
};

/** What `Ctrl-A h` prints. */
export const keyHelp = [
  'Ctrl-A x       quit',
  'Ctrl-A h       this help',
  'Ctrl-A s       statistics',
  'Ctrl-A t       live view: exits, modes, speed and devices as they change; again (or q) closes it',
  'Ctrl-A p       walk an address through the guest\u2019s page table and the shadow',
  'Ctrl-A Ctrl-A  Ctrl-A for the guest (also Ctrl-A a)',
  'Ctrl-C goes to the guest.',
];

/** What was typed, piece by piece: bytes, or a command. */
export type Typed = Uint8Array | Command;

/** Splits what was typed into bytes and commands for us, in order, however chunks are cut. */
export class EscapeKeys {
  #afterPrefix = false;

  feed(typed: Uint8Array): Typed[] {
    const pieces: Typed[] = [];
    let bytes: number[] = [];
    for (const byte of typed) {
      const command = this.#take(byte, bytes);
      if (command === undefined) continue;
      if (bytes.length > 0) pieces.push(Uint8Array.from(bytes));
      bytes = [];
      pieces.push(command);
    }
    if (bytes.length > 0) pieces.push(Uint8Array.from(bytes));
    return pieces;
  }

  #take(byte: number, bytes: number[]): Command | undefined {
    if (!this.#afterPrefix) {
      if (byte === PREFIX) this.#afterPrefix = true;
      else bytes.push(byte);
      return undefined;
    }
    this.#afterPrefix = false;
    const key = String.fromCharCode(byte);
    if (Object.hasOwn(COMMANDS, key)) return COMMANDS[key];
    if (byte === PREFIX || key === 'a') bytes.push(PREFIX);
    else bytes.push(PREFIX, byte);
    return undefined;
  }
}

const PREFIX = 0x01; // Ctrl-A

/** What a key after Ctrl-A asks for. */
export type Command = 'quit' | 'help' | 'statistics';

const COMMANDS: Readonly<Record<string, Command>> = { x: 'quit', h: 'help', '?': 'help', s: 'statistics' };

/** What `Ctrl-A h` prints. */
export const keyHelp = [
  'Ctrl-A x       quit',
  'Ctrl-A h       this help',
  'Ctrl-A s       statistics',
  'Ctrl-A Ctrl-A  Ctrl-A for the guest (also Ctrl-A a)',
  'Ctrl-C goes to the guest.',
];

/** Splits what was typed into bytes for the guest and commands for us, however chunks are cut. */
export class EscapeKeys {
  #afterPrefix = false;

  feed(typed: Uint8Array): { forGuest: Uint8Array; commands: Command[] } {
    const forGuest: number[] = [];
    const commands: Command[] = [];
    for (const byte of typed) {
      if (this.#afterPrefix) this.#second(byte, forGuest, commands);
      else if (byte === PREFIX) this.#afterPrefix = true;
      else forGuest.push(byte);
    }
    return { forGuest: Uint8Array.from(forGuest), commands };
  }

  #second(byte: number, forGuest: number[], commands: Command[]): void {
    this.#afterPrefix = false;
    const key = String.fromCharCode(byte);
    const command = COMMANDS[key];
    if (command) commands.push(command);
    else if (byte === PREFIX || key === 'a') forGuest.push(PREFIX);
    else forGuest.push(PREFIX, byte);
  }
}

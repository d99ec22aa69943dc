import type { Command } from 'commander';
import type { Host } from '../host.ts';
import type { Done } from '../main.ts';
import { walkGuest } from '../pt-guest.ts';
import { wholeNumber } from '../quantity.ts';
import { readSatp } from '../walk/read-address.ts';
import { guestDescription, guestOptions, type RunFlags, toRequest } from './run.ts';

interface WalkFlags extends RunFlags {
  readonly at?: string;
  readonly hart: string;
  readonly satp?: string;
}

const where = `
ADDRESS is a number, a symbol of the guest (main, main+0x10) or a register (pc, sp, a0...). The guest runs until it printed
the --at text, met --max-insns or --timeout, or ended; Ctrl-A x (without a terminal: SIGINT) stops it where it is.
Its console is on standard error, what it prints there and what you type.`;

/** Adds `trapline pt`. */
export function ptCommand(program: Command, host: Host, done: Done): void {
  const command = program
    .command('pt')
    .description('run a guest to some moment and walk an address through its page table and the shadow')
    .argument('<address>', 'a number, a symbol or a register')
    .argument('[guest]', guestDescription);
  guestOptions(command)
    .option('--at <text>', 'stop when the guest has printed this text')
    .option('--max-insns <n>', 'stop after so many instructions')
    .option('--timeout <seconds>', 'stop after so long')
    .option('--hart <n>', 'whose address space', '0')
    .option('--satp <value>', 'another address space of the guest, as it would write it to satp')
    .option('--json', 'print one JSON object')
    .addHelpText('after', where)
    .action(async (address: string, guest: string | undefined, flags: WalkFlags) => {
      const expect = flags.at === undefined ? [] : [flags.at];
      // The built-in guest waits at its prompt, as it does on a terminal.
      const run = toRequest(guest, { ...flags, append: flags.append ?? '', expect, fail: [] }, host);
      const hart = wholeNumber('--hart', flags.hart, 0, run.harts - 1);
      const satp = flags.satp === undefined ? undefined : readSatp(flags.satp);
      done(await walkGuest({ address, hart, satp, run }, host));
    });
}

import type { Command } from 'commander';
import { ExitCode } from '../exit-codes.ts';
import { type Host, write } from '../host.ts';
import type { Done } from '../main.ts';
import { parseQemu, qemuHelp, qemuVersion } from '../qemu-options.ts';
import { runGuest } from '../run-guest.ts';

/** Adds `trapline qemu`. */
export function qemuCommand(program: Command, host: Host, done: Done): void {
  program
    .command('qemu')
    .description("understand the part of QEMU's command line that kernels' Makefiles use")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[argv...]', "QEMU's options")
    .action(async (argv: string[]) => {
      done(await runQemu(argv, host));
    });
}

/** Runs a guest as QEMU's command line says. Rejects with HostError `usage` naming an option it does not know. */
export async function runQemu(argv: readonly string[], host: Host): Promise<number> {
  const parsed = parseQemu(argv);
  if (parsed === 'help') await write(host.stdout, qemuHelp());
  else if (parsed === 'version') await write(host.stdout, `${qemuVersion()}\n`);
  else return runGuest(parsed, host);
  return ExitCode.ok;
}

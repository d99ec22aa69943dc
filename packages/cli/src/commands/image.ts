import type { Command } from 'commander';
import { buildBusyboxImage } from '../busybox-image.ts';
import { ExitCode } from '../exit-codes.ts';
import { type Host, write } from '../host.ts';
import type { Done } from '../main.ts';

/** Adds `trapline image`. */
export function imageCommand(program: Command, host: Host, done: Done): void {
  const image = program
    .command('image')
    .description("build bootable guests from your distribution's packages");
  image
    .command('busybox')
    .description("Debian's kernel with an initramfs around Debian's busybox (needs apt and dpkg)")
    .requiredOption('-o, --output <directory>', 'where Image and initrd.gz go')
    .option('--mirror <url>', "Debian mirror; default: the one in this machine's apt sources")
    .action(async (flags: { readonly output: string; readonly mirror?: string }) => {
      const progress = (text: string): Promise<void> => write(host.stderr, `${text}\n`);
      const { kernel, initrd } = await buildBusyboxImage(flags.output, flags.mirror, progress);
      await write(host.stdout, `trapline run ${kernel} --initrd ${initrd} --append console=ttyS0\n`);
      done(ExitCode.ok);
    });
}

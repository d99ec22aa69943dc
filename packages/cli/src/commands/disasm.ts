import { parseElf } from '@trapline/machine';
import type { Command } from 'commander';
import { ExitCode } from '../exit-codes.ts';
import { readNamed } from '../files.ts';
import { type Host, write } from '../host.ts';
import { listing } from '../listing.ts';
import type { Done } from '../main.ts';

/** Adds `trapline disasm`. */
export function disasmCommand(program: Command, host: Host, done: Done): void {
  program
    .command('disasm')
    .description('disassemble the code of an ELF file')
    .argument('<file>', 'a RISC-V ELF executable')
    .action(async (path: string) => {
      const { name, bytes } = readNamed('file', path);
      let page = '';
      for (const line of listing(parseElf(bytes, name), name)) {
        page += `${line}\n`;
        if (page.length < 65536) continue;
        await write(host.stdout, page);
        page = '';
      }
      await write(host.stdout, page);
      done(ExitCode.ok);
    });
}

import { HostError } from '@trapline/core';
import { Command, CommanderError } from 'commander';
import { conformanceCommand } from './commands/conformance.ts';
import { disasmCommand } from './commands/disasm.ts';
import { doctorCommand } from './commands/doctor.ts';
import { imageCommand } from './commands/image.ts';
import { ptCommand } from './commands/pt.ts';
import { qemuCommand, runQemu } from './commands/qemu.ts';
import { runCommand } from './commands/run.ts';
import { ExitCode } from './exit-codes.ts';
import { type Host, nodeHost, type Output, write } from './host.ts';
import { enableHostFeatures } from './host-features.ts';
import { version } from './version.ts';

/** What a command's action ends with. */
export type Done = (code: number) => void;

const exitHelp = `
Exit codes: the guest's own; 124 timeout, 123 instruction limit, 122 a --fail text was seen, 2 usage, 125 the host
side failed, 128+n ended by signal n.`;

function makeProgram(host: Host, done: Done): Command {
  const program = new Command('trapline')
    .description('Runs RISC-V operating systems under a trap-and-emulate monitor')
    .version(version, '-V, --version')
    .showHelpAfterError('(trapline --help lists what there is)')
    .addHelpText('after', exitHelp)
    // What follows a command is the command's: trapline qemu --version is QEMU's.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: (text, put) => put(text.replace(/^error: /, 'trapline: ')),
    });
  for (const add of [
    runCommand,
    ptCommand,
    conformanceCommand,
    disasmCommand,
    qemuCommand,
    doctorCommand,
    imageCommand,
  ])
    add(program, host, done);
  return program;
}

/** Runs the `trapline` command; `argv` are its arguments alone. Resolves to the exit code, never rejects. */
export async function main(argv: readonly string[], host: Host = nodeHost()): Promise<number> {
  let code: number = ExitCode.ok;
  return guard(host, async () => {
    const program = makeProgram(host, (result) => {
      code = result;
    });
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  });
}

/** Runs the `trapline-qemu` command: QEMU's command line. Resolves to the exit code, never rejects. */
export const qemuMain = (argv: readonly string[], host: Host = nodeHost()): Promise<number> =>
  guard(host, () => runQemu(argv, host));

async function guard(host: Host, work: () => Promise<number>): Promise<number> {
  outliveReaders(host.stdout);
  outliveReaders(host.stderr);
  enableHostFeatures();
  try {
    return await work();
  } catch (error) {
    return await report(error, host);
  }
}

const outliving = new WeakSet<Output>();

/**
 * A reader that went away (a pipe into head) is no defect; who must know listens too. For good, as a stream tells of
 * its last write only after the command is over.
 */
function outliveReaders(stream: Output): void {
  if (outliving.has(stream)) return;
  outliving.add(stream);
  stream.on('error', () => {});
}

/** One sentence about what went wrong, and the exit code it means. */
async function report(error: unknown, host: Host): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  if (error instanceof HostError) {
    const hint = error.hint ? ` ${error.hint}` : '';
    await write(host.stderr, `trapline: ${error.message}.${hint}\n`);
    return error.code === 'usage' ? ExitCode.usage : ExitCode.host;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await write(host.stderr, `trapline: a defect of Trapline itself: ${detail}\n`);
  return ExitCode.host;
}

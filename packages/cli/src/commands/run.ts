import { type EngineName, engineNames, HostError } from '@trapline/core';
import { DEFAULT_INTERVAL, virtBoard } from '@trapline/machine';
import { type Command, Option } from 'commander';
import { builtinGuestName } from '../builtin-guest.ts';
import { parseDisk } from '../disks.ts';
import type { Host } from '../host.ts';
import type { Done } from '../main.ts';
import { memoryBytes, seconds, wholeNumber } from '../quantity.ts';
import { runGuest } from '../run-guest.ts';
import { defaultRequest, type RunRequest, type TraceRequest } from '../run-request.ts';

export interface RunFlags {
  readonly monitor: 'shadow' | 'none';
  readonly intercept?: 'all' | 'needed';
  readonly engine?: EngineName;
  readonly memory: string;
  readonly harts: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly bios?: string;
  readonly dtb?: string;
  readonly disk: readonly string[];
  readonly deterministic?: boolean;
  readonly seed: string;
  readonly maxInsns?: string;
  readonly timeout?: string;
  readonly expect: readonly string[];
  readonly fail: readonly string[];
  readonly serialLog?: string;
  readonly trace?: string;
  readonly traceFile?: string;
  readonly profile?: string;
  readonly profileInterval?: string;
  readonly stats?: boolean;
  readonly json?: boolean;
}

/** What a GUEST argument may be. */
export const guestDescription = `an ELF file, a Linux Image, a flat binary, or ${builtinGuestName}`;

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `trapline run`. */
export function runCommand(program: Command, host: Host, done: Done): void {
  const command = program
    .command('run')
    .description('boot a guest with its serial port on this terminal (Ctrl-A h helps, Ctrl-A x quits)')
    .argument('[guest]', guestDescription);
  guestOptions(command)
    .option('--max-insns <n>', 'end with code 123 after so many instructions')
    .option('--timeout <seconds>', 'end with code 124 after so long')
    .option('--expect <text>', 'end with code 0 once all expected texts were printed', several, [])
    .option('--fail <text>', 'end with code 122 when this text is printed', several, [])
    .option('--serial-log <file>', 'also write what the guest prints to a file')
    .option('--trace <what>', 'exits, or exits=cause,...: one line for every exit to the monitor')
    .option('--trace-file <file>', 'trace to a file instead of standard error')
    .option(
      '--profile <file>',
      'sample where the guest spends its instructions: speedscope .json, or folded stacks',
    )
    .option(
      '--profile-interval <n>',
      `instructions from sample to sample, on the average (default ${DEFAULT_INTERVAL})`,
    )
    .option('--stats', 'print statistics at the end, to standard error')
    .option('--json', 'print one JSON object at the end; the console goes to standard error')
    .action(async (guest: string | undefined, flags: RunFlags) => {
      done(await runGuest(toRequest(guest, flags, host), host));
    });
}

/** The options that say what to run, as several commands take them. */
export const guestOptions = (command: Command): Command =>
  command
    .addOption(monitorOption())
    .addOption(interceptOption())
    .addOption(engineOption())
    .option('-m, --memory <amount>', 'RAM, for example 256M or 1G', '256M')
    .option('--harts <n>', 'how many harts, 1 to 8', '1')
    .option('--kernel <file>', 'the same as GUEST')
    .option('--initrd <file>', 'initial RAM disk')
    .option('--append <text>', 'kernel command line')
    .option(
      '--bios <none|builtin|file>',
      'M-mode entry, SBI served by Trapline, or a firmware file such as OpenSBI',
    )
    .option('--dtb <file>', 'device tree instead of the generated one')
    .option('--disk <file[,ro]>', 'attach a raw disk image; may be repeated', several, [])
    .option('--deterministic', 'time from instructions: the same inputs give the same run')
    .option('--seed <n>', 'seed of everything random in a deterministic run', '0');

/** `--monitor`, as several commands take it. */
export const monitorOption = (): Option =>
  new Option('--monitor <monitor>', 'shadow: trap and emulate; none: the bare machine')
    .choices(['shadow', 'none'])
    .default('shadow');

/** `--intercept`, as several commands take it. */
export const interceptOption = (): Option =>
  new Option(
    '--intercept <which>',
    'all: every sensitive instruction exits to the monitor; needed: those that need a decision',
  ).choices(['all', 'needed']);

/** `--engine`, as several commands take it. */
export const engineOption = (): Option =>
  new Option('--engine <name>', 'what executes guest instructions').choices([...engineNames]);

/** The request that options come to. Throws HostError `usage`. */
export function toRequest(named: string | undefined, flags: RunFlags, host: Host): RunRequest {
  if (named !== undefined && flags.kernel !== undefined)
    throw new HostError('usage', `both ${named} and --kernel ${flags.kernel} name a guest`, {
      hint: 'Give one of them.',
    });
  const given = named ?? flags.kernel;
  const guest = given === builtinGuestName ? undefined : given;
  // Nobody is there to type: the built-in guest tests itself instead of waiting at its prompt.
  const selfTest = given === undefined && flags.bios === undefined && host.stdin.isTTY !== true;
  return {
    ...defaultRequest,
    guest,
    initrd: flags.initrd,
    append: flags.append ?? (selfTest ? 'selftest' : undefined),
    bios: flags.bios,
    dtb: flags.dtb,
    disks: flags.disk.map(parseDisk),
    ramBytes: memoryBytes(flags.memory),
    harts: wholeNumber('--harts', flags.harts, 1, virtBoard.maxHarts),
    monitor: flags.monitor,
    intercept: flags.intercept,
    engine: flags.engine,
    deterministic: flags.deterministic === true,
    seed: wholeNumber('--seed', flags.seed, 0, 2 ** 32 - 1),
    maxInstructions:
      flags.maxInsns === undefined
        ? undefined
        : wholeNumber('--max-insns', flags.maxInsns, 1, Number.MAX_SAFE_INTEGER),
    timeoutMs: flags.timeout === undefined ? undefined : seconds('--timeout', flags.timeout),
    expect: flags.expect,
    fail: flags.fail,
    serialLog: flags.serialLog,
    trace: flags.trace === undefined ? undefined : parseTrace(flags.trace),
    traceFile: flags.traceFile,
    profile: flags.profile,
    profileInterval:
      flags.profileInterval === undefined
        ? undefined
        : wholeNumber('--profile-interval', flags.profileInterval, 1, 2 ** 31 - 1),
    stats: flags.stats === true,
    json: flags.json === true,
  };
}

function parseTrace(text: string): TraceRequest {
  const match = /^exits(?:=([\w-]+(?:,[\w-]+)*))?$/.exec(text);
  if (match === null)
    throw new HostError('usage', `--trace ${text} is not known`, {
      hint: 'Write --trace exits, or --trace exits=cause,...',
    });
  return { causes: match[1]?.split(',') ?? [] };
}

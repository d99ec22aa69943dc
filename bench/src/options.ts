import { parseArgs } from 'node:util';
import { type ConfigurationName, configurationNames } from './contenders.ts';

/** A mistake in how the benchmark was called, in a sentence. */
export class UsageError extends Error {}

export const usage = `Usage: pnpm bench [options]        (or: node bench/run.mjs [options])

  --only NAME,...     rows (linux/sieve), programs (sieve), or groups (linux, bare, boot, xv6)
  --runs N            how many times everything is run; medians of these (default 5)
  --quick             one run: a look, not a measurement
  --images DIR        Image and initrd.gz, as \`trapline image busybox DIR\` makes them: linux, boot
  --programs DIR      public programs, NAME.riscv64 and NAME.x86_64: more of linux
  --xv6 DIR           xv6's kernel and fs.img: xv6
  --usertests         xv6's usertests -q too, which takes minutes
  --engine NAME       of \`trapline run\` (default translator)
  --monitor NAME      of \`trapline run\` (default shadow)
  --intercept WHICH   of \`trapline run\`
  --vs WORD,...       compare with another of our configurations: ${configurationNames.join(', ')}
  --peers NAME,...    qemu, native, or none (default qemu,native)
  --trapline PATH     another build's bin/trapline.js (default packages/cli/bin/trapline.js)
  --json FILE         write all figures
  --timeout SECONDS   for one process (default 1800)
  --list              print the rows there may be
`;

export interface Options {
  readonly only: readonly string[];
  readonly runs: number;
  readonly images: string | undefined;
  readonly programs: string | undefined;
  readonly xv6: string | undefined;
  readonly usertests: boolean;
  readonly engine: string;
  readonly monitor: string | undefined;
  readonly intercept: string | undefined;
  readonly vs: readonly ConfigurationName[];
  readonly peers: readonly string[];
  readonly trapline: string | undefined;
  readonly json: string | undefined;
  readonly timeoutMs: number;
  readonly list: boolean;
  readonly help: boolean;
}

const DEFAULT_RUNS = 5;
const peerNames = ['qemu', 'native'];

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): Options {
  const given = parse(args);
  const peers = words(given.peers ?? peerNames.join(',')).filter((name) => name !== 'none');
  const vs = words(given.vs);
  mustBe('--peers', peers, peerNames);
  mustBe('--vs', vs, configurationNames);
  return {
    only: words(given.only),
    runs: given.runs !== undefined ? atLeastOne('--runs', given.runs) : given.quick ? 1 : DEFAULT_RUNS,
    images: given.images,
    programs: given.programs,
    xv6: given.xv6,
    usertests: given.usertests === true,
    engine: given.engine ?? 'translator',
    monitor: given.monitor,
    intercept: given.intercept,
    vs: configurationNames.filter((name) => vs.includes(name)),
    peers,
    trapline: given.trapline,
    json: given.json,
    timeoutMs: atLeastOne('--timeout', given.timeout ?? '1800') * 1000,
    list: given.list === true,
    help: given.help === true,
  };
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      // `pnpm bench -- --quick` passes the dashes on.
      args: args.filter((word) => word !== '--'),
      options: {
        only: text,
        runs: text,
        quick: flag,
        images: text,
        programs: text,
        xv6: text,
        usertests: flag,
        engine: text,
        monitor: text,
        intercept: text,
        vs: text,
        peers: text,
        trapline: text,
        json: text,
        timeout: text,
        list: flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const words = (list: string | undefined): string[] => list?.split(',').filter((word) => word !== '') ?? [];

function mustBe(option: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw new UsageError(`${option} ${unknown} is not known; it takes ${known.join(', ')}.`);
}

function atLeastOne(option: string, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new UsageError(`${option} ${value} is not a whole number from 1.`);
  return Number(value);
}

/** Whether `--only` names the row, as itself, its group or its program; without `--only` all are wanted. */
export const wanted =
  (only: readonly string[]) =>
  (row: string): boolean =>
    only.length === 0 || [row, ...row.split('/')].some((name) => only.includes(name));

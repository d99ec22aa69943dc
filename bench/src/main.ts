import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Contender, mainContender, native, qemu, traplineContenders } from './contenders.ts';
import type { Job, Setting } from './job.ts';
import { type Options, parseOptions, UsageError, usage, wanted } from './options.ts';
import { bareJobs, linuxJobs } from './program-jobs.ts';
import { programs, publicPrograms } from './programs.ts';
import { Collector, type Row } from './statistics.ts';
import { bootJobs, xv6Jobs } from './system-jobs.ts';
import { processTable, rateLines, timesTable } from './table.ts';
import { toolVersion } from './toolchain.ts';

const say = (line: string): unknown => process.stdout.write(`${line}\n`);
/** What is going on: for whoever waits, not for a file. */
const progress = (line: string): unknown => process.stderr.write(`${line}\n`);

/** Runs the benchmark; resolves to the exit code. `root` is the repository's folder. */
export async function main(args: readonly string[], root: string): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.help) say(usage);
    else if (options.list) for (const row of allRows()) say(row);
    else return await bench(options, root);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    progress(`bench: ${error.message}`);
    return 2;
  }
}

const allRows = (): string[] => [
  ...programs.map(({ name }) => `linux/${name}`),
  ...Object.keys(publicPrograms).map((name) => `linux/${name}`),
  ...programs.filter(({ bare }) => bare).map(({ name }) => `bare/${name}`),
  ...['boot/userspace', 'boot/poweroff', 'xv6/prompt', 'xv6/usertests'],
];

async function bench(options: Options, root: string): Promise<number> {
  const work = await mkdtemp(join(tmpdir(), 'trapline-bench-'));
  const remove = () => rmSync(work, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const setting = await makeSetting(options, root, work);
    const jobs = [
      ...(await linuxJobs(setting, options.images, options.programs)),
      ...bareJobs(setting),
      ...bootJobs(setting, options.images),
      ...xv6Jobs(setting, options.xv6, options.usertests),
    ];
    const rows = jobs.flatMap((job) => job.rows);
    for (const word of options.only)
      if (!rows.some(wanted([word]))) setting.note(`There is no row for --only ${word}.`);
    if (rows.length === 0) throw new UsageError('nothing is left to run.');
    return await measure(jobs, options, setting);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function makeSetting(options: Options, root: string, work: string): Promise<Setting> {
  const note = (text: string) => progress(`bench: ${text}`);
  const cli = resolve(options.trapline ?? join(root, 'packages/cli/bin/trapline.js'));
  if (!existsSync(cli))
    throw new UsageError(`there is no ${cli}; --trapline names the command's trapline.js.`);
  if (!existsSync(join(cli, '../../dist/index.js')))
    throw new UsageError(`${cli} is not built; \`pnpm build\` does.`);
  const present = async (peer: Contender, command: string) => {
    if (!options.peers.includes(peer.name)) return undefined;
    if (await toolVersion(command)) return peer;
    note(`${peer.name} is left out: there is no ${command} here.`);
    return undefined;
  };
  const emulator = await present(qemu, 'qemu-system-riscv64');
  return {
    root,
    work,
    cli,
    guests: [...traplineContenders(options, options.vs), ...(emulator ? [emulator] : [])],
    native: await present(native, 'gcc'),
    timeoutMs: options.timeoutMs,
    wants: wanted(options.only),
    note,
  };
}

/** A machine with more to do than this before we begin is not ours alone. */
const BUSY_LOAD = 0.7;

/** Everything once, and again: what slows the machine for a while slows all contenders. */
async function measure(jobs: readonly Job[], options: Options, setting: Setting): Promise<number> {
  const collector = new Collector();
  const loadBefore = loadavg()[0];
  for (let run = 0; run < options.runs; run++)
    for (const job of jobs)
      for (const contender of rotated(job.contenders, run)) {
        progress(`run ${run + 1} of ${options.runs}: ${job.name}, ${contender.name}`);
        const outcome = await job.run(contender);
        if (outcome.failure) setting.note(`${job.name}, ${contender.name}: ${outcome.failure}`);
        collector.add(job.name, job.rows, contender.name, outcome);
      }
  const names = [...setting.guests, ...(setting.native ? [setting.native] : [])].map(({ name }) => name);
  const rows = jobs.flatMap((job) => job.rows).map((row) => collector.row(row, names));
  const host = await describeHost(loadBefore);
  report(rows, names, collector, host);
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ host, options, rows, processes: collector.processes() }, null, 2)}\n`,
    );
  return rows.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

/** Who goes first takes turns. */
const rotated = <T>(list: readonly T[], by: number): T[] => {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
};

type Host = Awaited<ReturnType<typeof describeHost>>;

async function describeHost(loadBefore: number | undefined) {
  return {
    date: new Date().toISOString(),
    processor: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
    node: process.version,
    qemu: await toolVersion('qemu-system-riscv64'),
    gcc: await toolVersion('gcc'),
    guestGcc: await toolVersion('riscv64-linux-gnu-gcc'),
    /** Over one minute, before the first run and after the last; the benchmark itself makes about 1. */
    load: [loadBefore, loadavg()[0]],
  };
}

function report(rows: readonly Row[], contenders: readonly string[], collector: Collector, host: Host): void {
  say(`${host.processor}; node ${host.node}; ${host.qemu ?? 'no qemu'}`);
  say(`load ${host.load.map((load) => load?.toFixed(1)).join(' before, ')} after`);
  if ((host.load[0] ?? 0) > BUSY_LOAD)
    say('Other work was under way: the wall clock says little, the columns by processor time more.');
  say('');
  for (const line of timesTable(rows, contenders)) say(line);
  say(`"to": how many times as fast ${mainContender} is; "cpu": by processor time instead of the wall clock`);
  say('');
  for (const line of rateLines(rows)) say(line);
  for (const line of processTable(collector.processes())) say(line);
  for (const { name, problems } of rows) for (const problem of problems) say(`WRONG ${name}: ${problem}`);
}

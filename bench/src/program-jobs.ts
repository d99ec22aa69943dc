import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, type Contender, guestCommand } from './contenders.ts';
import { makeInitramfs, type Task, taskList } from './initramfs.ts';
import { type Job, runJob, type Sample, type Setting } from './job.ts';
import { otherProgram, type Program, programs, publicPrograms } from './programs.ts';
import type { Session } from './session.ts';
import { type Compiler, compileInit, compileProgram, guestCompiler, nativeCompiler } from './toolchain.ts';
import { readTranscript } from './transcript.ts';

const LINUX_RAM_MIB = 512;
const BARE_RAM_MIB = 256;
const MIB = 1024 ** 2;

const checks = Object.fromEntries(Object.entries(publicPrograms).map(([name, { check }]) => [name, check]));

const samplesOf =
  (suite: string) =>
  ({ lines }: Session): Sample[] =>
    readTranscript(lines, checks).map(({ program, ...timing }) => ({
      row: `${suite}/${program}`,
      ...timing,
    }));

/** guests/built/bench on the bare machine, one process per program. */
export function bareJobs(setting: Setting): Job[] {
  return programs
    .filter(({ name, bare }) => bare && setting.wants(`bare/${name}`))
    .map(({ name, rounds }) => {
      const kernel = join(setting.root, 'guests/built/bench', `${name}.elf`);
      const guest = { kernel, append: `rounds=${rounds}`, bare: true, ramMiB: BARE_RAM_MIB };
      return {
        name: `bare/${name}`,
        rows: [`bare/${name}`],
        contenders: setting.guests,
        run: (contender) =>
          runJob(
            guestCommand(contender, guest, setting.cli),
            { failAt: /^trapped: mcause/, ramBytes: BARE_RAM_MIB * MIB },
            setting.timeoutMs,
            samplesOf('bare'),
          ),
      };
    });
}

/** All programs for Linux in one boot of a guest, and one after the other on the host. */
export async function linuxJobs(
  setting: Setting,
  images: string | undefined,
  publicFolder: string | undefined,
): Promise<Job[]> {
  const own = programs.filter(({ name }) => setting.wants(`linux/${name}`));
  const found = publicNames(publicFolder, setting).filter((name) => setting.wants(`linux/${name}`));
  const rows = [...own.map(({ name }) => name), ...found].map((name) => `linux/${name}`);
  if (rows.length === 0) return [];
  const kernel = images && join(resolve(images), 'Image');
  if (kernel === undefined || !existsSync(kernel)) {
    setting.note(
      'No Linux programs: there is no kernel; `trapline image busybox DIR` makes one for --images DIR.',
    );
    return [];
  }
  const guestTasks = await prepare(guestCompiler, 'riscv64', own, found, publicFolder, setting);
  if (guestTasks === undefined) return [];
  const initrd = join(setting.work, 'programs.cpio');
  await writeFile(initrd, makeInitramfs(guestTasks.init, guestTasks.tasks, readFileSync));
  const nativeCommand = setting.native && (await prepareNative(own, found, publicFolder, setting));
  const append = 'console=ttyS0 loglevel=1';
  const guest = { kernel, initrd, append, bare: false, ramMiB: LINUX_RAM_MIB };
  const commandFor = (contender: Contender): Command =>
    contender.kind === 'native' && nativeCommand
      ? nativeCommand
      : guestCommand(contender, guest, setting.cli);
  return [
    {
      name: 'linux programs',
      rows,
      contenders: nativeCommand && setting.native ? [...setting.guests, setting.native] : setting.guests,
      run: (contender) =>
        runJob(
          commandFor(contender),
          contender.kind === 'native'
            ? {}
            : { weighAt: 'programs: end', failAt: /Kernel panic/, ramBytes: LINUX_RAM_MIB * MIB },
          setting.timeoutMs,
          samplesOf('linux'),
        ),
    },
  ];
}

/** NAME of every NAME.riscv64 in the folder. */
function publicNames(folder: string | undefined, { note, wants }: Setting): string[] {
  const known = Object.keys(publicPrograms);
  if (folder === undefined) {
    if (known.some((name) => wants(`linux/${name}`)))
      note(`No public programs: --programs DIR names a folder with ${known.join('.riscv64, ')}.riscv64.`);
    return [];
  }
  if (!existsSync(folder)) {
    note(`No public programs: there is no folder ${folder}.`);
    return [];
  }
  return readdirSync(folder)
    .flatMap((file) => /^([\w.-]+)\.riscv64$/.exec(file)?.[1] ?? [])
    .sort();
}

interface Prepared {
  readonly init: string;
  readonly tasks: readonly Task[];
}

async function prepare(
  compiler: Compiler,
  architecture: string,
  own: readonly Program[],
  found: readonly string[],
  publicFolder: string | undefined,
  setting: Setting,
): Promise<Prepared | undefined> {
  const directory = join(setting.work, architecture);
  const init = join(directory, 'init');
  try {
    await mkdir(directory, { recursive: true });
    await compileInit(compiler, setting.root, init);
    const tasks = await compileAll(compiler, own, directory, setting.root);
    return { init, tasks: [...tasks, ...publicTasks(found, publicFolder ?? '', architecture, setting)] };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : error;
    setting.note(`No Linux programs for ${architecture}: ${compiler.command} built none (${reason}).`);
    return undefined;
  }
}

async function compileAll(
  compiler: Compiler,
  own: readonly Program[],
  directory: string,
  root: string,
): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const program of own) {
    const path = join(directory, program.name);
    await compileProgram(compiler, root, program, path);
    tasks.push({ name: program.name, path, arguments: [`${program.rounds}`], input: '' });
  }
  return tasks;
}

function publicTasks(
  names: readonly string[],
  folder: string,
  architecture: string,
  { note }: Setting,
): Task[] {
  return names.flatMap((name) => {
    const path = join(resolve(folder), `${name}.${architecture}`);
    const { arguments: words, input } = publicPrograms[name] ?? otherProgram;
    if (existsSync(path)) return [{ name, path, arguments: words, input }];
    note(`${name} has no native figure: there is no ${name}.${architecture} beside it.`);
    return [];
  });
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

async function prepareNative(
  own: readonly Program[],
  found: readonly string[],
  publicFolder: string | undefined,
  setting: Setting,
): Promise<Command | undefined> {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const built = await prepare(nativeCompiler(), architecture, own, found, publicFolder, setting);
  if (built === undefined) return undefined;
  const list = join(setting.work, 'native-programs');
  await writeFile(list, taskList(built.tasks));
  return { command: built.init, args: [list], console: 'stdout' };
}

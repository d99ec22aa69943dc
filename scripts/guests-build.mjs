// Builds the guests: guests/perch (kernel.elf, disk.img) and guests/tests/bench/*.elf.
//
//   node scripts/guests-build.mjs [--out DIR]      default: guests/built
//
// Needs riscv64-unknown-elf-gcc (Debian: gcc-riscv64-unknown-elf) or another one named by RISCV_PREFIX.
// The same compiler gives the same bytes anywhere: every path it sees is relative to guests/, inputs are sorted, and
// nothing of the date or the machine goes in.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFileSystem } from '../guests/tools/mkfs.mjs';

const guests = resolve(fileURLToPath(import.meta.url), '../../guests');
const prefix = process.env.RISCV_PREFIX ?? 'riscv64-unknown-elf-';

const common = [
  '-mcmodel=medany',
  '-ffreestanding',
  '-fno-builtin',
  '-fno-common',
  '-fno-ident',
  '-fno-pic',
  '-nostdlib',
  '-fno-tree-loop-distribute-patterns',
  '-fno-asynchronous-unwind-tables',
  '-ffunction-sections',
  '-fdata-sections',
  '-msmall-data-limit=0',
  '-std=gnu17',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-ffile-prefix-map=./=',
];
// The kernel must not touch the floating-point registers: they are its processes'.
const kernelFlags = [...common, '-march=rv64imac_zicsr_zifencei', '-mabi=lp64', '-Os'];
const userFlags = [...common, '-march=rv64gc', '-mabi=lp64d', '-Os'];
// Fused multiply-add where the source says so and nowhere else: every compiler's program computes the same.
const exactFloat = ['-ffp-contract=off', '-fno-math-errno'];
const benchFlags = [...common, ...exactFloat, '-march=rv64gc', '-mabi=lp64d', '-O2'];
const link = [
  '-nostdlib',
  '-static',
  '-Wl,--build-id=none',
  '-Wl,--gc-sections',
  '-Wl,-z,max-page-size=4096',
  '-Wl,--no-warn-rwx-segments',
  '-Wl,--no-relax',
];

const diskShape = { blocks: 400, inodes: 128, directories: ['tmp'] };

function run(tool, args) {
  execFileSync(prefix + tool, args, {
    cwd: guests,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, LC_ALL: 'C' },
  });
}

function sources(directory, ...endings) {
  const names = readdirSync(join(guests, directory)).filter((name) =>
    endings.some((ending) => name.endsWith(ending)),
  );
  return names.sort().map((name) => `${directory}/${name}`);
}

/** Compiles one file; the object's name, which ends up in the symbol table, depends on nothing but the source's. */
function compile(source, flags, includes, objects) {
  const object = join(objects, `${source.replaceAll('/', '_')}.o`);
  run('gcc', [...flags, ...includes.map((path) => `-I${path}`), '-c', source, '-o', object]);
  return object;
}

function compileAll(list, flags, includes, objects) {
  mkdirSync(objects, { recursive: true });
  return list.map((source) => compile(source, flags, includes, objects));
}

function buildKernel(work, out) {
  const objects = compileAll(
    [...sources('perch/kernel', '.c', '.S'), ...sources('perch/lib', '.c')],
    kernelFlags,
    ['perch/include', 'perch/kernel'],
    join(work, 'kernel'),
  );
  const kernel = join(out, 'kernel.elf');
  run('gcc', [
    '-march=rv64imac',
    '-mabi=lp64',
    ...link,
    '-T',
    'perch/kernel/kernel.ld',
    ...objects,
    '-o',
    kernel,
  ]);
  run('objcopy', ['--strip-debug', kernel]);
}

/** Every .c file in perch/user is a program, and so is every folder of them; the rest is shared. */
function programSources() {
  const library = new Set(['perch/user/library.c', 'perch/user/system_calls.c']);
  const programs = new Map();
  for (const source of sources('perch/user', '.c'))
    if (!library.has(source)) programs.set(basename(source, '.c'), [source]);
  for (const entry of readdirSync(join(guests, 'perch/user'), { withFileTypes: true }))
    if (entry.isDirectory()) programs.set(entry.name, sources(`perch/user/${entry.name}`, '.c'));
  return { shared: ['perch/user/start.S', ...library, ...sources('perch/lib', '.c')], programs };
}

function buildPrograms(work) {
  const includes = ['perch/include', 'perch/user'];
  const objects = join(work, 'user');
  const { shared, programs } = programSources();
  const common = compileAll(shared, userFlags, includes, objects);
  const built = new Map();
  for (const [name, list] of programs) {
    const program = join(work, name);
    const own = compileAll(list, userFlags, includes, objects);
    run('gcc', [
      '-march=rv64gc',
      '-mabi=lp64d',
      ...link,
      '-T',
      'perch/user/user.ld',
      ...common,
      ...own,
      '-o',
      program,
    ]);
    run('strip', ['-s', program]);
    built.set(`bin/${name}`, readFileSync(program));
  }
  return built;
}

function buildDisk(work, out) {
  const files = buildPrograms(work);
  for (const source of sources('perch/files', ''))
    files.set(basename(source), readFileSync(join(guests, source)));
  writeFileSync(join(out, 'disk.img'), makeFileSystem(files, diskShape));
}

function buildBenches(work, out) {
  mkdirSync(join(out, 'bench'), { recursive: true });
  const directory = 'tests/bench';
  const runtime = compileAll(
    sources(`${directory}/runtime`, '.c', '.S'),
    benchFlags,
    [`${directory}/runtime`],
    join(work, 'bench'),
  );
  for (const source of sources(directory, '.c')) {
    const object = compile(source, benchFlags, [`${directory}/runtime`], join(work, 'bench'));
    const program = join(out, 'bench', `${basename(source, '.c')}.elf`);
    const script = `${directory}/runtime/bench.ld`;
    run('gcc', ['-march=rv64gc', '-mabi=lp64d', ...link, '-T', script, ...runtime, object, '-o', program]);
    run('objcopy', ['--strip-debug', program]);
  }
}

/** The compiler's own name for its version, recorded beside what it built. */
function compilerVersion() {
  try {
    return execFileSync(`${prefix}gcc`, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n')[0];
  } catch {
    return undefined;
  }
}

/** Builds everything into `out`. Throws when a tool fails. */
function buildGuests(out) {
  const version = compilerVersion();
  if (!version)
    throw new Error(`${prefix}gcc was not found; on Debian: apt-get install gcc-riscv64-unknown-elf`);
  const work = mkdtempSync(join(tmpdir(), 'guests-'));
  try {
    mkdirSync(out, { recursive: true });
    buildKernel(work, out);
    buildDisk(work, out);
    buildBenches(work, out);
    writeFileSync(join(out, 'compiler.txt'), `${version}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--out');
  const out = at < 0 ? join(guests, 'built') : resolve(process.argv[at + 1] ?? '.');
  try {
    buildGuests(out);
    console.log(`built into ${relative(process.cwd(), out) || '.'}`);
  } catch (error) {
    console.error(`guests-build: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HostError } from '@trapline/core';
import { systemCode } from './files.ts';

const run = promisify(execFile);
const SUITE = 'trixie';
const ARCHITECTURE = 'riscv64';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const MOST_OUTPUT_BYTES = 16 * 1024 ** 2;

/** Runs a tool; gives what it printed. Throws HostError `tool-missing` or `tool-failed`. */
async function tool(name: string, args: readonly string[], options: { cwd?: string; config?: string } = {}) {
  const env = { ...process.env, LC_ALL: 'C', ...(options.config && { APT_CONFIG: options.config }) };
  try {
    const { stdout } = await run(name, [...args], { cwd: options.cwd, env, maxBuffer: MOST_OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw new HostError('tool-missing', `${name} is not installed`, {
        hint: 'trapline image needs the apt and dpkg packages, as Debian and its relatives have them.',
        cause: error,
      });
    const said =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
    throw new HostError('tool-failed', `${name} ${args[0]} failed${said ? `: ${said}` : ''}`, {
      hint: 'Check the network and the mirror (--mirror URL).',
      cause: error,
    });
  }
}

/** Debian mirrors named in apt's sources, both forms, in order (sources.list(5)). */
export function mirrorsIn(sources: string): string[] {
  const uris = sources.split('\n').flatMap((line) => {
    const oneLine = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s/.exec(line);
    const field = /^URIs:\s*(.*)$/i.exec(line);
    return oneLine ? [oneLine[1]!] : (field?.[1]?.split(/\s+/) ?? []);
  });
  return uris.filter((uri) => /^https?:.*\/debian\/?$/.test(uri));
}

/** The Debian mirror this machine uses. Throws HostError `mirror-unknown`. */
export function systemMirror(root = '/etc/apt'): string {
  const parts = join(root, 'sources.list.d');
  const files = [join(root, 'sources.list')];
  if (existsSync(parts)) files.push(...readdirSync(parts).map((name) => join(parts, name)));
  const mirror = files
    .filter((file) => existsSync(file))
    .flatMap((file) => mirrorsIn(readFileSync(file, 'utf8')))[0];
  if (mirror !== undefined) return mirror;
  throw new HostError('mirror-unknown', "this machine's apt sources name no Debian mirror", {
    hint: 'Give one: --mirror URL.',
  });
}

/** Packages of another architecture, fetched with apt in a directory of its own: the system's apt is neither read nor changed. */
export class PackageSource {
  readonly #directory: string;
  readonly #config: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#config = join(directory, 'apt.conf');
  }

  /** Sets the directory up and reads the mirror's lists. Throws HostError. */
  static async open(directory: string, mirror: string): Promise<PackageSource> {
    const source = new PackageSource(directory);
    source.#configure(mirror);
    await source.#apt('apt-get', ['update']);
    return source;
  }

  /** The package a metapackage stands for: its first dependency. */
  async dependencyOf(name: string): Promise<string> {
    const listed = await this.#apt('apt-cache', ['depends', '--important', name]);
    const found = /^\s*Depends: (\S+)$/m.exec(listed)?.[1];
    if (found !== undefined) return found;
    throw new HostError('package-missing', `the mirror's ${name} depends on nothing`, {
      hint: 'Give another mirror: --mirror URL.',
    });
  }

  /** Fetches a package and unpacks it into `into`. */
  async unpack(name: string, into: string): Promise<void> {
    const before = new Set(readdirSync(this.#directory));
    await this.#apt('apt-get', ['download', name]);
    const file = readdirSync(this.#directory).find((entry) => entry.endsWith('.deb') && !before.has(entry));
    if (file === undefined)
      throw new HostError('package-missing', `apt-get download ${name} left no package`, {
        hint: 'Try again.',
      });
    await tool('dpkg-deb', ['-x', join(this.#directory, file), into]);
  }

  #apt(name: string, args: readonly string[]): Promise<string> {
    return tool(name, args, { cwd: this.#directory, config: this.#config });
  }

  #configure(mirror: string): void {
    const inside = (path: string): string => join(this.#directory, path);
    for (const path of [
      'etc/apt.conf.d',
      'etc/preferences.d',
      'state/lists/partial',
      'cache/archives/partial',
    ])
      mkdirSync(inside(path), { recursive: true });
    const signed = existsSync(KEYRING) ? ` signed-by=${KEYRING}` : '';
    writeFileSync(
      inside('etc/sources.list'),
      `deb [arch=${ARCHITECTURE}${signed}] ${mirror} ${SUITE} main\n`,
    );
    writeFileSync(inside('state/status'), '');
    const settings: Readonly<Record<string, string>> = {
      Dir: this.#directory,
      'Dir::Etc': inside('etc'),
      'Dir::Etc::sourcelist': inside('etc/sources.list'),
      'Dir::Etc::sourceparts': '-',
      'Dir::Etc::trustedparts': '/etc/apt/trusted.gpg.d',
      'Dir::State': inside('state'),
      'Dir::State::status': inside('state/status'),
      'Dir::Cache': inside('cache'),
      'APT::Architecture': ARCHITECTURE,
      'Acquire::Languages': 'none',
      // Run by root, apt would switch to a user who may not write here.
      'APT::Sandbox::User': '',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)};`);
    writeFileSync(this.#config, `${[...lines, `APT::Architectures { "${ARCHITECTURE}"; };`].join('\n')}\n`);
  }
}

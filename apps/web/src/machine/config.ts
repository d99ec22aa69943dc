import type { EngineName } from '@trapline/machine';

/** What a machine of the page is to be, and how a link says so. */

/** Files a machine can be given, by what they are for. */
export const fileRoles = ['kernel', 'initrd', 'disk', 'bios', 'dtb'] as const;
export type FileRole = (typeof fileRoles)[number];

/** What each role is called on the page. */
export const roleNames: Readonly<Record<FileRole, string>> = {
  kernel: 'kernel',
  initrd: 'initial RAM disk',
  disk: 'disk',
  bios: 'firmware',
  dtb: 'device tree',
};

/** A file this browser keeps: its name, and the SHA-256 of its bytes. */
export interface FileReference {
  readonly name: string;
  readonly id: string;
}

export interface MachineConfig {
  readonly memoryMiB: number;
  readonly harts: number;
  readonly monitor: Monitor;
  readonly engine: Engine;
  readonly clock: 'realtime' | 'deterministic';
  readonly seed: number;
  readonly firmware: 'auto' | 'none' | 'builtin';
  /** Kernel command line. */
  readonly append: string;
  /** Million instructions per second; 0 is no limit. */
  readonly speed: number;
  /** Which of this browser's machines it is: machines of different numbers have disks of their own. */
  readonly number: number;
  /** Without a kernel or firmware file the built-in guest boots. */
  readonly files: Readonly<Partial<Record<FileRole, FileReference>>>;
}

export const monitors = ['shadow', 'none'] as const;
export const engines = ['interpreter', 'translator', 'reference'] as const satisfies readonly EngineName[];
export const clocks = ['realtime', 'deterministic'] as const;
const firmwares = ['auto', 'none', 'builtin'] as const;
type Monitor = (typeof monitors)[number];
type Engine = (typeof engines)[number];

export const bounds = {
  memoryMiB: { least: 8, most: 2048 },
  harts: { least: 1, most: 8 },
  seed: { least: 0, most: 2 ** 32 - 1 },
  number: { least: 1, most: 99 },
} as const;

export const defaultConfig: MachineConfig = {
  memoryMiB: 128,
  harts: 1,
  monitor: 'shadow',
  engine: 'translator',
  clock: 'realtime',
  seed: 0,
  firmware: 'auto',
  append: '',
  speed: 0,
  number: 1,
  files: {},
};

/** Whether the built-in guest is what boots. */
export const isBuiltin = ({ files }: MachineConfig): boolean =>
  files.kernel === undefined && files.bios === undefined;

type Reader = (text: string) => Partial<MachineConfig> | undefined;
const mostSpeed = 10_000;

const whole =
  (key: keyof typeof bounds): Reader =>
  (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= bounds[key].least && value <= bounds[key].most ? { [key]: value } : undefined;
  };

const one =
  (key: keyof MachineConfig, values: readonly string[]): Reader =>
  (text) =>
    values.includes(text) ? { [key]: text } : undefined;

const speed: Reader = (text) => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 && value <= mostSpeed ? { speed: value } : undefined;
};

/** Words of a link, what they set, and how. Files are `name-sha256`. */
const words: Readonly<Record<string, { readonly key: keyof MachineConfig; readonly read: Reader }>> = {
  m: { key: 'memoryMiB', read: whole('memoryMiB') },
  harts: { key: 'harts', read: whole('harts') },
  monitor: { key: 'monitor', read: one('monitor', monitors) },
  engine: { key: 'engine', read: one('engine', engines) },
  clock: { key: 'clock', read: one('clock', clocks) },
  seed: { key: 'seed', read: whole('seed') },
  firmware: { key: 'firmware', read: one('firmware', firmwares) },
  append: { key: 'append', read: (text) => ({ append: text }) },
  speed: { key: 'speed', read: speed },
  machine: { key: 'number', read: whole('number') },
};

function readFile(text: string): FileReference | undefined {
  const match = /^(.*)-([0-9a-f]{64})$/s.exec(text);
  return match ? { name: match[1]!, id: match[2]! } : undefined;
}

/** A machine as a link describes it; what was not understood is complained about and left out. */
export interface LinkedMachine {
  readonly config: MachineConfig;
  readonly complaints: readonly string[];
}

/** The machines of a link, at least one, and which of them is looked at. */
export interface Link {
  readonly machines: readonly LinkedMachine[];
  readonly shown: number;
}

/** More machines than that a link does not start: each has memory of its own. */
export const mostMachines = 8;
const separator = ';';
const shownWord = 'shown';

/** The machines the part of an address after `#` asks for, one after the other, separated by `;`. */
export function readLink(hash: string): Link {
  const parts = hash.replace(/^#/, '').split(separator);
  const taken = new Set<number>();
  const machines = parts.slice(0, mostMachines).map((part) => {
    const { config, complaints } = readMachine(part);
    const number = firstFree(config.number, taken);
    if (number !== config.number && new URLSearchParams(part).has('machine'))
      complaints.push(`machine=${config.number} again`);
    taken.add(number);
    return { config: { ...config, number }, complaints };
  });
  const surplus = parts.slice(mostMachines).map((part) => part || 'one machine more');
  machines[0]!.complaints.push(...surplus);
  const shown = parts.findIndex((part) => new URLSearchParams(part).has(shownWord));
  return { machines, shown: Math.min(Math.max(shown, 0), machines.length - 1) };
}

/** The number, or the next one nobody has. */
export function firstFree(number: number, taken: ReadonlySet<number>): number {
  let free = number;
  while (taken.has(free)) free = free >= bounds.number.most ? bounds.number.least : free + 1;
  return free;
}

function readMachine(part: string): { config: MachineConfig; complaints: string[] } {
  const complaints: string[] = [];
  const files: Partial<Record<FileRole, FileReference>> = {};
  let config = defaultConfig;
  for (const [word, text] of new URLSearchParams(part)) {
    if (word === shownWord) continue;
    if ((fileRoles as readonly string[]).includes(word)) {
      const file = readFile(text);
      if (file) files[word as FileRole] = file;
      else complaints.push(`${word}=${text}`);
      continue;
    }
    const read = Object.hasOwn(words, word) ? words[word]!.read(text) : undefined;
    if (read) config = { ...config, ...read };
    else complaints.push(text === '' ? word : `${word}=${text}`);
  }
  return { config: { ...config, files }, complaints };
}

/** The part of an address after `#` that gives these machines; only what differs from the default is in it. */
export const writeLink = (configs: readonly MachineConfig[], shown = 0): string =>
  configs
    .map((config, at) => {
      const part = writeMachine(config);
      if (shown === 0 || at !== shown) return part;
      return part === '' ? shownWord : `${part}&${shownWord}`;
    })
    .join(separator);

/** A machine’s part of a link. */
export function writeMachine(config: MachineConfig): string {
  const link = new URLSearchParams();
  for (const [word, { key }] of Object.entries(words))
    if (config[key] !== defaultConfig[key]) link.set(word, String(config[key]));
  for (const role of fileRoles) {
    const file = config.files[role];
    if (file) link.set(role, `${file.name}-${file.id}`);
  }
  return link.toString();
}

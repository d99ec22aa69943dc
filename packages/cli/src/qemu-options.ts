import { HostError } from '@trapline/core';
import { virtBoard } from '@trapline/machine';
import { memoryBytes, wholeNumber } from './quantity.ts';
import { defaultRequest, type RunRequest } from './run-request.ts';
import { version } from './version.ts';

/** The QEMU release whose command line and board this follows: Makefiles compare it. */
const FOLLOWED_RELEASE = '9.2.0';

interface Drive {
  readonly path: string;
  readonly readOnly: boolean;
  /** Whether `if=` attaches it without a -device. */
  readonly attached: boolean;
  slot?: number | undefined;
}

/** What has been read so far. */
interface Reading {
  request: RunRequest;
  kernel: string | undefined;
  readonly drives: Map<string, Drive>;
}

interface QemuOption {
  readonly argument?: string;
  readonly does: string;
  readonly apply?: (reading: Reading, value: string) => void;
}

const usage = (message: string, hint: string): HostError => new HostError('usage', message, { hint });
const seeHelp = 'trapline qemu -help lists what is known.';

/** `a,b=c` as its first word and its properties. */
function properties(text: string): { first: string; named: Map<string, string> } {
  const [first = '', ...rest] = text.split(',');
  const pairs = (first.includes('=') ? [first, ...rest] : rest).map((part): [string, string] => {
    const at = part.indexOf('=');
    return at < 0 ? [part, 'on'] : [part.slice(0, at), part.slice(at + 1)];
  });
  return { first, named: new Map(pairs) };
}

function only(option: string, named: ReadonlyMap<string, string>, known: readonly string[]): void {
  for (const name of named.keys())
    if (!known.includes(name)) throw usage(`${option} has an unknown property ${name}`, seeHelp);
}

function oneOf(option: string, value: string, known: readonly string[]): void {
  if (!known.includes(value))
    throw usage(
      `${option} ${value} is not supported`,
      `Supported: ${known.map((each) => `${option} ${each}`).join(', ')}.`,
    );
}

const change =
  (make: (value: string) => Partial<RunRequest>) =>
  (reading: Reading, value: string): void => {
    reading.request = { ...reading.request, ...make(value) };
  };

const unsupported =
  (what: string) =>
  (_: Reading, value: string): void => {
    throw usage(`${what}${value ? ` ${value}` : ''} is not supported`, 'Leave it out.');
  };

const machine = {
  argument: 'virt',
  does: 'the board',
  apply: (_: Reading, value: string) =>
    oneOf('-machine', properties(value).first.replace(/^type=/, ''), ['virt']),
};

const debugging = unsupported('debugging through GDB');

function readDrive(reading: Reading, value: string): void {
  const { named } = properties(value);
  only('-drive', named, ['file', 'if', 'format', 'id', 'readonly', 'media', 'cache']);
  const path = named.get('file');
  if (path === undefined)
    throw usage('-drive names no file', 'Write -drive file=DISK,if=none,format=raw,id=x0.');
  oneOf('-drive format', named.get('format') ?? 'raw', ['raw']);
  oneOf('-drive if', named.get('if') ?? 'virtio', ['none', 'virtio']);
  const id = named.get('id') ?? `drive${reading.drives.size}`;
  const readOnly = named.get('readonly') === 'on';
  reading.drives.set(id, { path, readOnly, attached: named.get('if') !== 'none' });
}

function readDevice(reading: Reading, value: string): void {
  const { first, named } = properties(value);
  if (first === 'virtio-rng-device') return; // every board has one
  oneOf('-device', first, ['virtio-blk-device', 'virtio-rng-device']);
  only('-device virtio-blk-device', named, ['drive', 'bus', 'id']);
  const id = named.get('drive') ?? '';
  const drive = reading.drives.get(id);
  if (drive === undefined)
    throw usage(`-device virtio-blk-device names no drive: ${id}`, 'Give the -drive with that id before it.');
  const bus = /^virtio-mmio-bus\.(\d+)$/.exec(named.get('bus') ?? 'virtio-mmio-bus.0');
  if (bus === null)
    throw usage(`-device bus=${named.get('bus')} does not exist`, 'Use bus=virtio-mmio-bus.0 to .7.');
  const slot = named.has('bus')
    ? wholeNumber('virtio-mmio-bus', bus[1]!, 0, virtBoard.virtioSlots - 1)
    : undefined;
  reading.drives.set(id, { ...drive, attached: true, slot });
}

function readGlobal(_: Reading, value: string): void {
  const [property, setting] = value.split('=');
  if (property !== 'virtio-mmio.force-legacy') throw usage(`-global ${value} is not supported`, seeHelp);
  if (setting !== 'false')
    throw usage(
      '-global virtio-mmio.force-legacy is only false here',
      'Legacy virtio (version 1) is not implemented.',
    );
}

function readProcessors(value: string): Partial<RunRequest> {
  const { first, named } = properties(value);
  return { harts: wholeNumber('-smp', named.get('cpus') ?? first, 1, virtBoard.maxHarts) };
}

function readMemory(value: string): Partial<RunRequest> {
  const { first, named } = properties(value);
  return { ramBytes: memoryBytes(named.get('size') ?? first) };
}

const options: Readonly<Record<string, QemuOption>> = {
  machine,
  M: machine,
  cpu: { argument: 'rv64', does: 'the hart', apply: (_, value) => oneOf('-cpu', value, ['rv64', 'max']) },
  smp: { argument: 'n', does: 'how many harts, 1 to 8', apply: change(readProcessors) },
  m: { argument: 'size', does: 'RAM, as 128M or a number of MiB', apply: change(readMemory) },
  bios: {
    argument: 'none|default|file',
    does: 'firmware; default is SBI served by Trapline',
    apply: change((value) => ({ bios: value === 'default' ? 'builtin' : value })),
  },
  kernel: {
    argument: 'file',
    does: 'the guest',
    apply: (reading, value) => {
      reading.kernel = value;
    },
  },
  initrd: { argument: 'file', does: 'initial RAM disk', apply: change((initrd) => ({ initrd })) },
  append: { argument: 'text', does: 'kernel command line', apply: change((append) => ({ append })) },
  dtb: { argument: 'file', does: 'device tree', apply: change((dtb) => ({ dtb })) },
  nographic: { does: 'serial port on this terminal (always so)' },
  'no-reboot': { does: 'accepted' },
  display: { argument: 'none', does: 'no display', apply: (_, value) => oneOf('-display', value, ['none']) },
  serial: {
    argument: 'stdio|mon:stdio',
    does: 'serial port on this terminal',
    apply: (_, value) => oneOf('-serial', value, ['stdio', 'mon:stdio']),
  },
  monitor: { argument: 'none', does: 'no monitor', apply: (_, value) => oneOf('-monitor', value, ['none']) },
  global: {
    argument: 'virtio-mmio.force-legacy=false',
    does: 'virtio version 2 (always so)',
    apply: readGlobal,
  },
  drive: { argument: 'file=F,if=none,format=raw,id=ID', does: 'a disk image', apply: readDrive },
  device: {
    argument: 'virtio-blk-device,drive=ID,bus=virtio-mmio-bus.N',
    does: 'attach a disk',
    apply: readDevice,
  },
  gdb: { argument: 'dev', does: 'not supported', apply: debugging },
  s: { does: 'not supported (GDB)', apply: debugging },
  S: { does: 'not supported (GDB)', apply: debugging },
};

/** Reads QEMU's command line. Throws HostError `usage` naming an option that is unknown or not supported. */
export function parseQemu(argv: readonly string[]): RunRequest | 'help' | 'version' {
  const reading: Reading = {
    request: { ...defaultRequest, ramBytes: memoryBytes('128M') },
    kernel: undefined,
    drives: new Map(),
  };
  for (let at = 0; at < argv.length; at++) {
    const given = argv[at]!;
    const name = given.replace(/^--?/, '');
    if (['help', 'h', '?'].includes(name)) return 'help';
    if (name === 'version') return 'version';
    const option = given.startsWith('-') && Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw usage(`${given} is not an option known here`, seeHelp);
    const value = option.argument === undefined ? '' : argv[++at];
    if (value === undefined) throw usage(`${given} wants ${option.argument}`, seeHelp);
    option.apply?.(reading, value);
  }
  return finish(reading);
}

function finish({ request, kernel, drives }: Reading): RunRequest {
  if (kernel === undefined && (request.bios === undefined || request.bios === 'none'))
    throw usage('there is no -kernel', 'Write -kernel FILE.');
  const attached = [...drives.values()].filter((drive) => drive.attached);
  return {
    ...request,
    guest: kernel,
    disks: attached.map(({ path, readOnly, slot }) => ({ path, readOnly, slot })),
  };
}

/** The first line of `-version`, in the shape Makefiles take apart. */
export const qemuVersion = (): string =>
  `QEMU emulator version ${FOLLOWED_RELEASE} (as understood by Trapline ${version})`;

/** `-help`: an option a line, beginning with its name, as Makefiles look for. */
export const qemuHelp = (): string =>
  `${[
    qemuVersion(),
    'usage: trapline qemu [options]',
    '',
    ...Object.entries(options).map(
      ([name, { argument, does }]) =>
        `${`-${name}${argument === undefined ? '' : ` ${argument}`}`.padEnd(30)} ${does}`,
    ),
  ].join('\n')}\n`;

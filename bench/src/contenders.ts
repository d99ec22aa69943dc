/** What a program is run on. */
export interface Contender {
  readonly name: string;
  readonly kind: 'trapline' | 'qemu' | 'native';
  /** Options of `trapline run`. */
  readonly options: readonly string[];
}

/** Our own configurations, by the word `--vs` takes: each replaces one option of the one measured. */
const CONFIGURATIONS = {
  translator: { engine: 'translator' },
  interpreter: { engine: 'interpreter' },
  reference: { engine: 'reference' },
  shadow: { monitor: 'shadow' },
  none: { monitor: 'none' },
  all: { intercept: 'all' },
  needed: { intercept: 'needed' },
} satisfies Record<string, Configuration>;

export type ConfigurationName = keyof typeof CONFIGURATIONS;
export const configurationNames = Object.keys(CONFIGURATIONS) as ConfigurationName[];

/** How `trapline run` is configured; what is not given is left to its defaults. */
export interface Configuration {
  readonly engine?: string | undefined;
  readonly monitor?: string | undefined;
  readonly intercept?: string | undefined;
}

export const mainContender = 'trapline';
export const qemu: Contender = { name: 'qemu', kind: 'qemu', options: [] };
export const native: Contender = { name: 'native', kind: 'native', options: [] };

/** The one measured, and one more for every configuration it is compared with. */
export function traplineContenders(
  configuration: Configuration,
  versus: readonly ConfigurationName[],
): Contender[] {
  const others = versus.map((word) =>
    trapline(`${mainContender}/${word}`, { ...configuration, ...CONFIGURATIONS[word] }),
  );
  return [trapline(mainContender, configuration), ...others];
}

function trapline(name: string, { engine, monitor, intercept }: Configuration): Contender {
  // Only the shadow monitor intercepts anything.
  const wanted = { engine, monitor, intercept: monitor === 'none' ? undefined : intercept };
  const options = Object.entries(wanted).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option}`, value],
  );
  return { name, kind: 'trapline', options };
}

/** A machine to boot: the same for us and for QEMU. */
export interface Guest {
  readonly kernel: string;
  readonly initrd?: string;
  readonly append?: string;
  /** M-mode belongs to the guest: no firmware. */
  readonly bare: boolean;
  readonly ramMiB: number;
  readonly disk?: string;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly console: 'stdout' | 'stderr';
}

/** How the guest is started there; `cli` is the path of trapline.js. */
export function guestCommand(contender: Contender, guest: Guest, cli: string): Command {
  return contender.kind === 'qemu' ? qemuCommand(guest) : traplineCommand(contender, guest, cli);
}

const option = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [name, value];

function traplineCommand(contender: Contender, guest: Guest, cli: string): Command {
  const args = [
    ...[cli, 'run', ...contender.options, '--json', '-m', `${guest.ramMiB}M`, '--kernel', guest.kernel],
    ...option('--bios', guest.bare ? 'none' : undefined),
    ...option('--initrd', guest.initrd),
    ...option('--append', guest.append),
    ...option('--disk', guest.disk),
  ];
  return { command: process.execPath, args, console: 'stderr' };
}

const QEMU_DISK = 'virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0';

function qemuCommand(guest: Guest): Command {
  const disk =
    guest.disk === undefined
      ? []
      : ['-drive', `file=${guest.disk},if=none,format=raw,id=disk`, '-device', QEMU_DISK];
  const args = [
    ...['-M', 'virt', '-smp', '1', '-m', `${guest.ramMiB}M`, '-kernel', guest.kernel],
    ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-no-reboot'],
    ...['-global', 'virtio-mmio.force-legacy=false'],
    ...option('-bios', guest.bare ? 'none' : undefined),
    ...option('-initrd', guest.initrd),
    ...option('-append', guest.append),
    ...disk,
  ];
  return { command: 'qemu-system-riscv64', args, console: 'stdout' };
}

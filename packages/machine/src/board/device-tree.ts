import { cells, empty, type FdtNode, node, text, wide } from '../fdt/tree.ts';
import { hartExtensions, isaString } from './isa-string.ts';
import {
  type BoardDevice,
  cacheBlockBytes,
  clint,
  finisherPoweroff,
  finisherReboot,
  interruptSources,
  plic,
  ramBase,
  realTimeClock,
  serial,
  serialClockHz,
  testFinisher,
  timebaseHz,
  virtio,
} from './virt.ts';

export interface Chosen {
  readonly bootargs?: string | undefined;
  /** Physical addresses of the first byte and of the byte after the last. */
  readonly initrd?: { readonly start: number; readonly end: number } | undefined;
  /** Entropy for the kernel's random number generator. */
  readonly rngSeed?: Uint8Array | undefined;
}

export interface BoardSize {
  readonly ramBytes: number;
  readonly harts: number;
}

const PLIC_PHANDLE = 1;
const TEST_PHANDLE = 2;
const FIRST_CPU_PHANDLE = 0x10;
const FIRST_INTC_PHANDLE = 0x20;
// Interrupt numbers at a hart's own controller (Privileged ISA, "Machine Cause (mcause) Register").
const MACHINE_SOFTWARE = 3;
const MACHINE_TIMER = 7;
const SUPERVISOR_EXTERNAL = 9;
const MACHINE_EXTERNAL = 11;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The device tree of a board, from the rows its devices are wired from (Devicetree Specification v0.4). */
export function deviceTree(size: BoardSize, chosen: Chosen = {}): FdtNode {
  return node(
    '',
    {
      '#address-cells': cells(2),
      '#size-cells': cells(2),
      compatible: text('riscv-virtio'),
      model: text('trapline,virt'),
    },
    [
      node('chosen', { 'stdout-path': text(`/soc/${unitName(serial)}`), ...chosenProperties(chosen) }),
      node(`memory@${ramBase.toString(16)}`, {
        device_type: text('memory'),
        reg: wide(ramBase, size.ramBytes),
      }),
      cpus(size.harts),
      syscon('poweroff', finisherPoweroff),
      syscon('reboot', finisherReboot),
      soc(size.harts),
    ],
  );
}

/** The properties a boot sets in `/chosen`. */
export function chosenProperties({ bootargs, initrd, rngSeed }: Chosen): Record<string, Uint8Array> {
  return {
    ...(bootargs !== undefined && { bootargs: text(bootargs) }),
    ...(initrd && { 'linux,initrd-start': wide(initrd.start), 'linux,initrd-end': wide(initrd.end) }),
    ...(rngSeed && { 'rng-seed': rngSeed }),
  };
}

const unitName = (device: BoardDevice): string => `${device.name}@${device.address.toString(16)}`;

const cpus = (harts: number): FdtNode =>
  node(
    'cpus',
    { '#address-cells': cells(1), '#size-cells': cells(0), 'timebase-frequency': cells(timebaseHz) },
    upTo(harts).map(cpu),
  );

const cpu = (hart: number): FdtNode =>
  node(
    `cpu@${hart.toString(16)}`,
    {
      device_type: text('cpu'),
      reg: cells(hart),
      status: text('okay'),
      compatible: text('riscv'),
      'riscv,isa': text(isaString),
      'riscv,isa-base': text('rv64i'),
      'riscv,isa-extensions': text(...hartExtensions),
      'riscv,cbom-block-size': cells(cacheBlockBytes),
      'riscv,cboz-block-size': cells(cacheBlockBytes),
      'mmu-type': text('riscv,sv57'),
      phandle: cells(FIRST_CPU_PHANDLE + hart),
    },
    [
      node('interrupt-controller', {
        '#address-cells': cells(0),
        '#interrupt-cells': cells(1),
        'interrupt-controller': empty,
        compatible: text('riscv,cpu-intc'),
        phandle: cells(FIRST_INTC_PHANDLE + hart),
      }),
    ],
  );

const syscon = (name: string, value: number): FdtNode =>
  node(name, {
    compatible: text(`syscon-${name}`),
    regmap: cells(TEST_PHANDLE),
    offset: cells(0),
    value: cells(value),
  });

/** `interrupts-extended`: each of the causes at every hart's own controller. */
const toHarts = (harts: number, ...causes: readonly number[]): Uint8Array =>
  cells(...upTo(harts).flatMap((hart) => causes.flatMap((cause) => [FIRST_INTC_PHANDLE + hart, cause])));

function soc(harts: number): FdtNode {
  const device = (row: BoardDevice, properties: Readonly<Record<string, Uint8Array>> = {}): FdtNode =>
    node(unitName(row), {
      compatible: text(...row.compatible),
      reg: wide(row.address, row.bytes),
      ...(row.interrupt !== undefined && {
        'interrupt-parent': cells(PLIC_PHANDLE),
        interrupts: cells(row.interrupt),
      }),
      ...properties,
    });
  return node(
    'soc',
    { '#address-cells': cells(2), '#size-cells': cells(2), compatible: text('simple-bus'), ranges: empty },
    [
      device(testFinisher, { phandle: cells(TEST_PHANDLE) }),
      device(realTimeClock),
      device(clint, { 'interrupts-extended': toHarts(harts, MACHINE_SOFTWARE, MACHINE_TIMER) }),
      device(plic, {
        'interrupts-extended': toHarts(harts, MACHINE_EXTERNAL, SUPERVISOR_EXTERNAL),
        'interrupt-controller': empty,
        '#interrupt-cells': cells(1),
        '#address-cells': cells(0),
        'riscv,ndev': cells(interruptSources),
        phandle: cells(PLIC_PHANDLE),
      }),
      device(serial, { 'clock-frequency': cells(serialClockHz) }),
      ...virtio.map((slot) => device(slot)),
    ],
  );
}

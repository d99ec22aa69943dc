import { HostError } from '@trapline/core';
import { type BoardSize, type Chosen, chosenProperties, deviceTree } from '../board/device-tree.ts';
import { ramBase } from '../board/virt.ts';
import type { Elf } from '../elf.ts';
import { readFdt, writeFdt } from '../fdt/blob.ts';
import { withProperties } from '../fdt/tree.ts';
import type { Kernel, NamedFile } from '../kernel.ts';

/** How a guest is started: in M-mode, by a firmware file in M-mode, or in S-mode with SBI served by the monitor. */
export type Bios = 'none' | 'builtin' | Kernel;

export interface BootOptions extends BoardSize {
  readonly kernel?: Kernel | undefined;
  /** Default: see `defaultBios`. */
  readonly bios?: Bios | undefined;
  readonly initrd?: NamedFile | undefined;
  /** Replaces the generated device tree; `/chosen` is still filled in. */
  readonly dtb?: NamedFile | undefined;
  /** The kernel's command line. */
  readonly append?: string | undefined;
  readonly rngSeed?: Uint8Array | undefined;
}

/** Bytes that lie in RAM before the first instruction. */
export interface Piece {
  readonly what: string;
  readonly address: number;
  readonly data: Uint8Array;
  readonly memoryBytes: number;
}

/**
 * Everything a reset does. The registers are set directly, without a reset ROM: pc = `entry`, a0 = the hart's number, a1 = the
 * device tree, a2 = `fw_dynamic_info` or 0.
 */
export interface BootPlan {
  readonly protocol: 'none' | 'builtin' | 'firmware';
  readonly pieces: readonly Piece[];
  readonly entry: number;
  readonly deviceTree: number;
  readonly dynamicInfo: number;
  /** Mode of the first instruction. */
  readonly privilege: 1 | 3;
  /** Whether every hart starts at `entry`, or the boot hart alone (the others through SBI HSM). */
  readonly startAll: boolean;
  /** What boots, as far as it is ELF: where names and source lines of addresses come from. */
  readonly executables: readonly Elf[];
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** Where firmware hands over: OpenSBI's FW_JUMP_ADDR, and a Linux Image's usual text offset. */
const PAYLOAD_OFFSET = 2 * MIB;
/** Linux maps the device tree through a window of this size. */
const DTB_LIMIT = 2 * MIB;
/** Firmware adds nodes to the device tree in place. */
const DTB_ROOM = 64 * KIB;
const PAGE = 4 * KIB;

const alignDown = (value: number, unit: number): number => Math.floor(value / unit) * unit;
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const mib = (bytes: number): string =>
  bytes >= MIB ? `${Math.round(bytes / MIB)} MiB` : `${Math.ceil(bytes / KIB)} KiB`;

/** `none` for a kernel linked at the start of RAM or a flat binary; `builtin` for a Linux Image or anything above. */
export function defaultBios(kernel: Kernel): 'none' | 'builtin' {
  if (kernel.format === 'linux') return 'builtin';
  if (kernel.format === 'flat') return 'none';
  return kernel.elf.physicalEntry < BigInt(ramBase + PAYLOAD_OFFSET) ? 'none' : 'builtin';
}

/** Decides where everything goes. Throws HostError `boot-*` when it does not fit, `dtb-*` for a bad device tree. */
export function planBoot(options: BootOptions): BootPlan {
  const { kernel } = options;
  const bios = options.bios ?? (kernel ? defaultBios(kernel) : 'none');
  if (kernel === undefined && typeof bios === 'string')
    throw new HostError('boot-nothing', 'there is neither a kernel nor firmware to run', {
      hint: 'Give a kernel, or --bios FILE.',
    });
  const firmware = typeof bios === 'string' ? undefined : bios;
  const top = ramBase + options.ramBytes;
  const kernelPieces = kernel ? place(kernel, 'kernel', bios === 'none' ? 0 : PAYLOAD_OFFSET) : [];
  const firmwarePieces = firmware ? place(firmware, 'firmware', 0) : [];
  for (const piece of [...firmwarePieces, ...kernelPieces]) checkInRam(piece, options.ramBytes);
  const kernelEntry = kernel ? entryOf(kernel, kernelPieces) : 0;
  const tail = placeTail(options, top);
  const info = firmware ? [dynamicInfo(tail.infoAddress, kernelEntry)] : [];
  const pieces = [...firmwarePieces, ...kernelPieces, ...tail.pieces, ...info];
  checkOverlap(pieces, options.ramBytes);
  return {
    protocol: typeof bios === 'string' ? bios : 'firmware',
    pieces,
    entry: firmware ? entryOf(firmware, firmwarePieces) : kernelEntry,
    deviceTree: tail.dtbAddress,
    dynamicInfo: firmware ? tail.infoAddress : 0,
    privilege: bios === 'builtin' ? 1 : 3,
    startAll: bios !== 'builtin',
    executables: [firmware, kernel].flatMap((file) => (file?.format === 'elf' ? [file.elf] : [])),
  };
}

function place(kernel: Kernel, role: string, offset: number): Piece[] {
  const what = `${role} ${kernel.name}`;
  if (kernel.format === 'elf')
    return kernel.elf.segments.map((segment) => ({
      what,
      address: Number(segment.address),
      data: segment.data,
      memoryBytes: Number(segment.memoryBytes),
    }));
  // An Image names its own distance from the start of RAM; below firmware there is none but the usual.
  const at = kernel.format === 'linux' && role === 'kernel' ? kernel.image.textOffset || offset : offset;
  const memoryBytes = kernel.format === 'linux' ? kernel.image.memoryBytes : kernel.bytes.length;
  return [{ what, address: ramBase + at, data: kernel.bytes, memoryBytes }];
}

const entryOf = (kernel: Kernel, pieces: readonly Piece[]): number =>
  kernel.format === 'elf' ? Number(kernel.elf.physicalEntry) : pieces[0]!.address;

function checkInRam(piece: Piece, ramBytes: number): void {
  if (piece.memoryBytes > ramBytes)
    throw new HostError(
      'boot-too-large',
      `${piece.what} needs ${mib(piece.memoryBytes)} but RAM is ${mib(ramBytes)}`,
      { hint: `Give more memory, for example -m ${Math.ceil((piece.memoryBytes * 2) / MIB)}M.` },
    );
  const end = piece.address + piece.memoryBytes;
  if (piece.address >= ramBase && end <= ramBase + ramBytes) return;
  throw new HostError(
    'boot-outside-ram',
    `${piece.what} wants ${hex(piece.address)}..${hex(end)}, outside RAM (${hex(ramBase)}..${hex(ramBase + ramBytes)})`,
    { hint: `Link it to run from ${hex(ramBase)}, or give more memory with -m.` },
  );
}

/** Device tree at the top of RAM, room for firmware's additions and `fw_dynamic_info` after it, the initrd below. */
function placeTail(options: BootOptions, top: number) {
  const { initrd } = options;
  // The size of the blob does not depend on the addresses in it: make it once to know where the initrd goes.
  const draft = blobFor(options, initrd && { start: 0, end: 0 });
  const unit = options.ramBytes >= 16 * MIB ? 2 * MIB : PAGE;
  const dtbAddress = alignDown(top - draft.length - DTB_ROOM, unit);
  const start = initrd ? alignDown(dtbAddress - initrd.bytes.length, PAGE) : dtbAddress;
  if (start < ramBase)
    throw new HostError(
      'boot-too-large',
      `${initrd ? `initrd ${initrd.name}` : 'the device tree'} does not fit into ${mib(options.ramBytes)} of RAM`,
      { hint: 'Give more memory with -m.' },
    );
  const dtb = blobFor(options, initrd && { start, end: start + initrd.bytes.length });
  const pieces: Piece[] = [
    { what: options.dtb?.name ?? 'the device tree', address: dtbAddress, data: dtb, memoryBytes: dtb.length },
  ];
  if (initrd)
    pieces.push({
      what: `initrd ${initrd.name}`,
      address: start,
      data: initrd.bytes,
      memoryBytes: initrd.bytes.length,
    });
  return { pieces, dtbAddress, infoAddress: dtbAddress + dtb.length + DTB_ROOM / 2 };
}

function blobFor(options: BootOptions, initrd: Chosen['initrd']): Uint8Array {
  const chosen: Chosen = { bootargs: options.append, initrd, rngSeed: options.rngSeed };
  if (options.dtb === undefined) return writeFdt(deviceTree(options, chosen));
  const { name, bytes } = options.dtb;
  if (bytes.length > DTB_LIMIT)
    throw new HostError(
      'dtb-too-large',
      `${name} is ${mib(bytes.length)}; a device tree may be ${mib(DTB_LIMIT)}`,
      {
        hint: 'Give a .dtb made by dtc.',
      },
    );
  return writeFdt(withProperties(readFdt(bytes, name), 'chosen', chosenProperties(chosen)));
}

/** OpenSBI's `struct fw_dynamic_info`, version 2: hand over to the kernel in S-mode; any hart may boot. */
function dynamicInfo(address: number, next: number): Piece {
  const fields = [0x4942534fn, 2n, BigInt(next), 1n, 0n, 0n];
  const data = new Uint8Array(fields.length * 8);
  const view = new DataView(data.buffer);
  for (const [index, value] of fields.entries()) view.setBigUint64(index * 8, value, true);
  return { what: 'fw_dynamic_info', address, data, memoryBytes: data.length };
}

function checkOverlap(pieces: readonly Piece[], ramBytes: number): void {
  const sorted = [...pieces].sort((a, b) => a.address - b.address);
  for (const [index, piece] of sorted.entries()) {
    const following = sorted[index + 1];
    if (following === undefined || piece.address + piece.memoryBytes <= following.address) continue;
    throw new HostError(
      'boot-overlap',
      `${piece.what} and ${following.what} both want RAM at ${hex(following.address)}`,
      { hint: `Give more memory than ${mib(ramBytes)} with -m, or link one of them elsewhere.` },
    );
  }
}

import { Pte } from '@trapline/isa';
import type { TableEntry, TableWalk } from '@trapline/machine';
import type { WalkReport } from './walk-report.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const wide = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;
const named = (address: bigint, name: string | undefined): string =>
  `${hex(address)}${name === undefined ? '' : ` <${name}>`}`;

/** Both walks of an address, for people. */
export function walkLines(report: WalkReport): string[] {
  const { reading, hart, mode, pc, pcName, instructions } = report;
  const shadow = reading.hart;
  return [
    `${named(reading.va, report.name)} on hart ${hart}, in ${mode}-mode at ${named(pc, pcName)} after ${instructions.toLocaleString('en-US')} instructions`,
    '',
    guestTitle(report),
    ...stepLines(reading.guest, 'guest-physical'),
    ...(shadow ? ['', shadowTitle(shadow), ...stepLines(shadow, 'host-physical')] : []),
    '',
    report.verdict,
  ];
}

const scheme = ({ levels }: { readonly levels: number }): string => `Sv${12 + 9 * levels}`;

function guestTitle({ reading: { guest }, satp }: WalkReport): string {
  if (guest.root === undefined) return 'Guest walk: translation is off, the address is physical';
  const space = (satp >> 44n) & 0xffffn;
  return `Guest walk: ${scheme(guest.root)}, satp ${hex(satp)}, address space ${space}, root at ${hex(guest.root.address)}`;
}

const shadowTitle = ({ root }: TableWalk): string =>
  root === undefined
    ? 'Shadow walk: there is no shadow table of this address space yet; the guest makes the first entry by using it'
    : `Shadow walk: ${scheme(root)}, root at ${hex(root.address)}`;

function stepLines({ root, steps, pa, permits }: TableWalk, kind: string): string[] {
  if (root === undefined) return [];
  const rows = steps.map((step, at) => {
    const place = `  level ${root.levels - 1 - at}  entry ${String(step.index).padStart(3)} at ${hex(step.address)}`;
    return `${place}  ${wide(step.pte)}  ${flagsOf(step.pte).padEnd(8)}  ${leadsTo(step)}`;
  });
  if (pa === undefined) return rows;
  const may = permits.length === 0 ? 'permits nothing in this mode' : `permits ${permits.join(', ')}`;
  return [...rows, `  ${kind} ${hex(pa)}: ${may}`];
}

const flags = ['V', 'R', 'W', 'X', 'U', 'G', 'A', 'D'] as const;
const pageTypes = ['', ' NC', ' IO', ' PBMT=3'] as const;

/** The flags of an entry, `-` where one is not set; then N and the memory type where there are such. */
const flagsOf = (pte: bigint): string =>
  flags.map((flag) => (pte & Pte[flag] ? flag : '-')).join('') +
  (pte & Pte.N ? ' N' : '') +
  pageTypes[Number((pte & Pte.PBMT) >> 61n)]!;

const sizes: Readonly<Record<string, string>> = {
  '4096': '4 KiB page',
  '2097152': '2 MiB page',
  '1073741824': '1 GiB page',
};

function leadsTo({ kind, target, bytes, pte }: TableEntry): string {
  if (kind === 'table') return `table at ${hex(target)}`;
  if (kind === 'leaf') return `${sizes[String(bytes)] ?? `page of ${hex(bytes)} bytes`} at ${hex(target)}`;
  return pte & Pte.V ? 'no leaf at the last level: page fault' : 'not valid: page fault';
}

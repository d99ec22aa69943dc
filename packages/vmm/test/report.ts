import type { BareHart } from '@trapline/core';
import { csrTable, disassemble, privilegeName, translation, trapName, walk, xRegisters } from '@trapline/isa';
import type { SeenTrap } from './lockstep.ts';
import { type Board, ramBase } from './pair.ts';

/** Where a hart was before a step: its next instruction in words. */
export interface Moment {
  readonly hart: number;
  readonly retired: bigint;
  readonly text: string;
}

const hex = (value: bigint | number | undefined): string =>
  value === undefined ? 'none' : `0x${value.toString(16)}`;

/** What a guest can see of one hart, as rows of name and value. */
const rowsOf = (bare: BareHart): [name: string, value: string][] => {
  const { hart } = bare;
  const row = (name: string, value: bigint | number | undefined): [string, string] => [name, hex(value)];
  return [
    row('pc', hart.pc),
    row('privilege', hart.privilege),
    row('retired', hart.retired()),
    row('halted', Number(hart.halted)),
    row('lines', hart.lines()),
    row('now', hart.time()),
    ...xRegisters.map((name, i) => row(`x${i}/${name}`, hart.views.x[i])),
    ...Array.from({ length: 32 }, (_, i) => row(`f${i}`, hart.views.f[i])),
    ...csrTable.map(({ name, number }) => row(name, bare.peekCsr(number))),
  ];
};

/** Every row in which the two boards differ, CSRs as a guest in M-mode reads them. */
export const differingRows = (left: Board, right: Board): string[] => {
  const rows = left.harts.flatMap((hart, i) => {
    const theirs = rowsOf(right.harts[i]!);
    return rowsOf(hart).flatMap(([name, value], n) =>
      value === theirs[n]![1] ? [] : [`  hart ${hart.id} ${name}: ${value} | ${theirs[n]![1]}`],
    );
  });
  if (left.printed.join() !== right.printed.join())
    rows.push(`  printed: ${left.printed} | ${right.printed}`);
  if (left.finished !== right.finished) rows.push(`  finished: ${left.finished} | ${right.finished}`);
  return [...rows, ...differingRam(left.ram, right.ram)];
};

const differingRam = (left: Uint8Array, right: Uint8Array): string[] => {
  if (Buffer.compare(left, right) === 0) return [];
  const word = (ram: Uint8Array, at: number): bigint =>
    new DataView(ram.buffer, ram.byteOffset).getBigUint64(at, true);
  const rows: string[] = [];
  for (let at = 0; at < left.length && rows.length < 8; at += 8) {
    const [a, b] = [word(left, at), word(right, at)];
    if (a !== b) rows.push(`  RAM at ${hex(ramBase + at)}: ${hex(a)} | ${hex(b)}`);
  }
  return rows;
};

/** A trap in words. */
export const trapText = (seen: SeenTrap | undefined): string =>
  seen === undefined
    ? 'none'
    : `hart ${seen.hart} after ${seen.retired} at ${hex(seen.pc)} in ${privilegeName(seen.from)}: ${trapName(seen.trap)}, tval ${hex(seen.trap.tval)}`;

/** A hart's next instruction, read without any effect on the guest. */
export const momentOf = (board: Board, { id, hart }: BareHart): Moment => {
  const halves = [0n, 2n].map((offset) => halfwordAt(board, hart, hart.pc + offset));
  const [low, high] = halves;
  const word = low === undefined || (low & 3) !== 3 || high === undefined ? low : (low | (high << 16)) >>> 0;
  const text = word === undefined ? 'nothing that can be fetched' : disassemble(word, { pc: hart.pc });
  return {
    hart: id,
    retired: hart.retired(),
    text: `${hex(hart.pc)} (${privilegeName(hart.privilege)}): ${text}`,
  };
};

const halfwordAt = ({ ram }: Board, hart: BareHart['hart'], va: bigint): number | undefined => {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  const inRam = (pa: bigint, bytes: number): number | undefined => {
    const at = Number(pa) - ramBase;
    return at >= 0 && at + bytes <= ram.length ? at : undefined;
  };
  const readPte = (pa: bigint): bigint | undefined => {
    const at = inRam(pa, 8);
    return at === undefined ? undefined : view.getBigUint64(at, true);
  };
  const t = translation(hart, 'fetch');
  if (t.mode === 'bare') {
    const at = inRam(va, 2);
    return at === undefined ? undefined : view.getUint16(at, true);
  }
  const request = {
    translation: { ...t, setsAccessed: true },
    va: BigInt.asUintN(64, va),
    access: 'fetch' as const,
  };
  const walked = walk(request, { readPte, updatePte: () => true });
  const at = walked.kind === 'leaf' ? inRam(walked.pa, 2) : undefined;
  return at === undefined ? undefined : view.getUint16(at, true);
};

/** The first differing instruction and both states, only what differs. */
export const describeStep = (
  step: number,
  before: readonly Moment[],
  [left, right]: readonly [Board, Board],
  trap: string | undefined,
): string => {
  const rows = differingRows(left, right);
  const ran = before.filter(
    ({ hart, retired }) =>
      left.harts[hart]!.retired !== retired ||
      right.harts[hart]!.retired !== retired ||
      rows.some((row) => row.startsWith(`  hart ${hart} `)),
  );
  const at = (ran.length > 0 ? ran : before).map(
    ({ hart, retired, text }) => `  hart ${hart} after ${retired} at ${text}`,
  );
  return [
    `step ${step}: first differing instruction`,
    ...at,
    ...(trap ? [trap] : []),
    `${left.name} | ${right.name}`,
    ...rows,
  ].join('\n');
};

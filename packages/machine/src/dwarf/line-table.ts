import { type LineHeader, type LineSections, readHeader } from './header.ts';
import { type LineRow, runProgram } from './program.ts';
import { Damaged, Reader } from './reader.ts';

/** Where in the source an instruction comes from. */
export interface SourceLine {
  /** The path as the compiler wrote it down. */
  readonly file: string;
  readonly line: number;
}

/** Source lines of addresses. */
export interface LineTable {
  lineOf(address: bigint): SourceLine | undefined;
}

/** Addresses from `start` up to, not including, `end`. */
interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly file: string;
  readonly line: number;
}

/** Ranges between the rows of one sequence: of rows at one address the last counts. */
class SequenceRanges {
  readonly #ranges: Range[];
  readonly #files: LineHeader['files'];
  #row: LineRow | undefined;

  constructor(ranges: Range[], files: LineHeader['files']) {
    this.#ranges = ranges;
    this.#files = files;
  }

  add(row: LineRow): void {
    const before = this.#row;
    this.#row = row.end ? undefined : row;
    if (before === undefined || row.address <= before.address) return;
    const file = this.#files[before.file];
    if (file === undefined || before.line === 0) return;
    this.#ranges.push({ start: before.address, end: row.address, file, line: before.line });
  }
}

const escape64 = 0xffff_ffff;
const reserved = 0xffff_fff0;

/** All units of the sections; one that is damaged or of an unknown version contributes what was read of it. */
function readRanges(sections: LineSections): Range[] {
  const ranges: Range[] = [];
  const all = new Reader(sections.line);
  try {
    while (!all.done) {
      const first = all.u32();
      if (first >= reserved && first !== escape64) break;
      const wide = first === escape64;
      readUnit(all.piece(wide ? all.length64() : first), wide, sections, ranges);
    }
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
  }
  return ranges.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}

function readUnit(unit: Reader, wide: boolean, sections: LineSections, ranges: Range[]): void {
  try {
    const header = readHeader(unit, wide, sections);
    if (header === undefined) return;
    const sequence = new SequenceRanges(ranges, header.files);
    runProgram(header, (row) => sequence.add(row));
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
  }
}

/** The line table of the sections (DWARF 2 to 5, "Line Number Information"); nothing is read before the first question. */
export function lineTable(sections: LineSections): LineTable {
  let known: readonly Range[] | undefined;
  return {
    lineOf(address) {
      known ??= readRanges(sections);
      const range = lastAtOrBefore(known, address);
      return range && address < range.end ? { file: range.file, line: range.line } : undefined;
    },
  };
}

function lastAtOrBefore(sorted: readonly Range[], address: bigint): Range | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.start <= address) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}

import { contentsOf } from './dwarf/compressed.ts';
import { type LineTable, lineTable, type SourceLine } from './dwarf/line-table.ts';
import type { Elf } from './elf.ts';

const nothing = new Uint8Array(0);

/** The source lines of executables that were built with debug information; of others there are none. */
export function sourceLines(files: readonly Elf[]): LineTable {
  const tables = files.filter(hasLines).map(linesOf);
  return {
    lineOf(address) {
      for (const table of tables) {
        const found = table.lineOf(address);
        if (found) return found;
      }
      return undefined;
    },
  };
}

const hasLines = ({ sections }: Elf): boolean => sections.some(({ name }) => name === '.debug_line');

/** Nothing is decompressed or read before the first question. */
function linesOf({ sections }: Elf): LineTable {
  const contents = (wanted: string): Uint8Array => {
    const section = sections.find(({ name }) => name === wanted);
    return section === undefined ? nothing : contentsOf(section);
  };
  let table: LineTable | undefined;
  return {
    lineOf(address) {
      table ??= lineTable({
        line: contents('.debug_line'),
        lineStrings: contents('.debug_line_str'),
        strings: contents('.debug_str'),
      });
      return table.lineOf(address);
    },
  };
}

/** A source line in few characters: the file without its directories. */
export const shortLine = ({ file, line }: SourceLine): string =>
  `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;

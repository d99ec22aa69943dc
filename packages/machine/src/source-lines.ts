import { type LineTable, lineTable, type SourceLine } from './dwarf/line-table.ts';
import type { Elf } from './elf.ts';

const nothing = new Uint8Array(0);

/** The source lines of executables that were built with debug information; of others there are none. */
export function sourceLines(files: readonly Elf[]): LineTable {
  const tables = files.flatMap(({ sections }) => {
    const section = (name: string): Uint8Array =>
      sections.find((each) => each.name === name)?.data ?? nothing;
    const line = section('.debug_line');
    if (line.length === 0) return [];
    return [lineTable({ line, lineStrings: section('.debug_line_str'), strings: section('.debug_str') })];
  });
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

/** A source line in few characters: the file without its directories. */
export const shortLine = ({ file, line }: SourceLine): string =>
  `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;

import { Damaged, Reader } from './reader.ts';

/** The sections line tables are made of; those a file lacks are empty. */
export interface LineSections {
  readonly line: Uint8Array;
  readonly lineStrings: Uint8Array;
  readonly strings: Uint8Array;
}

/** What a line number program needs to know before it runs (DWARF 5, "The Line Number Program Header"). */
export interface LineHeader {
  readonly minimumInstructionBytes: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Arguments of the standard opcodes, from opcode 1. */
  readonly opcodeArguments: readonly number[];
  /** Paths by the number a program names them with. */
  readonly files: (string | undefined)[];
  /** Directories by number: those that files a program defines itself lie in. */
  readonly directories: readonly string[];
  readonly program: Reader;
}

const versions = { oldest: 2, newest: 5 } as const;

/** Reads the header of a unit; undefined for a version there is no knowledge of. */
export function readHeader(unit: Reader, wide: boolean, sections: LineSections): LineHeader | undefined {
  const version = unit.u16();
  if (version < versions.oldest || version > versions.newest) return undefined;
  // address_size and segment_selector_size
  if (version >= 5) unit.skip(2);
  const headerBytes = wide ? unit.length64() : unit.u32();
  const header = unit.piece(headerBytes);
  const minimumInstructionBytes = header.u8();
  // maximum_operations_per_instruction (RISC-V has one) and default_is_stmt
  header.skip(version >= 4 ? 2 : 1);
  const lineBase = header.i8();
  const lineRange = header.u8();
  const opcodeBase = header.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new Damaged('a line table header is impossible');
  const opcodeArguments = Array.from({ length: opcodeBase - 1 }, () => header.u8());
  const tables = version >= 5 ? readTables5(header, wide, sections) : readTables(header);
  return {
    minimumInstructionBytes,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeArguments,
    ...tables,
    program: unit,
  };
}

type Tables = Pick<LineHeader, 'files' | 'directories'>;

/** Versions 2 to 4: directories from 1, files from 1; directory 0 is the compiler's and not written down here. */
function readTables(header: Reader): Tables {
  const directories = [''];
  for (let name = header.text(); name !== ''; name = header.text()) directories.push(name);
  const files: (string | undefined)[] = [undefined];
  for (let name = header.text(); name !== ''; name = header.text())
    files.push(readFile(name, header, directories));
  return { directories, files };
}

/** A file entry of versions 2 to 4 after its name: directory, time and length. */
export function readFile(name: string, from: Reader, directories: readonly string[]): string {
  const directory = from.count();
  from.uleb();
  from.uleb();
  return join(directories[directory] ?? '', name);
}

const join = (directory: string, name: string): string =>
  directory === '' || name.startsWith('/') ? name : `${directory}/${name}`;

/** Version 5: both tables say themselves what their entries are made of; entry 0 of each is the compiler's. */
function readTables5(header: Reader, wide: boolean, sections: LineSections): Tables {
  const directories = readEntries(header, wide, sections).map(({ path }) => path);
  const [home = ''] = directories;
  const absolute = directories.map((path) => join(home, path));
  const files = readEntries(header, wide, sections).map(({ path, directory }) =>
    join(absolute[directory] ?? '', path),
  );
  return { directories: absolute, files };
}

/** Content type codes of an entry's parts. */
const Content = { path: 1, directory: 2 } as const;

interface Entry {
  readonly path: string;
  readonly directory: number;
}

function readEntries(header: Reader, wide: boolean, sections: LineSections): Entry[] {
  const formats = Array.from({ length: header.u8() }, () => ({
    content: header.count(),
    form: header.count(),
  }));
  const count = header.count();
  // Entries of nothing would be as many as somebody likes to claim.
  if (formats.length === 0 && count > 0) throw new Damaged('entries of a line table are empty');
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    let [path, directory] = ['', 0];
    for (const { content, form } of formats) {
      const value = readForm(form, header, wide, sections);
      if (content === Content.path && typeof value === 'string') path = value;
      if (content === Content.directory && typeof value === 'number') directory = value;
    }
    entries.push({ path, directory });
  }
  return entries;
}

type Form = (from: Reader, wide: boolean, sections: LineSections) => string | number | undefined;

const offset = (from: Reader, wide: boolean): number => (wide ? from.length64() : from.u32());
const skipped =
  (bytes: (from: Reader) => number): Form =>
  (from) => {
    from.skip(bytes(from));
    return undefined;
  };
const textAt = (section: Uint8Array, at: number): string =>
  new Reader(section, Math.min(at, section.length)).text();

/** How the forms an entry may have are read; of those with an answer, text is a path and a number an index. */
const forms: Readonly<Record<number, Form>> = {
  3: skipped((from) => from.u16()), // block2
  4: skipped((from) => from.u32()), // block4
  5: (from) => from.u16(), // data2
  6: (from) => from.u32(), // data4
  7: skipped(() => 8), // data8
  8: (from) => from.text(), // string
  9: skipped((from) => from.count()), // block
  10: skipped((from) => from.u8()), // block1
  11: (from) => from.u8(), // data1
  14: (from, wide, { strings }) => textAt(strings, offset(from, wide)), // strp
  15: (from) => from.count(), // udata
  30: skipped(() => 16), // data16
  31: (from, wide, { lineStrings }) => textAt(lineStrings, offset(from, wide)), // line_strp
};

function readForm(
  form: number,
  from: Reader,
  wide: boolean,
  sections: LineSections,
): string | number | undefined {
  const read = forms[form];
  if (read === undefined) throw new Damaged(`a line table has entries of form ${form}`);
  return read(from, wide, sections);
}

import { HostError } from '@trapline/core';

/** A piece of an ELF file that is loaded into memory. Addresses are physical (`p_paddr`). */
export interface ElfSegment {
  readonly address: bigint;
  readonly virtualAddress: bigint;
  /** The bytes from the file; the rest up to `memoryBytes` is zero. */
  readonly data: Uint8Array;
  readonly memoryBytes: bigint;
  readonly executable: boolean;
}

/** A section of an ELF file with its bytes (none for `.bss` and its like). */
export interface ElfSection {
  readonly name: string;
  readonly address: bigint;
  readonly data: Uint8Array;
  readonly executable: boolean;
  /** The bytes are compressed, after a header that says how. */
  readonly compressed: boolean;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: bigint;
  readonly kind: 'function' | 'object' | 'label';
}

/** An ELF64 little-endian RISC-V executable. */
export interface Elf {
  /** Where execution starts, as the file says. */
  readonly entry: bigint;
  /** `entry` as a physical address, by the segment it lies in. */
  readonly physicalEntry: bigint;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const MACHINE_RISCV = 243;
const SEGMENT_LOAD = 1;
const SECTION_SYMBOLS = 2;
const SECTION_NO_BITS = 8;
const SECTION_EXECUTABLE = 4n;
const SECTION_COMPRESSED = 0x800n;
const SEGMENT_EXECUTABLE = 1;
const SYMBOL_KINDS: Readonly<Record<number, ElfSymbol['kind']>> = { 0: 'label', 1: 'object', 2: 'function' };
const MACHINE_NAMES: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  22: 's390',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  247: 'BPF',
  258: 'LoongArch',
};
const TYPE_NAMES: Readonly<Record<number, string>> = { 1: 'an unlinked object file', 4: 'a core dump' };
const BUILD_HINT = 'Build the guest for riscv64 (for example with riscv64-linux-gnu-gcc).';

/** Whether the bytes begin like an ELF file, of whatever kind. */
export const isElf = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;

/**
 * Reads an ELF64 little-endian RISC-V executable ("System V ABI", ELF header, program header; RISC-V ELF psABI).
 * `file` names it in errors. Throws HostError `elf-*` when it is anything else, or damaged.
 */
export function parseElf(bytes: Uint8Array, file: string): Elf {
  const view = checkHeader(bytes, file);
  const entry = view.getBigUint64(24, true);
  const segments = readSegments(bytes, view, file);
  const home = segments.find((s) => entry >= s.virtualAddress && entry < s.virtualAddress + s.memoryBytes);
  const physicalEntry = home ? entry - home.virtualAddress + home.address : entry;
  const headers = sectionHeaders(view);
  return {
    entry,
    physicalEntry,
    segments,
    sections: readSections(bytes, headers, view.getUint16(62, true)),
    symbols: readSymbols(bytes, headers),
  };
}

function checkHeader(bytes: Uint8Array, file: string): DataView {
  if (bytes.length === 0) throw new HostError('elf-empty', `${file} is empty`, { hint: BUILD_HINT });
  if (!isElf(bytes)) throw new HostError('elf-magic', `${file} is not an ELF file`, { hint: BUILD_HINT });
  const wrong = (code: string, what: string): HostError =>
    new HostError(code, `${file} is ${what}; Trapline runs 64-bit little-endian RISC-V`, {
      hint: BUILD_HINT,
    });
  if (bytes[4] === 1) throw wrong('elf-class', 'a 32-bit ELF file');
  if (bytes[5] === 2) throw wrong('elf-endian', 'a big-endian ELF file');
  if (bytes.length < HEADER_BYTES) throw truncated(file, `${bytes.length} bytes do not hold an ELF header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_RISCV)
    throw wrong('elf-machine', `an ELF file for ${MACHINE_NAMES[machine] ?? `machine ${machine}`}`);
  const type = view.getUint16(16, true);
  if (type !== 2 && type !== 3)
    throw new HostError('elf-type', `${file} is ${TYPE_NAMES[type] ?? `an ELF file of type ${type}`}`, {
      hint: 'Link it into an executable first.',
    });
  return view;
}

const truncated = (file: string, detail: string): HostError =>
  new HostError('elf-truncated', `${file} is truncated: ${detail}`, {
    hint: 'Build or copy the file again.',
  });

function readSegments(bytes: Uint8Array, view: DataView, file: string): ElfSegment[] {
  const at = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  if (at + count * PROGRAM_HEADER_BYTES > bytes.length)
    throw truncated(file, `its ${count} program headers at ${at} end beyond ${bytes.length} bytes`);
  const segments: ElfSegment[] = [];
  for (let index = 0; index < count; index++) {
    const header = at + index * PROGRAM_HEADER_BYTES;
    if (view.getUint32(header, true) !== SEGMENT_LOAD) continue;
    const segment = readSegment(bytes, view, header, file);
    if (segment.memoryBytes > 0n) segments.push(segment);
  }
  if (segments.length === 0)
    throw new HostError('elf-nothing', `${file} has nothing to load`, { hint: BUILD_HINT });
  checkOverlap(segments, file);
  return segments;
}

function readSegment(bytes: Uint8Array, view: DataView, header: number, file: string): ElfSegment {
  const word = (offset: number): bigint => view.getBigUint64(header + offset, true);
  const [offset, fileBytes, memoryBytes] = [Number(word(8)), Number(word(32)), word(40)];
  if (offset + fileBytes > bytes.length)
    throw truncated(file, `a segment ends at byte ${offset + fileBytes} of ${bytes.length}`);
  if (BigInt(fileBytes) > memoryBytes)
    throw new HostError('elf-segment', `${file} has a segment larger in the file than in memory`, {
      hint: 'The program headers are damaged: link the file again.',
    });
  return {
    address: word(24),
    virtualAddress: word(16),
    data: bytes.subarray(offset, offset + fileBytes),
    memoryBytes,
    executable: (view.getUint32(header + 4, true) & SEGMENT_EXECUTABLE) !== 0,
  };
}

function checkOverlap(segments: readonly ElfSegment[], file: string): void {
  const sorted = [...segments].sort((a, b) => (a.address < b.address ? -1 : 1));
  for (const [index, segment] of sorted.entries()) {
    const following = sorted[index + 1];
    if (following && segment.address + segment.memoryBytes > following.address)
      throw new HostError(
        'elf-overlap',
        `${file} has overlapping segments at 0x${segment.address.toString(16)} and 0x${following.address.toString(16)}`,
        { hint: 'Fix the load addresses in the linker script.' },
      );
  }
}

interface SectionHeader {
  readonly name: number;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
}

/** Sections serve tracing and disassembly only: a file whose section table is damaged still runs, without them. */
function sectionHeaders(view: DataView): SectionHeader[] {
  const at = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  if (at === 0 || at + count * SECTION_HEADER_BYTES > view.byteLength) return [];
  return Array.from({ length: count }, (_, index) => {
    const header = at + index * SECTION_HEADER_BYTES;
    return {
      name: view.getUint32(header, true),
      type: view.getUint32(header + 4, true),
      flags: view.getBigUint64(header + 8, true),
      address: view.getBigUint64(header + 16, true),
      offset: Number(view.getBigUint64(header + 24, true)),
      bytes: Number(view.getBigUint64(header + 32, true)),
      link: view.getUint32(header + 40, true),
    };
  });
}

const contents = (bytes: Uint8Array, header: SectionHeader | undefined): Uint8Array =>
  header === undefined || header.type === SECTION_NO_BITS
    ? new Uint8Array(0)
    : bytes.subarray(header.offset, header.offset + header.bytes);

function readSections(bytes: Uint8Array, headers: readonly SectionHeader[], names: number): ElfSection[] {
  const strings = contents(bytes, headers[names]);
  return headers.slice(1).map((header) => ({
    name: stringAt(strings, header.name),
    address: header.address,
    data: contents(bytes, header),
    executable: (header.flags & SECTION_EXECUTABLE) !== 0n,
    compressed: (header.flags & SECTION_COMPRESSED) !== 0n,
  }));
}

function readSymbols(bytes: Uint8Array, headers: readonly SectionHeader[]): ElfSymbol[] {
  const table = headers.find((header) => header.type === SECTION_SYMBOLS);
  if (table === undefined) return [];
  const data = contents(bytes, table);
  const strings = contents(bytes, headers[table.link]);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const symbols: ElfSymbol[] = [];
  for (let at = SYMBOL_BYTES; at + SYMBOL_BYTES <= data.length; at += SYMBOL_BYTES) {
    const kind = SYMBOL_KINDS[(data[at + 4] ?? 0) & 15];
    const name = stringAt(strings, view.getUint32(at, true));
    const defined = view.getUint16(at + 6, true) !== 0;
    // `$x` and `.L…` mark the assembler's business, not places in a program.
    if (kind === undefined || !defined || name === '' || name.startsWith('$') || name.startsWith('.L'))
      continue;
    symbols.push({
      name,
      kind,
      address: view.getBigUint64(at + 8, true),
      bytes: view.getBigUint64(at + 16, true),
    });
  }
  return symbols;
}

const decoder = new TextDecoder();

function stringAt(table: Uint8Array, at: number): string {
  const end = table.indexOf(0, at);
  return decoder.decode(table.subarray(at, end < 0 ? table.length : end));
}

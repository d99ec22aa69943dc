import { disassemble } from '@trapline/isa';
import { type Elf, type SymbolTable, symbolTable } from '@trapline/machine';

interface CodeRange {
  readonly name: string;
  readonly address: bigint;
  readonly data: Uint8Array;
}

/** The lines of a disassembly, in objdump's shape: sections, labels, address, encoding, instruction. */
export function* listing(elf: Elf, file: string): Generator<string> {
  yield '';
  yield `${file}:     file format elf64-littleriscv`;
  yield '';
  const symbols = symbolTable(elf.symbols);
  for (const range of codeOf(elf)) {
    yield '';
    yield `Disassembly of section ${range.name}:`;
    yield* lines(range, symbols);
  }
}

/** Executable sections, or the executable segments of a file stripped of its section table. */
function codeOf(elf: Elf): CodeRange[] {
  const sections = elf.sections.filter(({ executable, data }) => executable && data.length > 0);
  if (sections.length > 0) return sections;
  return elf.segments
    .filter(({ executable, data }) => executable && data.length > 0)
    .map(({ virtualAddress, data }, index) => ({ name: `segment${index}`, address: virtualAddress, data }));
}

function* lines({ address, data }: CodeRange, symbols: SymbolTable): Generator<string> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const symbol = (target: bigint): string | undefined => symbols.nameOf(target);
  for (let at = 0; at + 2 <= data.length; ) {
    const pc = address + BigInt(at);
    for (const name of symbols.at(pc)) {
      yield '';
      yield `${pc.toString(16).padStart(16, '0')} <${name}>:`;
    }
    const low = view.getUint16(at, true);
    const long = (low & 3) === 3 && at + 4 <= data.length;
    const word = long ? view.getUint32(at, true) : low;
    const bits = word.toString(16).padStart(long ? 8 : 4, '0');
    yield `${pc.toString(16).padStart(8)}:\t${bits.padEnd(20)}\t${disassemble(word, { pc, symbol })}`;
    at += long ? 4 : 2;
  }
}

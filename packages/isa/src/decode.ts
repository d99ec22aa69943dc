import type { Decoded, OperandField } from './instruction.ts';
import { rawField, readField } from './instructions/encoding.ts';
import { operandNames, type Slot, syntaxOperands } from './instructions/operands.ts';
import type { Row } from './instructions/row.ts';
import { baseRows, type CompressedRow, compressedTable } from './instructions/table.ts';

/** Where each operand of a decoded word comes from: a field of the word, or a constant. */
type Sources = Readonly<Record<Slot, OperandField | number>>;

const none: Sources = {
  rd: 0,
  rs1: 0,
  rs2: 0,
  rs3: 0,
  imm: 0,
  csr: 0,
  rm: 0,
  aq: 0,
  rl: 0,
  fm: 0,
  pred: 0,
  succ: 0,
};

const read = (source: OperandField | number, word: number): number =>
  typeof source === 'number' ? source : readField(source, word);

function toDecoded(row: Row, compressed: Row | undefined, sources: Sources, word: number): Decoded {
  return {
    row,
    compressed,
    length: compressed ? 2 : 4,
    word,
    rd: read(sources.rd, word),
    rs1: read(sources.rs1, word),
    rs2: read(sources.rs2, word),
    rs3: read(sources.rs3, word),
    imm: read(sources.imm, word),
    csr: read(sources.csr, word),
    rm: read(sources.rm, word),
    aqrl: (read(sources.aq, word) << 1) | read(sources.rl, word),
  };
}

/** Whether `word` has the fixed bits of `row` and none of its reserved operand values. */
function matches(row: Row, word: number): boolean {
  if ((word & row.mask) >>> 0 !== row.match) return false;
  for (const { field, values } of row.excluded) {
    if (values.includes(rawField(field, word))) return false;
  }
  return true;
}

interface Candidate {
  readonly row: Row;
  readonly sources: Sources;
}

function candidate(row: Row): Candidate {
  const fields = row.fields.map((field) => [operandNames[field.name]!.slot, field] as const);
  return { row, sources: { ...none, ...Object.fromEntries(fields) } };
}

// Base words: buckets by the bits every format keeps its opcode in (inst[6:2], funct3, funct7), filled when first met.
const bucketBits = 0xfe00_707c;
const buckets: (readonly Candidate[] | undefined)[] = new Array(2 ** 15);
const hintsFirst = [...baseRows]
  .sort((a, b) => Number(b.within !== undefined) - Number(a.within !== undefined))
  .map(candidate);

function bucket(word: number): readonly Candidate[] {
  const key = ((word >>> 2) & 0x1f) | ((word >>> 7) & 0xe0) | ((word >>> 17) & 0x7f00);
  const known = buckets[key];
  if (known) return known;
  const found = hintsFirst.filter(({ row }) => (row.mask & bucketBits & (row.match ^ word)) === 0);
  buckets[key] = found;
  return found;
}

function decodeBase(word: number): Decoded | undefined {
  for (const { row, sources } of bucket(word)) {
    if (matches(row, word)) return toDecoded(row, undefined, sources, word);
  }
  return undefined;
}

const expandedRows = new Map<CompressedRow, Sources>();

function sourcesOf(row: CompressedRow): Sources {
  const known = expandedRows.get(row) ?? expandedSources(row);
  expandedRows.set(row, known);
  return known;
}

function expandedSources(row: CompressedRow): Sources {
  const sources = row.bindings.map((binding) => {
    if ('constant' in binding) return [binding.slot, binding.constant] as const;
    const { field: name } = syntaxOperands[binding.from]!;
    return [binding.slot, row.fields.find((field) => field.name === name)!] as const;
  });
  return { ...none, ...Object.fromEntries(sources) };
}

// Compressed words: few enough that each is decoded once and kept.
const compressedWords = new Map<number, Decoded | undefined>();

function decodeCompressed(word: number): Decoded | undefined {
  if (compressedWords.has(word)) return compressedWords.get(word);
  const row = compressedTable.find((each) => matches(each, word));
  const result = row && toDecoded(row.base, row, sourcesOf(row), word);
  compressedWords.set(word, result);
  return result;
}

/**
 * Decodes the instruction in the low bits of `word`: 16 of them unless the two lowest are ones, then 32. Undefined means an
 * illegal instruction. Whether its extension is enabled, and `dyn` rounding over a reserved frm, is for the hart to judge.
 */
export function decode(word: number): Decoded | undefined {
  return (word & 3) === 3 ? decodeBase(word >>> 0) : decodeCompressed(word & 0xffff);
}

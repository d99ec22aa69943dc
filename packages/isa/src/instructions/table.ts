import type { Instruction } from '../instruction.ts';
import { atomicRows, compareAndSwapRows } from './atomic.ts';
import { addressRows, basicBitRows, conditionalRows, singleBitRows } from './bits.ts';
import { checkRows } from './check.ts';
import { compressedRows } from './compressed.ts';
import { doubleRows, floatRows } from './float.ts';
import { additionalFloatRows } from './float-additional.ts';
import { integerRows } from './integer.ts';
import { multiplyRows } from './multiply.ts';
import type { Row } from './row.ts';
import {
  cacheBlockRows,
  csrRows,
  fenceHintRows,
  fetchFenceRows,
  privilegedRows,
  waitHintRows,
} from './system.ts';
import { type Binding, parseTemplate } from './template.ts';

/** A compressed row and the base instruction it expands to. */
export interface CompressedRow extends Row {
  readonly base: Row;
  readonly bindings: readonly Binding[];
}

/** All base (4-byte) rows with what the decoder needs; `index` is the position. */
export const baseRows: readonly Row[] = [
  ...integerRows,
  ...multiplyRows,
  ...atomicRows,
  ...compareAndSwapRows,
  ...floatRows,
  ...doubleRows,
  ...additionalFloatRows,
  ...addressRows,
  ...basicBitRows,
  ...singleBitRows,
  ...conditionalRows,
  ...csrRows,
  ...fetchFenceRows,
  ...fenceHintRows,
  ...waitHintRows,
  ...cacheBlockRows,
  ...privilegedRows,
].map((row, index) => ({ ...row, index }));

/** All base (4-byte) instructions; `row.index` is the position. Engines make one handler of each. */
export const baseInstructions: readonly Instruction[] = baseRows;

const byName: ReadonlyMap<string, Row> = new Map(baseRows.map((row) => [row.name, row]));

function expand(row: Row): CompressedRow {
  const { base, bindings } = parseTemplate(row.expansion!, row.syntax, (name) => byName.get(name));
  return { ...row, semantics: base.semantics, base, bindings };
}

export const compressedTable: readonly CompressedRow[] = compressedRows.map(expand);

/** All compressed (2-byte) instructions. */
export const compressedInstructions: readonly Instruction[] = compressedTable;

const compressedByName: ReadonlyMap<string, Row> = new Map(compressedTable.map((row) => [row.name, row]));

/** The row of a real mnemonic, base or compressed (`c.addi`), or undefined. */
export const rowNamed = (name: string): Row | undefined => byName.get(name) ?? compressedByName.get(name);

checkRows([...baseRows, ...compressedTable]);

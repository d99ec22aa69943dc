import type { Extension, Instruction } from '../instruction.ts';
import type { Effect, Semantics } from '../semantics.ts';
import { type Exclusion, parseEncoding } from './encoding.ts';

/** A row of the instruction table: the public row plus what only the decoder asks. */
export interface Row extends Instruction {
  readonly excluded: readonly Exclusion[];
  /** The row whose encoding space this one is a named part of (a hint), if any. */
  readonly within: string | undefined;
  /** A compressed row's base instruction and operands, as assembly text. */
  readonly expansion: string | undefined;
}

/** `(name, syntax, encoding, meaning)`; `within` names the more general row this hint refines. */
export type RowBuilder = (
  name: string,
  syntax: string,
  encoding: string,
  meaning: Semantics | readonly Effect[],
  within?: string,
) => Row;

function toSemantics(meaning: Semantics | readonly Effect[]): Semantics {
  return 'length' in meaning ? { effects: meaning } : meaning;
}

/** Gives the builder for base (4-byte) rows of one extension. */
export function rowsOf(extension: Extension): RowBuilder {
  return (name, syntax, encoding, meaning, within) => {
    const parsed = parseEncoding(encoding, 4);
    return {
      name,
      extension,
      length: 4,
      ...parsed,
      syntax,
      semantics: toSemantics(meaning),
      rounding: parsed.fields.some((field) => field.name === 'rm'),
      index: -1,
      within,
      expansion: undefined,
    };
  };
}

/** A compressed row; its meaning is that of `expansion`, a base instruction with operands of this row or constants. */
export function compressed(name: string, syntax: string, encoding: string, expansion: string): Row {
  return {
    name,
    extension: 'c',
    length: 2,
    ...parseEncoding(encoding, 2),
    syntax,
    semantics: { effects: [] },
    rounding: false,
    index: -1,
    within: undefined,
    expansion,
  };
}

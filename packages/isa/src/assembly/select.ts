import { aliasesNamed } from '../instructions/aliases.ts';
import { syntaxOperands } from '../instructions/operands.ts';
import type { Row } from '../instructions/row.ts';
import { rowNamed } from '../instructions/table.ts';
import { type Binding, type Operands, slotOf } from '../instructions/template.ts';
import { type Located, mistake } from './error.ts';
import type { Scope } from './expression.ts';
import { readOperands, takes, tryOperands } from './operands.ts';

/** An instruction ready to be encoded. */
export interface Selected {
  readonly row: Row;
  readonly operands: Operands;
}

/** One way a mnemonic can be meant. */
interface Form {
  readonly syntax: string;
  readonly row: Row;
  readonly bindings?: readonly Binding[];
  readonly fixed?: Operands;
}

const orderings: Readonly<Record<string, Operands>> = {
  aq: { aq: 1 },
  rl: { rl: 1 },
  aqrl: { aq: 1, rl: 1 },
};

function forms(mnemonic: string): readonly Form[] {
  const row = rowNamed(mnemonic);
  const aliases = aliasesNamed(mnemonic).map(({ syntax, base, bindings }) => ({
    syntax,
    row: base,
    bindings,
  }));
  const found = row ? [{ syntax: row.syntax, row }, ...aliases] : aliases;
  if (found.length > 0) return found;
  const ordered = /^(.*)\.(aqrl|aq|rl)$/.exec(mnemonic);
  const atomic = ordered && rowNamed(ordered[1]!);
  if (!atomic?.fields.some((field) => field.name === 'aq')) return [];
  return [{ syntax: atomic.syntax, row: atomic, fixed: orderings[ordered![2]!]! }];
}

function bound({ row, bindings, fixed }: Form, operands: Operands): Selected {
  if (!bindings) return { row, operands: { ...operands, ...fixed } };
  const values = bindings.map((binding) => {
    const value = 'constant' in binding ? binding.constant : operands[slotOf(syntaxOperands[binding.from]!)];
    return [binding.slot, value] as const;
  });
  return { row, operands: Object.fromEntries(values) };
}

/** Finds the instruction a statement means: the first form of the mnemonic whose syntax its operands fit. */
export function select(mnemonic: Located, operands: readonly Located[], scope: Scope): Selected {
  const known = forms(mnemonic.text);
  if (known.length === 0) mistake(`no instruction or directive is called "${mnemonic.text}"`, mnemonic);
  const candidates = known.filter((form) => takes(form.syntax, operands.length));
  const [only] = candidates;
  if (!only)
    mistake(
      `write: ${known.map((form) => `${mnemonic.text} ${form.syntax}`.trim()).join(', or ')}`,
      mnemonic,
    );
  if (candidates.length === 1) {
    const reading = readOperands(only.syntax, operands, scope);
    return 'problem' in reading ? mistake(reading.problem, reading.where) : bound(only, reading.operands);
  }
  let furthest: { problem: string; where: Located } | undefined;
  for (const form of candidates) {
    const reading = tryOperands(form.syntax, operands, scope);
    if (!('problem' in reading)) return bound(form, reading.operands);
    if (!furthest || reading.where.column >= furthest.where.column) furthest = reading;
  }
  return mistake(furthest!.problem, furthest!.where);
}

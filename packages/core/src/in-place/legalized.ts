import type { Csr, Field } from '@trapline/isa';
import { i64 } from '../wasm/ops.ts';
import { choose, type Term } from '../wasm/term.ts';

const chosen = (field: Field, old: () => Term<'i64'>, value: () => Term<'i64'>): Term<'i64'> => {
  const wanted = (): Term<'i64'> => i64.and(value(), i64.const(field.mask));
  const values = field.rule.kind === 'oneOf' ? field.rule.values : [];
  return values.reduce<Term<'i64'>>(
    (otherwise, legal) =>
      choose(i64.eq(wanted(), i64.const(legal << BigInt(field.low))), wanted(), otherwise),
    i64.and(old(), i64.const(field.mask)),
  );
};

/** `legalize` of a row without a rule over several fields. */
export function legalized(row: Csr, old: () => Term<'i64'>, value: () => Term<'i64'>): Term<'i64'> {
  const plain = i64.or(i64.and(value(), i64.const(row.writable)), i64.const(row.constant));
  return row.choices.reduce<Term<'i64'>>((sum, field) => i64.or(sum, chosen(field, old, value)), plain);
}

/** CSRs for people: the trap explorer's field values and the rows of the generated support table. */
import type { Field, Rule } from './fields.ts';
import { isReadOnly, lowestPrivilege } from './permission.ts';
import { csrByNumber, csrTable } from './table.ts';

/** The fields of CSR `number` in `value`, from the highest bit down; empty when there is no such CSR. */
export function decodeCsr(
  number: number,
  value: bigint,
): { readonly field: string; readonly value: bigint }[] {
  const fields = csrByNumber(number)?.fields ?? [];
  return highestFirst(fields).map((f) => ({ field: f.name, value: (value & f.mask) >> BigInt(f.low) }));
}

/** One row of the support table. */
export interface CsrDescription {
  readonly number: number;
  readonly name: string;
  /** Lowest privilege and access, as the specification writes them: URW, SRO, MRW, ... */
  readonly access: string;
  /** The CSR this one is a window on. */
  readonly viewOf: string | undefined;
  readonly fields: readonly { readonly name: string; readonly bits: string; readonly rule: string }[];
}

/** Every CSR with its fields, by number. */
export const describeCsrs = (): CsrDescription[] =>
  csrTable.map((row) => ({
    number: row.number,
    name: row.name,
    access: `${'US?M'[lowestPrivilege(row.number)]}${isReadOnly(row.number) ? 'RO' : 'RW'}`,
    viewOf: row.kind === 'view' ? row.parent.name : undefined,
    fields: highestFirst(row.fields).map((f) => ({
      name: f.name,
      bits: bitRange(f),
      rule: ruleText(f.rule),
    })),
  }));

const highestFirst = (fields: readonly Field[]): Field[] => [...fields].sort((a, b) => b.low - a.low);

const bitRange = (f: Field): string => (f.high === f.low ? `${f.low}` : `${f.high}:${f.low}`);

function ruleText(rule: Rule): string {
  if (rule.kind === 'ro') return `always ${rule.value}`;
  if (rule.kind === 'oneOf') return `one of ${rule.values.join(', ')}`;
  return rule.kind === 'rw' ? 'writable' : 'derived';
}

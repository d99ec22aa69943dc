/**
 * The words CSR rows are written in: a CSR is its fields, a field is a bit range with a rule for what a write leaves there
 * (WARL: any value may be written, a legal one is read back).
 */

/** What a write leaves in a field. */
export type Rule =
  | { readonly kind: 'rw' }
  /** Never changes. */
  | { readonly kind: 'ro'; readonly value: bigint }
  /** One of these values; writing another one keeps the old value. */
  | { readonly kind: 'oneOf'; readonly values: readonly bigint[] }
  /** Not stored: computed when read, from stored fields or from the outside (counters, interrupt wires). */
  | { readonly kind: 'derived' };

/** A bit range as a row writes it, before it has its name. */
export interface Bits {
  readonly high: number;
  readonly low: number;
  readonly rule: Rule;
}

/** A named field of a CSR; `mask` is in place (not shifted down). */
export interface Field extends Bits {
  readonly name: string;
  readonly mask: bigint;
}

/** A CSR with bits of its own. Reading it gives `legalize`d stored bits, plus what `csr/access.ts` derives. */
export interface Csr {
  readonly kind: 'csr';
  readonly number: number;
  readonly name: string;
  readonly fields: readonly Field[];
  /** Where `CsrFile` keeps it; -1 when nothing is stored (constants and values that come from the outside). */
  readonly slot: number;
  /** The value after reset, already legal. */
  readonly reset: bigint;
  /** A rule over several fields at once, applied after the fields' own. */
  readonly together: ((old: bigint, value: bigint) => bigint) | undefined;
  /** The fields' rules, added up. */
  readonly writable: bigint;
  readonly constant: bigint;
  readonly choices: readonly Field[];
}

/** A window on some fields of another CSR, shifted down by `shift`. */
export interface View {
  readonly kind: 'view';
  readonly number: number;
  readonly name: string;
  readonly parent: Csr;
  readonly fields: readonly Field[];
  readonly shift: number;
  /** The bits it shows, in the parent's place. */
  readonly mask: bigint;
}

export type CsrRow = Csr | View;

const bits = (high: number, low: number, rule: Rule): Bits => ({ high, low, rule });

export const rw = (high: number, low = high): Bits => bits(high, low, { kind: 'rw' });
export const ro = (high: number, low = high, value = 0n): Bits => bits(high, low, { kind: 'ro', value });
export const oneOf = (high: number, low: number, ...values: bigint[]): Bits =>
  bits(high, low, { kind: 'oneOf', values });
export const derived = (high: number, low = high): Bits => bits(high, low, { kind: 'derived' });

/** The mask of bits high..low, in place. */
export const maskOfBits = (high: number, low: number): bigint =>
  ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);

const named = (drawn: Readonly<Record<string, Bits>>): Field[] =>
  Object.entries(drawn).map(([name, b]) => ({ ...b, name, mask: maskOfBits(b.high, b.low) }));

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a | b, 0n);

const constantBits = (f: Field): bigint => (f.rule.kind === 'ro' ? f.rule.value << BigInt(f.low) : 0n);

export interface CsrOptions {
  readonly reset?: bigint;
  readonly together?: (old: bigint, value: bigint) => bigint;
  /** False for a CSR of which nothing is stored. */
  readonly stored?: boolean;
}

let slots = 0;

/** A row of the table; slots are given in the order rows are written. */
export function csr(
  number: number,
  name: string,
  drawn: Readonly<Record<string, Bits>>,
  options: CsrOptions = {},
): Csr {
  const fields = named(drawn);
  const constant = sum(fields.map(constantBits));
  return {
    kind: 'csr',
    number,
    name,
    fields,
    slot: options.stored === false ? -1 : slots++,
    reset: constant | (options.reset ?? 0n),
    together: options.together,
    writable: sum(fields.filter((f) => f.rule.kind === 'rw').map((f) => f.mask)),
    constant,
    choices: fields.filter((f) => f.rule.kind === 'oneOf'),
  };
}

/** A row that shows fields of another. */
export function view(number: number, name: string, parent: Csr, fields: readonly string[], shift = 0): View {
  const shown = fields.map((f) => fieldOf(parent, f));
  const placed = shown.map((f) => ({
    ...f,
    high: f.high - shift,
    low: f.low - shift,
    mask: f.mask >> BigInt(shift),
  }));
  return { kind: 'view', number, name, parent, fields: placed, shift, mask: sum(shown.map((f) => f.mask)) };
}

/** How many slots have been given. */
export const slotCount = (): number => slots;

/** The field of that name; a wrong name is a programming mistake. */
export function fieldOf(row: CsrRow, name: string): Field {
  const found = row.fields.find((f) => f.name === name);
  if (!found) throw new Error(`${row.name} has no field ${name}`);
  return found;
}

/** The mask of the named fields, in place. */
export const maskOf = (row: CsrRow, ...names: readonly string[]): bigint =>
  sum(names.map((name) => fieldOf(row, name).mask));

/** What the CSR's stored bits become when `value` is written over the stored bits `old`. */
export function legalize(row: Csr, old: bigint, value: bigint): bigint {
  let result = (value & row.writable) | row.constant;
  for (const field of row.choices) result |= chosen(field, old, value);
  return row.together ? row.together(old, result) : result;
}

function chosen(field: Field, old: bigint, value: bigint): bigint {
  const values = field.rule.kind === 'oneOf' ? field.rule.values : [];
  const wanted = (value & field.mask) >> BigInt(field.low);
  return (values.includes(wanted) ? value : old) & field.mask;
}

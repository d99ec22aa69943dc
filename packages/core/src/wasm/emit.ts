import type { ByteWriter } from './byte-writer.ts';
import type { Label, Node, ResultType, Term, ValueType } from './term.ts';

/** The binary format's code for a value type, and for an empty block. */
export const typeCode: Record<ResultType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  void: 0x40,
};

const localOpcode = { get: 0x20, set: 0x21, tee: 0x22 };
const globalOpcode = { get: 0x23, set: 0x24 };
const constOpcode: Record<ValueType, number> = { i32: 0x41, i64: 0x42, f32: 0x43, f64: 0x44 };
const end = 0x0b;

type Of<K extends Node['kind']> = Extract<Node, { kind: K }> & { readonly type: ResultType };

/** Writes the code of terms; keeps the labels in scope so that branches become depths. */
export class Emitter {
  /** How many structured instructions are around, and around each label in scope. */
  #scopes = 0;
  readonly #positions = new Map<Label, number>();

  /** Places in `out` of the conditional branches that are seldom taken, in their order. */
  readonly unlikely: number[] = [];

  constructor(readonly out: ByteWriter) {}

  terms(terms: readonly Term[]): void {
    for (const each of terms) this.term(each);
  }

  term(value: Term): void {
    const emit = emitters[value.kind] as (emitter: Emitter, term: Term) => void;
    emit(this, value);
  }

  /** Runs `body` inside a structured instruction whose target is `to`. */
  scope(to: Label | undefined, body: () => void): void {
    if (to) this.#positions.set(to, this.#scopes);
    this.#scopes++;
    body();
    this.#scopes--;
    if (to) this.#positions.delete(to);
  }

  depth(to: Label): number {
    const at = this.#positions.get(to);
    if (at === undefined) throw new Error(`wasm: branch to label "${to.name}", which is not in scope`);
    return this.#scopes - 1 - at;
  }
}

function structured(opcode: number): (e: Emitter, n: Of<'block' | 'loop'>) => void {
  return (e, n) => {
    e.out.byte(opcode);
    e.out.byte(typeCode[n.type]);
    e.scope(n.label, () => e.terms(n.body));
    e.out.byte(end);
  };
}

function constant(e: Emitter, n: Of<'const'>): void {
  e.out.byte(constOpcode[n.type as ValueType]);
  if (n.type === 'i32') e.out.signed(Number(n.value));
  else if (n.type === 'i64') e.out.signed64(n.value);
  else if (n.type === 'f32') e.out.float32(Number(n.value));
  else e.out.float64(Number(n.value));
}

function conditional(e: Emitter, n: Of<'if'>): void {
  e.term(n.when);
  if (n.unlikely) e.unlikely.push(e.out.length);
  e.out.byte(0x04);
  e.out.byte(typeCode[n.type]);
  e.scope(undefined, () => {
    e.terms(n.then);
    if (n.else.length > 0) e.out.byte(0x05);
    e.terms(n.else);
  });
  e.out.byte(end);
}

function branchTable(e: Emitter, n: Of<'branchTable'>): void {
  e.term(n.index);
  e.out.byte(0x0e);
  e.out.unsigned(n.labels.length);
  for (const to of n.labels) e.out.unsigned(e.depth(to));
  e.out.unsigned(e.depth(n.otherwise));
}

const emitters: { [K in Node['kind']]: (e: Emitter, term: Of<K>) => void } = {
  plain: (e, n) => {
    e.terms(n.args);
    for (const byte of n.opcode) e.out.byte(byte);
  },
  const: constant,
  local: (e, n) => {
    e.terms(n.args);
    e.out.byte(localOpcode[n.action]);
    e.out.unsigned(n.local.index);
  },
  global: (e, n) => {
    e.terms(n.args);
    e.out.byte(globalOpcode[n.action]);
    e.out.unsigned(n.global.index);
  },
  memory: (e, n) => {
    e.terms(n.args);
    e.out.byte(n.opcode);
    e.out.unsigned(n.align);
    e.out.unsigned(n.offset);
  },
  block: structured(0x02) as (e: Emitter, n: Of<'block'>) => void,
  loop: structured(0x03) as (e: Emitter, n: Of<'loop'>) => void,
  if: conditional,
  branch: (e, n) => {
    if (n.when) e.term(n.when);
    if (n.unlikely) e.unlikely.push(e.out.length);
    e.out.byte(n.when ? 0x0d : 0x0c);
    e.out.unsigned(e.depth(n.label));
  },
  branchTable,
  call: (e, n) => {
    e.terms(n.args);
    e.out.byte(n.tail ? 0x12 : 0x10);
    e.out.unsigned(n.target.index);
  },
  callIndirect: (e, n) => {
    e.terms(n.args);
    e.out.byte(n.tail ? 0x13 : 0x11);
    e.out.unsigned(n.signature.index);
    e.out.unsigned(n.table.index);
  },
  return: (e, n) => {
    if (n.value) e.term(n.value);
    e.out.byte(0x0f);
  },
  sequence: (e, n) => e.terms(n.body),
} as { [K in Node['kind']]: (e: Emitter, term: Of<K>) => void };

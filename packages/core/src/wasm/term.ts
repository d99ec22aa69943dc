/**
 * WebAssembly code as typed expression trees. A `Term<'i64'>` leaves an i64 on the stack, a `Term<'void'>` nothing.
 * Branch targets are label objects: the encoder turns them into depths.
 */

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64';
/** Vectors pass between instructions only: no local holds one. */
export type ResultType = ValueType | 'v128' | 'void';

/** A local variable or parameter of the function being written. */
export interface Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
}

/** A branch target; `block` and `loop` give it its place. */
export interface Label {
  readonly name: string;
}

/** What `call` names: an imported or a defined function. */
export interface FunctionRef<
  P extends readonly ValueType[] = readonly ValueType[],
  R extends ResultType = ResultType,
> {
  readonly params: P;
  readonly result: R;
  readonly index: number;
}

/** A function type of the module, for indirect calls. */
export interface FunctionType<
  P extends readonly ValueType[] = readonly ValueType[],
  R extends ResultType = ResultType,
> {
  readonly params: P;
  readonly result: R;
  readonly index: number;
}

export interface TableRef {
  readonly index: number;
}

export interface GlobalRef<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
}

/** The shapes a term takes. `opcode` holds the opcode's bytes (prefixed instructions have several). */
export type Node =
  | { readonly kind: 'plain'; readonly opcode: readonly number[]; readonly args: readonly Term[] }
  | { readonly kind: 'const'; readonly value: number | bigint }
  | {
      readonly kind: 'local';
      readonly action: 'get' | 'set' | 'tee';
      readonly local: Local;
      readonly args: readonly Term[];
    }
  | {
      readonly kind: 'global';
      readonly action: 'get' | 'set';
      readonly global: GlobalRef;
      readonly args: readonly Term[];
    }
  | {
      readonly kind: 'memory';
      readonly opcode: number;
      readonly align: number;
      readonly offset: number;
      readonly args: readonly Term[];
    }
  | { readonly kind: 'block' | 'loop'; readonly label: Label; readonly body: readonly Term[] }
  | {
      readonly kind: 'if';
      readonly when: Term;
      readonly then: readonly Term[];
      readonly else: readonly Term[];
      unlikely: boolean;
    }
  | {
      readonly kind: 'branch';
      readonly label: Label;
      readonly when: Term | undefined;
      unlikely: boolean;
    }
  | {
      readonly kind: 'branchTable';
      readonly labels: readonly Label[];
      readonly otherwise: Label;
      readonly index: Term;
    }
  | {
      readonly kind: 'call';
      readonly target: FunctionRef;
      readonly args: readonly Term[];
      readonly tail: boolean;
    }
  | {
      readonly kind: 'callIndirect';
      readonly table: TableRef;
      readonly signature: FunctionType;
      readonly args: readonly Term[];
      readonly tail: boolean;
    }
  | { readonly kind: 'return'; readonly value: Term | undefined }
  | { readonly kind: 'sequence'; readonly body: readonly Term[] };

/** What leaves a value of type `T`: a node, and the type it leaves. */
export type Term<T extends ResultType = ResultType> = Node & { readonly type: T };

/** A statement: a term that leaves nothing. */
export type Statement = Term<'void'>;

/** Arguments matching a parameter list. */
export type Arguments<P extends readonly ValueType[]> = { readonly [K in keyof P]: Term<P[K]> };

/** An instruction without immediates. */
export const plain = <T extends ResultType>(
  type: T,
  opcode: number | readonly number[],
  ...args: Term[]
): Term<T> => ({ type, kind: 'plain', opcode: typeof opcode === 'number' ? [opcode] : opcode, args });

export const get = <T extends ValueType>(local: Local<T>): Term<T> => ({
  type: local.type,
  kind: 'local',
  action: 'get',
  local,
  args: [],
});
export const set = <T extends ValueType>(local: Local<T>, value: Term<T>): Statement => ({
  type: 'void',
  kind: 'local',
  action: 'set',
  local,
  args: [value],
});
/** Sets the local and leaves the value. */
export const tee = <T extends ValueType>(local: Local<T>, value: Term<T>): Term<T> => ({
  type: local.type,
  kind: 'local',
  action: 'tee',
  local,
  args: [value],
});
export const getGlobal = <T extends ValueType>(global: GlobalRef<T>): Term<T> => ({
  type: global.type,
  kind: 'global',
  action: 'get',
  global,
  args: [],
});
export const setGlobal = <T extends ValueType>(global: GlobalRef<T>, value: Term<T>): Statement => ({
  type: 'void',
  kind: 'global',
  action: 'set',
  global,
  args: [value],
});

export const label = (name = ''): Label => ({ name });
/** Branching to the label leaves the block. */
export const block = (to: Label, body: readonly Term[]): Statement => ({
  type: 'void',
  kind: 'block',
  label: to,
  body,
});
/** Branching to the label starts the loop's next round; running off its end leaves it. */
export const loop = (to: Label, body: readonly Term[]): Statement => ({
  type: 'void',
  kind: 'loop',
  label: to,
  body,
});
/** A block whose last term is its value; branches may not carry one. */
export const valueBlock = <T extends ValueType>(type: T, to: Label, body: readonly Term[]): Term<T> => ({
  type,
  kind: 'block',
  label: to,
  body,
});
export const branch = (to: Label): Statement => ({
  type: 'void',
  kind: 'branch',
  label: to,
  when: undefined,
  unlikely: false,
});
export const branchIf = (to: Label, when: Term<'i32'>): Statement => ({
  type: 'void',
  kind: 'branch',
  label: to,
  when,
  unlikely: false,
});
/** Branches to `labels[index]`, or to `otherwise` beyond the last. */
export const branchTable = (index: Term<'i32'>, labels: readonly Label[], otherwise: Label): Statement => ({
  type: 'void',
  kind: 'branchTable',
  labels,
  otherwise,
  index,
});

export const when = (
  condition: Term<'i32'>,
  then: readonly Statement[],
  otherwise: readonly Statement[] = [],
): Statement => ({ type: 'void', kind: 'if', when: condition, then, else: otherwise, unlikely: false });
/** Marks a conditional branch, or an `if`, as one whose condition mostly does not hold: the host keeps what follows out of the way. */
export function unlikely<T extends ResultType>(value: Term<T>): Term<T> {
  if (value.kind !== 'if' && !(value.kind === 'branch' && value.when))
    throw new Error(`wasm: no hint for ${value.kind}`);
  value.unlikely = true;
  return value;
}
/** An `if` with a value; only the chosen arm is evaluated. */
export const choose = <T extends ValueType>(
  condition: Term<'i32'>,
  then: Term<T>,
  otherwise: Term<T>,
): Term<T> =>
  // biome-ignore lint/suspicious/noThenProperty: a term, never awaited
  ({ type: then.type, kind: 'if', when: condition, then: [then], else: [otherwise], unlikely: false });
/** The `select` instruction: both arms are evaluated, and before the condition. */
export const pick = <T extends ValueType>(
  condition: Term<'i32'>,
  then: Term<T>,
  otherwise: Term<T>,
): Term<T> => plain(then.type, 0x1b, then, otherwise, condition);

export const drop = (value: Term<ValueType>): Statement => plain('void', 0x1a, value);
export const unreachable: Statement = plain('void', 0x00);
export const giveBack = (value?: Term<ValueType>): Statement => ({ type: 'void', kind: 'return', value });
/** Statements, then a value. */
export const after = <T extends ValueType>(body: readonly Statement[], value: Term<T>): Term<T> => ({
  type: value.type,
  kind: 'sequence',
  body: [...body, value],
});

export const call = <P extends readonly ValueType[], R extends ResultType>(
  target: FunctionRef<P, R>,
  ...args: Arguments<P>
): Term<R> => ({ type: target.result, kind: 'call', target, args, tail: false });
/** Calls and returns what the callee returns, in constant stack. */
export const tailCall = <P extends readonly ValueType[]>(
  target: FunctionRef<P, ResultType>,
  ...args: Arguments<P>
): Statement => ({ type: 'void', kind: 'call', target, args, tail: true });
/** Calls the table's function number `at` (the last argument of the node). */
export const callIndirect = <P extends readonly ValueType[], R extends ResultType>(
  table: TableRef,
  signature: FunctionType<P, R>,
  at: Term<'i32'>,
  ...args: Arguments<P>
): Term<R> => ({
  type: signature.result,
  kind: 'callIndirect',
  table,
  signature,
  args: [...args, at],
  tail: false,
});
export const tailCallIndirect = <P extends readonly ValueType[]>(
  table: TableRef,
  signature: FunctionType<P, ResultType>,
  at: Term<'i32'>,
  ...args: Arguments<P>
): Statement => ({ type: 'void', kind: 'callIndirect', table, signature, args: [...args, at], tail: true });

/** The constant a term is, if it is one. */
export function constantOf(value: Term): number | bigint | undefined {
  return value.kind === 'const' ? value.value : undefined;
}

import {
  baseInstructions,
  compressedInstructions,
  type Decoded,
  type Effect,
  type Expr,
  type Instruction,
} from '@trapline/isa';

/** Handlers that are no row's: numbers 0.. of the dispatch table. A zeroed slot is an undecoded one. */
export const special = {
  undecoded: 0,
  /** The slot after a page's last: the next instruction is in the next page. */
  pageEnd: 1,
  illegal: 2,
  /** TypeScript executes it: system rows, and rows left to the reference evaluator. */
  system: 3,
  /** A 4-byte instruction whose second half, in the next page, was the operand: to be checked each time. */
  straddling: 4,
} as const;

/**
 * Where a row's jump goes: `near` and `counted` ones to a slot of the same page, the operand is the distance in slot bytes.
 * Counted are those that loops and calls are made of.
 */
export const reaches = ['far', 'near', 'counted'] as const;
export type Reach = (typeof reaches)[number];

/** One handler of a row: rows get one per length they occur in, and jumps that stay in their page their own. */
export interface RowHandler {
  readonly row: Instruction;
  readonly length: 2 | 4;
  readonly reach: Reach;
}

type Jump = Extract<Effect, { kind: 'jump' }>;

const isPcRelative = (target: Expr): boolean =>
  target.op === 'binary' && target.name === 'add' && target.a.op === 'pc' && target.b.op === 'imm';

/** The row's jump effect, if it has one. */
export function jumpOf({ semantics }: Instruction): Jump | undefined {
  if ('system' in semantics) return undefined;
  return semantics.effects.find((effect): effect is Jump => effect.kind === 'jump');
}

/** Whether the row jumps to `pc + imm`. */
export function jumpsRelative(row: Instruction): boolean {
  const jump = jumpOf(row);
  return jump !== undefined && isPcRelative(jump.target);
}

/** Whether a wasm handler executes the row; the others are TypeScript's. */
export function isHandled({ semantics }: Instruction): boolean {
  return !('system' in semantics) && semantics.access?.kind !== 'compareAndSwap';
}

// A compressed row shares the semantics of its base row.
const compressible = new Set(compressedInstructions.map(({ semantics }) => semantics));

function handlersOf(row: Instruction): readonly RowHandler[] {
  const lengths = compressible.has(row.semantics) ? ([4, 2] as const) : ([4] as const);
  const possible = jumpsRelative(row) ? reaches : (['far'] as const);
  return lengths.flatMap((length) => possible.map((reach) => ({ row, length, reach })));
}

/** The handlers of rows, in the order of their numbers. */
export const rowHandlers: readonly RowHandler[] = baseInstructions.filter(isHandled).flatMap(handlersOf);

/** Number of a row handler in the dispatch table, by its position in `rowHandlers`. */
export const firstRowHandler = Object.keys(special).length;

const key = (row: Instruction, length: number, reach: Reach): number =>
  row.index * 8 + (length === 2 ? 4 : 0) + reaches.indexOf(reach);
const numbers = new Map(
  rowHandlers.map(({ row, length, reach }, n) => [key(row, length, reach), firstRowHandler + n]),
);

/** The dispatch number of a row's handler. */
export const numberOf = ({ row, length, reach }: RowHandler): number => numbers.get(key(row, length, reach))!;

/** By a row handler's number, bytes of the instruction; 0 of one that jumps, and of what is no row's. */
export const straightLengths = Uint8Array.from({ length: firstRowHandler + rowHandlers.length }, (_, n) => {
  const handler = rowHandlers[n - firstRowHandler];
  return handler && !jumpOf(handler.row) ? handler.length : 0;
});

/** The dispatch number for a decoded instruction. */
export function handlerOf({ row, length }: Decoded, reach: Reach): number {
  return numbers.get(key(row, length, reach)) ?? special.system;
}

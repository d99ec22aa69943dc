import { firstRowHandler, numberOf, type RowHandler, rowHandlers, straightLengths } from './handlers.ts';
import { pageSlots, slotBytes, slotField } from './slot.ts';

/**
 * Pairs of instructions that often follow each other have handlers of their own. Most of what an interpreter costs where code is warm is that
 * processors seldom predict where a dispatch leads: a pair saves one. The first one's slot gets the pair's number when both are decoded.
 */
export interface PairHandler {
  readonly first: RowHandler;
  readonly second: RowHandler;
}

/**
 * What follows what, as row/length and, for jumps within their page, reach: the 96 pairs that were executed most often in Debian's kernel while it
 * forked and executed programs. They save three dispatches in ten; a third as many save two, and twice as many cost more than they save.
 */
const following: Readonly<Record<string, string>> = {
  'ld/2': 'ld/2 addi/2 add/2 ld/4 andi/4',
  'sd/2': 'sd/2 addi/2 add/2',
  'add/2': 'add/2 auipc/4 ld/2 addi/2 ld/4 beq/4/near addi/4 sd/4 slli/2 beq/2/near bgeu/4/near',
  'sd/4': 'sd/4 addi/2 add/2 ld/4 addi/4',
  'auipc/4': 'jalr/4 addi/4 ld/4 lbu/4',
  'addi/4': 'addi/4 addi/2 add/2 auipc/4 slli/2 ld/4 ld/2',
  'addi/2':
    'sd/2 jalr/2 addi/2 add/2 ld/2 bne/4/counted addi/4 auipc/4 sd/4 slli/2 beq/4/near bne/4/near ld/4',
  'ld/4': 'ld/4 add/2 sd/4 addi/2 ld/2 xor/2 sub/4 addi/4 and/4',
  'slli/2': 'add/2 slli/2 or/4 srli/2',
  'xor/4': 'xor/4 srliw/4 or/4 ld/4',
  'slli/4': 'add/2 srli/4 srli/2',
  'srliw/4': 'slliw/4 srliw/4',
  'or/4': 'or/4 xor/4 addw/4 sd/4',
  'slliw/4': 'or/4 srliw/4 slliw/4',
  'sb/4': 'sb/4',
  'srli/4': 'add/2 slli/4 slli/2',
  'addw/4': 'addw/4 srliw/4 xor/4',
  'lbu/4': 'lbu/4 addi/2',
  'xor/2': 'addi/2',
  'lw/4': 'lw/4 add/2 auipc/4',
  'sltu/4': 'sd/2',
  'and/4': 'and/4 xor/4 ld/4',
  'andi/2': 'bne/2/near',
  'srli/2': 'andi/2',
};

const nameOf = ({ row, length, reach }: RowHandler): string =>
  [row.name, length, ...(reach === 'far' ? [] : [reach])].join('/');
const byName = new Map(rowHandlers.map((handler) => [nameOf(handler), handler]));

function named(name: string): RowHandler {
  const handler = byName.get(name);
  if (!handler) throw new Error(`no handler has the name ${name}`);
  return handler;
}

/** The handlers of pairs, in the order of their numbers. */
export const pairHandlers: readonly PairHandler[] = Object.entries(following).flatMap(([first, seconds]) =>
  seconds.split(' ').map((second) => ({ first: named(first), second: named(second) })),
);

/** Number of a pair handler in the dispatch table, by its position in `pairHandlers`. */
export const firstPairHandler = firstRowHandler + rowHandlers.length;

const handlerCount = firstPairHandler + pairHandlers.length;

/** What handlers are to pairs, by their numbers. */
const roles = {
  /** A row's number; that of a pair's first for a pair's. */
  single: Uint16Array.from({ length: handlerCount }, (_, n) => n),
  /** Row and column of `numbers`, from 1 on. */
  row: new Uint8Array(handlerCount),
  column: new Uint8Array(handlerCount),
};

const placesIn = (of: Uint8Array, numbers: readonly number[]): number => {
  for (const [n, number] of [...new Set(numbers)].entries()) of[number] = n + 1;
  return new Set(numbers).size + 1;
};
const firsts = pairHandlers.map(({ first }) => numberOf(first));
const seconds = pairHandlers.map(({ second }) => numberOf(second));
const rows = placesIn(roles.row, firsts);
const columns = placesIn(roles.column, seconds);
/** Numbers of pair handlers, or 0. */
const numbers = new Uint16Array(rows * columns);
firsts.forEach((a, n) => {
  const b = seconds[n]!;
  roles.single[firstPairHandler + n] = a;
  numbers[roles.row[a]! * columns + roles.column[b]!] = firstPairHandler + n;
});

/** The number of a row's handler as it is; that of a pair's first for a pair's. */
export const singleOf = (number: number): number => roles.single[number] ?? number;

/** The instruction of `slot`, `inPage` bytes from its page's start, was decoded: it makes pairs with its neighbours in the page. */
export function joinPairs(view: DataView, slot: number, inPage: number): void {
  for (const length of [2, 4] as const) {
    if (inPage >= length) join(view, slot, length);
    if (inPage + length < 2 * pageSlots) join(view, slot + (length / 2) * slotBytes, length);
  }
}

/** Makes `slot` the second of a pair if what is so many bytes in front of it has that length, and there is a handler for both. */
function join(view: DataView, slot: number, length: number): void {
  const at = slot - (length / 2) * slotBytes + slotField.handler;
  const first = view.getUint16(at, true);
  if (straightLengths[first] !== length) return;
  const second = singleOf(view.getUint16(slot + slotField.handler, true));
  const pair = numbers[roles.row[first]! * columns + (roles.column[second] ?? 0)]!;
  if (pair !== 0) view.setUint16(at, pair, true);
}

/** From slot number `from` of a page, whose slots begin at `slots`, nothing is decoded any more: what is in front of it makes no pair with that. */
export function separatePairs(view: DataView, slots: number, from: number): void {
  for (const halfwords of [1, 2]) {
    if (from < halfwords) return;
    const at = slots + (from - halfwords) * slotBytes + slotField.handler;
    const pair = pairHandlers[view.getUint16(at, true) - firstPairHandler];
    if (pair && pair.first.length >= 2 * halfwords) view.setUint16(at, numberOf(pair.first), true);
  }
}

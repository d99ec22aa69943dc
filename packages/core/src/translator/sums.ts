import type { Expr } from '@trapline/isa';
import type { Block, Step } from './discover.ts';
import { successorsOf } from './discover.ts';
import type { Flow } from './graph.ts';

/**
 * Which addresses of a region are a constant apart: value numbering of the integer registers, where a value is a named one plus a
 * constant. Names are what registers held on entry, what an instruction computed, and what they hold where paths that differ meet.
 */

/** A value: that of `name`, as it was last made, plus a constant. */
export interface Sum {
  readonly name: number;
  readonly plus: number;
}

/** An ordinary load or store, and where it goes. */
export interface PlacedAccess {
  readonly step: Step;
  readonly block: number;
  readonly store: boolean;
  readonly bytes: number;
  readonly address: Sum;
}

/** Names below 32 are the registers at the start of the region, in a summary those at the start of the block; register 0 is 0. */
const registers = 32;
/** The address of the region's first page. */
const pageName = registers;
const firstFree = registers + 1;

/** A block by itself. */
interface Summary {
  readonly accesses: readonly PlacedAccess[];
  /** What it leaves in the registers that it writes. */
  readonly written: ReadonlyMap<number, Sum>;
}

type Bank = readonly Sum[];

/** The loads and stores of a region, block by block, in the order of their execution. */
export function placedAccesses(blocks: readonly Block[], flow: Flow): readonly (readonly PlacedAccess[])[] {
  const names = new Names();
  const summaries = blocks.map((block, at) => summaryOf(block, at, names));
  const entries = entriesOf(blocks, summaries, flow, names);
  return summaries.map(({ accesses }, at) =>
    accesses.map((each) => ({ ...each, address: onEntry(each.address, entries[at]!) })),
  );
}

class Names {
  #next = firstFree;

  fresh(): Sum {
    return { name: this.#next++, plus: 0 };
  }
}

const onEntry = (sum: Sum, entry: Bank): Sum => {
  if (sum.name >= registers) return sum;
  const { name, plus } = entry[sum.name]!;
  return { name, plus: plus + sum.plus };
};

const initial: Bank = Array.from({ length: registers }, (_, name) => ({ name, plus: 0 }));

function summaryOf({ steps, end }: Block, block: number, names: Names): Summary {
  const written = new Map<number, Sum>();
  const accesses: PlacedAccess[] = [];
  for (const step of 'step' in end ? [...steps, end.step] : steps) {
    const { row, rd } = step.decoded;
    if ('system' in row.semantics) continue;
    const { access, effects } = row.semantics;
    if (access?.kind === 'load' || access?.kind === 'store') {
      const address = sumOf(access.address, step, written);
      const store = access.kind === 'store';
      if (address) accesses.push({ step, block, store, bytes: access.bytes, address });
    }
    const effect = rd === 0 ? undefined : effects.find(({ kind }) => kind === 'x');
    if (effect?.kind === 'x') written.set(rd, sumOf(effect.value, step, written) ?? names.fresh());
  }
  return { accesses, written };
}

/** A term as a sum, if it is one. */
function sumOf(term: Expr, { place, decoded }: Step, written: ReadonlyMap<number, Sum>): Sum | undefined {
  switch (term.op) {
    case 'const':
      return { name: 0, plus: Number(term.value) };
    case 'imm':
      return { name: 0, plus: decoded.imm };
    case 'pc':
      return { name: pageName, plus: place };
    case 'next':
      return { name: pageName, plus: place + decoded.length };
    case 'x':
      return written.get(decoded[term.reg]) ?? initial[decoded[term.reg]];
    case 'binary':
      if (term.name !== 'add') return undefined;
      return added(sumOf(term.a, { place, decoded }, written), sumOf(term.b, { place, decoded }, written));
    default:
      return undefined;
  }
}

function added(a: Sum | undefined, b: Sum | undefined): Sum | undefined {
  if (!a || !b || (a.name !== 0 && b.name !== 0)) return undefined;
  return { name: a.name + b.name, plus: a.plus + b.plus };
}

/** What the registers hold where each block starts: the same wherever it is entered from, or a name of its own. */
function entriesOf(
  blocks: readonly Block[],
  summaries: readonly Summary[],
  { order }: Flow,
  names: Names,
): readonly Bank[] {
  const before: number[][] = blocks.map(() => []);
  for (const node of order) for (const next of successorsOf(blocks[node]!.end)) before[next]!.push(node);
  const entries: (Sum[] | undefined)[] = blocks.map(() => undefined);
  const own = blocks.map(() => new Map<number, Sum>());
  const leaves = (node: number, register: number): Sum | undefined => {
    const entry = entries[node];
    const sum = summaries[node]!.written.get(register);
    return entry && (sum ? onEntry(sum, entry) : entry[register]);
  };
  const meet = (node: number, register: number): Sum => {
    const known = own[node]!.get(register);
    if (known) return known;
    let agreed = node === 0 ? initial[register] : undefined;
    for (const each of before[node]!) {
      const sum = leaves(each, register);
      if (!sum) continue;
      if (agreed && (agreed.name !== sum.name || agreed.plus !== sum.plus)) {
        agreed = names.fresh();
        own[node]!.set(register, agreed);
        break;
      }
      agreed = sum;
    }
    return agreed!;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order) {
      const entry = initial.map((zero, register) => (register === 0 ? zero : meet(node, register)));
      const old = entries[node];
      changed ||=
        !old || entry.some(({ name, plus }, at) => name !== old[at]!.name || plus !== old[at]!.plus);
      entries[node] = entry;
    }
  }
  return entries.map((entry) => entry ?? initial);
}

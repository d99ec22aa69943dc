import type { Expr } from '@trapline/isa';
import type { Block, Step } from './discover.ts';
import { type Flow, predecessorsOf } from './graph.ts';

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

/** The loads and stores of a region, block by block, in the order of their execution. */
export function placedAccesses(
  blocks: readonly Block[],
  successors: readonly (readonly number[])[],
  flow: Flow,
): readonly (readonly PlacedAccess[])[] {
  const names = new Names();
  const summaries = blocks.map((block, at) => summaryOf(block, at, names));
  const entries = new Entries(summaries, successors, flow, names);
  return summaries.map(({ accesses }, at) =>
    accesses.map((each) => ({ ...each, address: entries.resolved(each.address, at) })),
  );
}

class Names {
  #next = firstFree;

  next(): number {
    return this.#next++;
  }
}

function summaryOf({ steps, end }: Block, block: number, names: Names): Summary {
  const written = new Map<number, Sum>();
  const accesses: PlacedAccess[] = [];
  for (const step of 'step' in end ? [...steps, end.step] : steps) {
    const { row, rd } = step.decoded;
    if ('system' in row.semantics) {
      if (rd !== 0) written.set(rd, { name: names.next(), plus: 0 });
      continue;
    }
    const { access, effects } = row.semantics;
    if (access?.kind === 'load' || access?.kind === 'store') {
      const address = sumOf(access.address, step, written);
      const store = access.kind === 'store';
      if (address) accesses.push({ step, block, store, bytes: access.bytes, address });
    }
    const effect = rd === 0 ? undefined : effects.find(({ kind }) => kind === 'x');
    if (effect?.kind === 'x')
      written.set(rd, sumOf(effect.value, step, written) ?? { name: names.next(), plus: 0 });
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
      return written.get(decoded[term.reg]) ?? { name: decoded[term.reg], plus: 0 };
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

/** The sums in all registers, at one place of each block: the registers of block 0, then those of block 1, and so on. */
class Banks {
  readonly #names: Int32Array;
  readonly #plus: Float64Array;

  constructor(blocks: number) {
    this.#names = new Int32Array(registers * blocks);
    this.#plus = new Float64Array(registers * blocks);
    for (let at = 0; at < this.#names.length; at++) this.#names[at] = at % registers;
  }

  name(block: number, register: number): number {
    return this.#names[registers * block + register]!;
  }

  plus(block: number, register: number): number {
    return this.#plus[registers * block + register]!;
  }

  /** Whether that is something new. */
  put(block: number, register: number, name: number, plus: number): boolean {
    const at = registers * block + register;
    if (this.#names[at] === name && this.#plus[at] === plus) return false;
    this.#names[at] = name;
    this.#plus[at] = plus;
    return true;
  }
}

/** What the registers hold where each block starts: the same wherever it is entered from, or a name of its own. */
class Entries {
  readonly #starts: Banks;
  readonly #ends: Banks;
  readonly #before: readonly number[][];
  readonly #known: Uint8Array;
  /** Names of what registers hold where different values meet, by block and register. */
  readonly #own: Int32Array;
  /** The registers that any block writes; the others hold what they held on entry. */
  readonly #changing: readonly number[];

  constructor(
    private readonly summaries: readonly Summary[],
    successors: readonly (readonly number[])[],
    { order }: Flow,
    private readonly names: Names,
  ) {
    const count = summaries.length;
    this.#starts = new Banks(count);
    this.#ends = new Banks(count);
    this.#known = new Uint8Array(count);
    this.#own = new Int32Array(registers * count);
    this.#changing = [...new Set(summaries.flatMap(({ written }) => [...written.keys()]))];
    this.#before = predecessorsOf(successors, order);
    const due = new Uint8Array(count).fill(1);
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of order) {
        if (due[node] === 0) continue;
        due[node] = 0;
        if (!this.#follow(node)) continue;
        changed = true;
        for (const next of successors[node]!) due[next] = 1;
      }
    }
  }

  /** The sum at a block's start, of one that is meant as the block sees it. */
  resolved(sum: Sum, block: number): Sum {
    if (sum.name >= registers) return sum;
    return {
      name: this.#starts.name(block, sum.name),
      plus: this.#starts.plus(block, sum.name) + sum.plus,
    };
  }

  /** Works out a block's start and end from the ends before it; whether that changed its end. */
  #follow(block: number): boolean {
    let changed = this.#known[block] === 0;
    this.#known[block] = 1;
    for (const register of this.#changing) this.#meet(block, register);
    const { written } = this.summaries[block]!;
    for (const register of this.#changing) {
      const sum = written.get(register) ?? { name: register, plus: 0 };
      const own = sum.name >= registers;
      const name = own ? sum.name : this.#starts.name(block, sum.name);
      const plus = own ? sum.plus : this.#starts.plus(block, sum.name) + sum.plus;
      if (this.#ends.put(block, register, name, plus)) changed = true;
    }
    return changed;
  }

  #meet(block: number, register: number): void {
    const at = registers * block + register;
    if (this.#own[at] !== 0) return;
    let name = block === 0 ? register : -1;
    let plus = 0;
    for (const each of this.#before[block]!) {
      if (this.#known[each] === 0) continue;
      const [itsName, itsPlus] = [this.#ends.name(each, register), this.#ends.plus(each, register)];
      if (name >= 0 && (name !== itsName || plus !== itsPlus)) {
        this.#own[at] = this.names.next();
        this.#starts.put(block, register, this.#own[at]!, 0);
        return;
      }
      [name, plus] = [itsName, itsPlus];
    }
    this.#starts.put(block, register, name, plus);
  }
}

import type { BinaryOp, Decoded, Expr, RegisterOperand } from '@trapline/isa';
import type { Block } from './discover.ts';
import { dominates, type Flow, predecessorsOf } from './graph.ts';

/** Registers that move further at once are seldom in the page they were in. */
const shortStride = 256;

/** In no loop there is no page before. */
export type SamePage = 'mostly' | 'sometimes' | 'never';

/** Which registers walk through memory, or stay where they are, while the loop around a block goes round. */
export class Strides {
  /** The registers that are something else in the next round, by the innermost loop around each block; none: it is in no loop. */
  readonly #jumping: (ReadonlySet<number> | undefined)[];

  constructor(blocks: readonly Block[], successors: readonly (readonly number[])[], flow: Flow) {
    this.#jumping = new Array(blocks.length).fill(undefined);
    // Outer loops first, so that what is within them has the last word.
    for (const loop of loopsOf(successors, flow).sort((a, b) => b.size - a.size)) {
      const jumping = jumpingAmong([...loop].flatMap((block) => madeIn(blocks[block]!)));
      for (const block of loop) this.#jumping[block] = jumping;
    }
  }

  /** How often an access of the block through the register is likely to be in the page that the register led to before. */
  inSamePage(block: number, register: number): SamePage {
    const jumping = this.#jumping[block];
    if (!jumping) return 'never';
    return jumping.has(register) ? 'sometimes' : 'mostly';
  }
}

/** The blocks of each loop that has one entry. */
function loopsOf(successors: readonly (readonly number[])[], flow: Flow): Set<number>[] {
  const before = predecessorsOf(successors, flow.order);
  const loops = new Map<number, Set<number>>();
  for (const node of flow.order)
    for (const head of successors[node]!) {
      if (!dominates(flow, head, node)) continue;
      const body = loops.get(head) ?? new Set([head]);
      loops.set(head, body);
      for (const queue = [node]; queue.length > 0; ) {
        const each = queue.pop()!;
        if (body.has(each)) continue;
        body.add(each);
        queue.push(...before[each]!);
      }
    }
  return [...loops.values()];
}

/** How far a register leads from where it led in the last round. */
enum Reach {
  /** Nowhere, or a little further. */
  near,
  /** Where something that was loaded points: often near, and the next load waits for it. */
  pointed,
  far,
}

/** A register, and what it is added up from. */
interface Made {
  readonly register: number;
  readonly of: readonly number[];
  /** Whatever it is made of, it reaches so far at least. */
  readonly least: Reach;
}

function madeIn({ steps, end }: Block): Made[] {
  const all = 'step' in end ? [...steps, end.step] : steps;
  return all.flatMap(({ decoded }) => madeBy(decoded) ?? []);
}

function madeBy(decoded: Decoded): Made | undefined {
  const { row, rd, imm } = decoded;
  if (rd === 0) return undefined;
  const anything = { register: rd, of: [], least: Reach.far };
  if ('system' in row.semantics) return anything;
  const effect = row.semantics.effects.find(({ kind }) => kind === 'x');
  if (effect?.kind !== 'x') return undefined;
  if (effect.value.op === 'loaded') return { ...anything, least: Reach.pointed };
  const operands = operandsOf(effect.value);
  if (!operands) return anything;
  const of = operands.map((operand) => decoded[operand]).filter((register) => register !== 0);
  const strides = of.length === 1 && of[0] === rd && Math.abs(imm) > shortStride;
  return { register: rd, of, least: strides ? Reach.far : Reach.near };
}

const linear = new Set<string>(['add', 'sub', 'shl', 'shr', 'sar'] satisfies BinaryOp[]);

/** The registers whose sums and multiples a term is; undefined if it is something else. */
function operandsOf(term: Expr): RegisterOperand[] | undefined {
  if (term.op === 'x') return [term.reg];
  if (term.op === 'unary') return operandsOf(term.a);
  if (term.op === 'binary') {
    const [a, b] = [operandsOf(term.a), operandsOf(term.b)];
    return a && b && linear.has(term.name) ? [...a, ...b] : undefined;
  }
  return term.op === 'loaded' || term.op === 'float' || term.op === 'select' || term.op === 'f'
    ? undefined
    : [];
}

/** The registers that reach far, however often they are made of each other. */
function jumpingAmong(all: readonly Made[]): Set<number> {
  const reaches = new Map<number, Reach>();
  const reachOf = (register: number): Reach => reaches.get(register) ?? Reach.near;
  for (let changed = true; changed; ) {
    changed = false;
    for (const { register, of, least } of all) {
      const most = Math.max(Reach.near, ...of.map(reachOf));
      // An element, by an index that was loaded, may be anywhere.
      const reach = Math.max(least, of.length > 1 && most === Reach.pointed ? Reach.far : most);
      if (reach <= reachOf(register)) continue;
      reaches.set(register, reach);
      changed = true;
    }
  }
  return new Set([...reaches].filter(([, reach]) => reach === Reach.far).map(([register]) => register));
}

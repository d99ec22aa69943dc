import { i32 } from '../wasm/ops.ts';
import {
  block,
  branch,
  branchTable,
  get,
  type Label,
  type Local,
  label,
  loop,
  type Statement,
  set,
} from '../wasm/term.ts';
import { analyse, type Flow, irregularTargets } from './graph.ts';

/** A function's control flow, and the code of its nodes. */
export interface Shape {
  readonly successors: readonly (readonly number[])[];
  /** A local for the entry taken into a loop that has several. */
  readonly entryLocal: () => Local<'i32'>;
  /** All of a node's code; it ends by going to successors. */
  code(node: number, go: (target: number) => Statement[]): Statement[];
}

/**
 * Structured code of a control flow graph (Ramsey, "Beyond Relooper", 2022): dominated nodes nest, merge points follow blocks,
 * backward edges become loops. Loops with several entries get one: a dispatch node on a label variable.
 */
export function structured(shape: Shape): Statement[] {
  const count = shape.successors.length;
  const dispatched = new Set<number>();
  for (;;) {
    const successors = redirected(shape.successors, dispatched);
    const root = dispatched.has(0) ? count : 0;
    const flow = analyse(successors, root);
    const irregular = irregularTargets(successors, flow);
    if (irregular.size === 0) return new Writer(shape, successors, flow, [...dispatched]).function(root);
    // The dispatch node itself is one when it is entered from outside its loop and reached by a smaller one.
    if (irregular.has(count)) for (const node of shape.successors.keys()) dispatched.add(node);
    for (const node of irregular) if (node < count) dispatched.add(node);
  }
}

/** The graph with edges to dispatched nodes led through a new last node. */
function redirected(
  successors: readonly (readonly number[])[],
  dispatched: ReadonlySet<number>,
): readonly (readonly number[])[] {
  if (dispatched.size === 0) return successors;
  const hub = successors.length;
  const through = successors.map((list) => list.map((node) => (dispatched.has(node) ? hub : node)));
  return [...through, [...dispatched]];
}

class Writer {
  readonly #labels = new Map<number, Label>();
  readonly #children = new Map<number, number[]>();
  readonly #merges = new Set<number>();
  readonly #loops = new Set<number>();
  readonly #hub: number;

  constructor(
    private readonly shape: Shape,
    successors: readonly (readonly number[])[],
    private readonly flow: Flow,
    private readonly dispatched: readonly number[],
  ) {
    this.#hub = shape.successors.length;
    const { order, position, dominator } = flow;
    const forward = new Map<number, number>();
    for (const node of order) {
      for (const next of successors[node]!) {
        if (position[next]! <= position[node]!) this.#loops.add(next);
        else forward.set(next, (forward.get(next) ?? 0) + 1);
      }
    }
    for (const node of order) {
      if ((forward.get(node) ?? 0) > 1 || dispatched.includes(node)) this.#merges.add(node);
      if (node === order[0]) continue;
      const parent = dominator[node]!;
      this.#children.set(parent, [...(this.#children.get(parent) ?? []), node]);
    }
  }

  function(root: number): Statement[] {
    const first = root === this.#hub ? [this.#choose(0)] : [];
    return [...first, ...this.#tree(root)];
  }

  #choose(node: number): Statement {
    return set(this.shape.entryLocal(), i32.const(this.dispatched.indexOf(node)));
  }

  #label(node: number, use: 'block' | 'loop'): Label {
    const key = 2 * node + (use === 'loop' ? 1 : 0);
    const known = this.#labels.get(key) ?? label(`${use}${node}`);
    this.#labels.set(key, known);
    return known;
  }

  /** The code of a node and all it dominates. */
  #tree(node: number): Statement[] {
    const merges = (this.#children.get(node) ?? []).filter((child) => this.#merges.has(child));
    const inner = merges.reduce<Statement[]>(
      (code, child) => [block(this.#label(child, 'block'), code), ...this.#tree(child)],
      this.#node(node),
    );
    return this.#loops.has(node) ? [loop(this.#label(node, 'loop'), inner)] : inner;
  }

  #node(node: number): Statement[] {
    if (node !== this.#hub) return this.shape.code(node, (target) => this.#go(node, target));
    const labels = this.dispatched.map((target) => this.#label(target, 'block'));
    return [branchTable(get(this.shape.entryLocal()), labels, labels[0]!)];
  }

  #go(from: number, target: number): Statement[] {
    if (this.dispatched.includes(target)) return [this.#choose(target), ...this.#to(from, this.#hub)];
    return this.#to(from, target);
  }

  #to(from: number, target: number): Statement[] {
    const { position } = this.flow;
    if (position[target]! <= position[from]!) return [branch(this.#label(target, 'loop'))];
    if (this.#merges.has(target)) return [branch(this.#label(target, 'block'))];
    return this.#tree(target);
  }
}

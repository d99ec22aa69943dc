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
import { analyse, type Flow, isRegular } from './graph.ts';
import { type WithHubs, withHubs } from './hubs.ts';

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
 * backward edges become loops. Where a loop has several entries, hubs dispatch on a local that says which.
 */
export function structured(shape: Shape, flow: Flow = analyse(shape.successors, 0)): Statement[] {
  const { successors } = shape;
  if (isRegular(successors, flow)) {
    return new Writer(shape, { successors, through: new Map() }, flow).function(0);
  }
  const graph = withHubs(successors, flow.order);
  const root = graph.through.get(0)?.[0] ?? 0;
  return new Writer(shape, graph, analyse(graph.successors, root)).function(root);
}

class Writer {
  readonly #labels = new Map<number, Label>();
  readonly #children = new Map<number, number[]>();
  readonly #merges = new Set<number>();
  readonly #loops = new Set<number>();
  /** The nodes that are reached through hubs: the local has their places here. */
  readonly #dispatched: readonly number[];

  constructor(
    private readonly shape: Shape,
    private readonly graph: WithHubs,
    private readonly flow: Flow,
  ) {
    const { order, position, dominator } = flow;
    this.#dispatched = [...graph.through.keys()];
    const forward = new Map<number, number>();
    for (const node of order) {
      for (const next of graph.successors[node]!) {
        if (position[next]! <= position[node]!) this.#loops.add(next);
        else forward.set(next, (forward.get(next) ?? 0) + 1);
      }
    }
    for (const node of order) {
      // Hubs branch through a table: to labels.
      const labelled = this.#isHub(node) || graph.through.has(node);
      if ((forward.get(node) ?? 0) > 1 || labelled) this.#merges.add(node);
      if (node === order[0]) continue;
      const parent = dominator[node]!;
      this.#children.set(parent, [...(this.#children.get(parent) ?? []), node]);
    }
  }

  function(root: number): Statement[] {
    const first = this.#isHub(root) ? [this.#choose(0)] : [];
    return [...first, ...this.#tree(root)];
  }

  #isHub(node: number): boolean {
    return node >= this.shape.successors.length;
  }

  #choose(node: number): Statement {
    return set(this.shape.entryLocal(), i32.const(this.#dispatched.indexOf(node)));
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
    if (!this.#isHub(node)) return this.shape.code(node, (target) => this.#go(node, target));
    const labels = this.#dispatched.map((target) => {
      const hubs = this.graph.through.get(target)!;
      const at = hubs.indexOf(node);
      return at < 0 ? undefined : this.#label(hubs[at + 1] ?? target, 'block');
    });
    const some = labels.find((each) => each)!;
    return [
      branchTable(
        get(this.shape.entryLocal()),
        labels.map((each) => each ?? some),
        some,
      ),
    ];
  }

  #go(from: number, target: number): Statement[] {
    const hubs = this.graph.through.get(target);
    return hubs ? [this.#choose(target), ...this.#to(from, hubs[0]!)] : this.#to(from, target);
  }

  #to(from: number, target: number): Statement[] {
    const { position } = this.flow;
    if (position[target]! <= position[from]!) return [branch(this.#label(target, 'loop'))];
    if (this.#merges.has(target)) return [branch(this.#label(target, 'block'))];
    return this.#tree(target);
  }
}

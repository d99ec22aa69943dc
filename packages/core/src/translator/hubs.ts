/**
 * Control flow graphs in which every loop is entered at one node. A loop with several entries gets a hub, a node of its own through
 * which every way to any of them leads; a hub goes on to the one that was meant. Loops within are looked at in turn.
 */

type Graph = readonly (readonly number[])[];

/** A graph with hubs: its first nodes are those of the graph it was made from. */
export interface WithHubs {
  readonly successors: Graph;
  /** The hubs on every way to a node, in their order; without any it is not listed. */
  readonly through: ReadonlyMap<number, readonly number[]>;
}

/** Makes every loop of a graph one with a single entry, as far as node 0 leads to it; `reached` are the nodes that it does. */
export function withHubs(successors: Graph, reached: readonly number[]): WithHubs {
  const maker = new HubMaker(successors, reached);
  maker.part(reached, undefined);
  return { successors: maker.graph, through: maker.through };
}

class HubMaker {
  readonly graph: number[][];
  readonly through = new Map<number, number[]>();

  constructor(original: Graph, reached: readonly number[]) {
    this.graph = original.map(() => []);
    for (const node of reached) this.graph[node] = [...original[node]!];
  }

  /** Looks at the loops among `nodes` that do not go through `header`, the entry of the loop they are in. */
  part(nodes: readonly number[], header: number | undefined): void {
    for (const loop of this.#loops(new Set(nodes), header)) {
      const entries = this.#entries(loop);
      if (entries.length === 1) this.part([...loop], entries[0]);
      else this.part([...loop, this.#hub(entries)], this.graph.length - 1);
    }
  }

  /** The nodes of a loop that are reached from elsewhere. */
  #entries(loop: ReadonlySet<number>): number[] {
    const found = new Set<number>(loop.has(0) && !this.through.has(0) ? [0] : []);
    this.graph.forEach((targets, node) => {
      if (!loop.has(node)) for (const target of targets) if (loop.has(target)) found.add(target);
    });
    return [...found];
  }

  #hub(entries: readonly number[]): number {
    const hub = this.graph.length;
    for (const targets of this.graph)
      targets.forEach((target, n) => {
        if (entries.includes(target)) targets[n] = hub;
      });
    this.graph.push([...entries]);
    // A hub is never an entry itself: it is the header of its loop, which loops within do not go through.
    for (const entry of entries) this.through.set(entry, [...(this.through.get(entry) ?? []), hub]);
    return hub;
  }

  /** The strongly connected components with a cycle, of some nodes without the edges to `header` (Tarjan). */
  #loops(nodes: ReadonlySet<number>, header: number | undefined): Set<number>[] {
    const number = new Map<number, number>();
    const low = new Map<number, number>();
    const stack: number[] = [];
    const open = new Set<number>();
    const found: Set<number>[] = [];
    const next = (node: number): number[] =>
      this.graph[node]!.filter((target) => target !== header && nodes.has(target));
    const visit = (node: number): void => {
      number.set(node, number.size);
      low.set(node, number.get(node)!);
      stack.push(node);
      open.add(node);
      for (const target of next(node)) {
        if (!number.has(target)) visit(target);
        if (open.has(target)) low.set(node, Math.min(low.get(node)!, low.get(target)!));
      }
      if (low.get(node) !== number.get(node)) return;
      const loop = new Set<number>(stack.splice(stack.indexOf(node)));
      for (const each of loop) open.delete(each);
      if (loop.size > 1 || next(node).includes(node)) found.push(loop);
    };
    for (const node of nodes) if (!number.has(node)) visit(node);
    return found;
  }
}

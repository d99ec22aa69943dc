/** Control flow graphs as successor lists over node numbers; node 0 is the entry. */

export interface Flow {
  /** Nodes that can be reached, in reverse postorder. */
  readonly order: readonly number[];
  /** Position of each node in `order`; -1 for nodes that cannot be reached. */
  readonly position: readonly number[];
  /** Immediate dominator of each node but the first. */
  readonly dominator: readonly number[];
}

export function analyse(successors: readonly (readonly number[])[], entry: number): Flow {
  const order = reversePostorder(successors, entry);
  const position = new Array<number>(successors.length).fill(-1);
  order.forEach((node, at) => {
    position[node] = at;
  });
  return { order, position, dominator: dominators(successors, order, position) };
}

function reversePostorder(successors: readonly (readonly number[])[], entry: number): number[] {
  const seen = new Set([entry]);
  const done: number[] = [];
  const path: { node: number; at: number }[] = [{ node: entry, at: 0 }];
  while (path.length > 0) {
    const top = path[path.length - 1]!;
    const next = successors[top.node]![top.at++];
    if (next === undefined) {
      done.push(top.node);
      path.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      path.push({ node: next, at: 0 });
    }
  }
  return done.reverse();
}

/** The nodes in front of each node, of those that can be reached. */
export function predecessorsOf(
  successors: readonly (readonly number[])[],
  order: readonly number[],
): number[][] {
  const predecessors: number[][] = successors.map(() => []);
  for (const node of order) for (const next of successors[node]!) predecessors[next]!.push(node);
  return predecessors;
}

/** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
function dominators(
  successors: readonly (readonly number[])[],
  order: readonly number[],
  position: readonly number[],
): number[] {
  const predecessors = predecessorsOf(successors, order);
  const dominator = new Array<number>(successors.length).fill(-1);
  const entry = order[0]!;
  dominator[entry] = entry;
  const common = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      if (position[x]! > position[y]!) x = dominator[x]!;
      else y = dominator[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order.slice(1)) {
      const known = predecessors[node]!.filter((each) => dominator[each]! >= 0);
      const best = known.reduce(common);
      if (dominator[node] !== best) {
        dominator[node] = best;
        changed = true;
      }
    }
  }
  return dominator;
}

export function dominates({ dominator, position }: Flow, a: number, b: number): boolean {
  let at = b;
  while (position[at]! > position[a]!) at = dominator[at]!;
  return at === a;
}

/** Whether every backward edge leads to a node that dominates where it comes from: each loop has one entry. */
export function isRegular(successors: readonly (readonly number[])[], flow: Flow): boolean {
  return flow.order.every((node) =>
    successors[node]!.every(
      (next) => flow.position[next]! > flow.position[node]! || dominates(flow, next, node),
    ),
  );
}

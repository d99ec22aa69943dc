import type { Block, Edge, End } from './discover.ts';
import { analyse, dominates } from './graph.ts';

/** Small loops are repeated up to so many instructions, and so many times. */
const mostInstructions = 40;
const mostCopies = 4;
const mostBlocks = 1;

/**
 * The same code with the bodies of small innermost loops repeated, so that what is done once per round of a loop in WebAssembly
 * (the budget, the host's own check) is done once for several of the guest's.
 */
export function unrolled(blocks: readonly Block[]): readonly Block[] {
  const successors = blocks.map(({ end }) => successorsOf(end));
  const all = [...blocks];
  for (const [header, body] of innermostLoops(successors)) {
    const instructions = [...body].reduce((sum, node) => sum + lengthOf(blocks[node]!), 0);
    const copies = Math.min(mostCopies, Math.floor(mostInstructions / Math.max(1, instructions)));
    if (copies > 1 && body.size <= mostBlocks) repeat(all, header, [...body], copies);
  }
  return all;
}

/** Puts copies of `body` after each other: each one's way back to the header leads into the next, the last one's to the first. */
function repeat(blocks: Block[], header: number, body: readonly number[], copies: number): void {
  const original = new Map(body.map((node) => [node, blocks[node]!]));
  const places = Array.from({ length: copies }, (_, n) => {
    if (n === 0) return new Map(body.map((node) => [node, node]));
    return new Map(body.map((node) => [node, blocks.push(original.get(node)!) - 1]));
  });
  places.forEach((place, n) => {
    const next = places[(n + 1) % copies]!.get(header)!;
    const lead = (edge: Edge): Edge => {
      if (edge.kind === 'leave') return edge;
      const block = edge.block === header ? next : (place.get(edge.block) ?? edge.block);
      return { ...edge, block };
    };
    for (const [node, block] of original)
      blocks[place.get(node)!] = { ...block, end: withEdges(block.end, lead) };
  });
}

/** Loops of one entry that hold no other, by their headers: the blocks of each. */
function innermostLoops(successors: readonly (readonly number[])[]): Map<number, ReadonlySet<number>> {
  const flow = analyse(successors, 0);
  const predecessors: number[][] = successors.map(() => []);
  for (const node of flow.order) for (const next of successors[node]!) predecessors[next]!.push(node);
  const loops = new Map<number, Set<number>>();
  const entered = new Set<number>();
  for (const node of flow.order) {
    for (const next of successors[node]!) {
      if (flow.position[next]! > flow.position[node]!) continue;
      entered.add(next);
      if (!dominates(flow, next, node)) continue;
      const body = loops.get(next) ?? new Set([next]);
      loops.set(next, body);
      gather(body, node, predecessors);
    }
  }
  const holdsNone = ([header, body]: [number, Set<number>]): boolean =>
    [...body].every((node) => node === header || !entered.has(node));
  return new Map([...loops].filter(holdsNone));
}

/** Adds `node` and all that leads to it, up to what is in `body` already. */
function gather(body: Set<number>, node: number, predecessors: readonly (readonly number[])[]): void {
  const queue = [node];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (body.has(next)) continue;
    body.add(next);
    queue.push(...predecessors[next]!);
  }
}

/** Instructions of a block that retire. */
export const lengthOf = ({ steps, end }: Block): number =>
  steps.length + (end.kind === 'next' || end.kind === 'slow' ? 0 : 1);

/** The blocks of the region that may follow. */
export const successorsOf = (end: End): number[] =>
  edgesOf(end).flatMap((edge) => (edge.kind === 'block' ? [edge.block] : []));

function edgesOf(end: End): readonly Edge[] {
  if (end.kind === 'branch') return [end.taken, end.next];
  if (end.kind === 'indirect') return end.expected;
  return end.kind === 'slow' ? [] : [end.to];
}

function withEdges(end: End, lead: (edge: Edge) => Edge): End {
  if (end.kind === 'branch') return { ...end, taken: lead(end.taken), next: lead(end.next) };
  if (end.kind === 'indirect') return { ...end, expected: end.expected.map(lead) };
  return end.kind === 'slow' ? end : { ...end, to: lead(end.to) };
}

import { type Block, type Edge, type End, lengthOf, successorsOf } from './discover.ts';

/** Loops of one block are repeated up to so many instructions, and so many times. */
const mostInstructions = 40;
const mostCopies = 4;

/**
 * The same code with loops of one block repeated, so that what is done once per round of a loop in WebAssembly (the budget, the host's own
 * check) is done once for several of the guest's.
 */
export function unrolled(blocks: readonly Block[]): readonly Block[] {
  const all = [...blocks];
  blocks.forEach((block, at) => {
    if (successorsOf(block.end).includes(at)) repeat(all, at, copiesOf(block));
  });
  return all;
}

const copiesOf = (block: Block): number =>
  Math.max(1, Math.min(mostCopies, Math.floor(mostInstructions / lengthOf(block))));

/** Makes so many of a block that leads to itself: each leads to the next, the last to the first. */
function repeat(blocks: Block[], at: number, copies: number): void {
  const block = blocks[at]!;
  const first = blocks.length;
  const numbers = [at, ...Array.from({ length: copies - 1 }, (_, n) => first + n)];
  numbers.forEach((number, n) => {
    const next = numbers[(n + 1) % copies]!;
    const lead = (edge: Edge): Edge =>
      edge.kind === 'block' && edge.block === at ? { ...edge, block: next } : edge;
    blocks[number] = { ...block, end: withEdges(block.end, lead) };
  });
}

function withEdges(end: End, lead: (edge: Edge) => Edge): End {
  if (end.kind === 'branch') return { ...end, taken: lead(end.taken), next: lead(end.next) };
  if (end.kind === 'indirect') return { ...end, expected: end.expected.map(lead) };
  return end.kind === 'slow' ? end : { ...end, to: lead(end.to) };
}

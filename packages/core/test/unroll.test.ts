import { assemble, decode } from '@trapline/isa';
import { expect, test } from 'vitest';
import { type Block, discover, successorsOf } from '../src/translator/discover.ts';
import { unrolled } from '../src/translator/unroll.ts';

// What repeated loops do is tested with the translator; here, what is repeated.

function blocksOf(source: string): readonly Block[] {
  const { bytes } = assemble(source, { base: 0 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (place: number) => {
    if (place < 0 || place + 4 > bytes.length) return undefined;
    const low = view.getUint16(place, true);
    return decode((low & 3) === 3 ? view.getUint32(place, true) : low);
  };
  return discover({ at, targets: () => [] }, 0, { instructions: 100, callDepth: 1 })!;
}

const edges = (blocks: readonly Block[]): number[][] => blocks.map(({ end }) => successorsOf(end));

test('a loop of one block runs through four copies of it', () => {
  const blocks = blocksOf('again: addi a0, a0, -1\nbnez a0, again\nnop\nnop');
  expect(edges(blocks)).toEqual([[0, 1], []]);
  const repeated = unrolled(blocks);
  expect(edges(repeated)).toEqual([[2, 1], [], [3, 1], [4, 1], [0, 1]]);
  expect(new Set([0, 2, 3, 4].map((n) => repeated[n]!.place))).toEqual(new Set([0]));
});

test('long loops are repeated less, or not at all', () => {
  const loop = (steps: number): readonly Block[] =>
    blocksOf(`again: ${'addi a0, a0, -1\n'.repeat(steps)}bnez a0, again\nnop\nnop`);
  expect([2, 39, 80].map((steps) => unrolled(loop(steps)).length)).toEqual([5, 3, 2]);
});

test('what is no loop, and loops of several blocks, stay as they are', () => {
  const straight = blocksOf('addi a0, a0, 1\nnop\nnop');
  const several = blocksOf(
    'again: beqz a1, next\naddi a0, a0, 2\nnext: addi a0, a0, -1\nbnez a0, again\nnop\nnop',
  );
  for (const blocks of [straight, several]) expect(unrolled(blocks)).toEqual(blocks);
});

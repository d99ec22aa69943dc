import { expect, test } from 'vitest';
import type { Block } from '../src/translator/discover.ts';
import { unrolled } from '../src/translator/unroll.ts';
import { blocksOf, edgesOf } from './blocks.ts';

// What repeated loops do is tested with the translator; here, what is repeated.

test('a loop of one block runs through four copies of it', () => {
  const blocks = blocksOf('again: addi a0, a0, -1\nbnez a0, again\nnop\nnop');
  expect(edgesOf(blocks)).toEqual([[0, 1], []]);
  const repeated = unrolled(blocks);
  expect(edgesOf(repeated)).toEqual([[2, 1], [], [3, 1], [4, 1], [0, 1]]);
  expect(new Set([0, 2, 3, 4].map((n) => repeated[n]!.place))).toEqual(new Set([0]));
});

test('long loops are repeated less, or not at all', () => {
  const loop = (steps: number): readonly Block[] =>
    blocksOf(`again: ${'addi a0, a0, -1\n'.repeat(steps)}bnez a0, again\nnop\nnop`);
  expect([2, 15, 30].map((steps) => unrolled(loop(steps)).length)).toEqual([5, 3, 2]);
});

test('what is no loop, and loops of several blocks, stay as they are', () => {
  const straight = blocksOf('addi a0, a0, 1\nnop\nnop');
  const several = blocksOf(
    'again: beqz a1, next\naddi a0, a0, 2\nnext: addi a0, a0, -1\nbnez a0, again\nnop\nnop',
  );
  for (const blocks of [straight, several]) expect(unrolled(blocks)).toEqual(blocks);
});

import { describe, expect, test } from 'vitest';
import { Strides } from '../src/translator/strides.ts';
import { blocksOf, edgesOf, flowOf } from './blocks.ts';

// How often a register is likely to lead to the page it led to before, as the loop around an access tells.

const a0 = 10;

/** Of what is accessed through a0 in the block that holds the first load. */
function ofFirstLoad(source: string) {
  const blocks = blocksOf(source);
  const strides = new Strides(blocks, edgesOf(blocks), flowOf(blocks));
  const block = blocks.findIndex(({ steps }) => steps.some(({ decoded }) => decoded.row.name === 'ld'));
  return strides.inSamePage(block, a0);
}

const loop = (body: string): string =>
  `again: ld a1, 0(a0)\n${body}\naddi a2, a2, -1\nbnez a2, again\nnop\nnop`;

describe('how often an access in a loop is in the page before', () => {
  test.each([
    ['through a register that stays', 'nop', 'mostly'],
    ['through one that walks', 'addi a0, a0, 8', 'mostly'],
    ['that walks by another register', 'add a0, a0, a3', 'mostly'],
    ['at an index that walks', 'addi a3, a3, 1\nslli a4, a3, 3\nadd a0, a5, a4', 'mostly'],
    ['where something points that was loaded', 'mv a0, a1', 'mostly'],
    ['beside where something points', 'addi a0, a1, 16', 'mostly'],
    ['in long strides', 'addi a0, a0, 1024', 'sometimes'],
    ['at an index that was loaded', 'slli a4, a1, 3\nadd a0, a5, a4', 'sometimes'],
    ['at a hash', 'mul a4, a3, a3\nadd a0, a5, a4', 'sometimes'],
    ['through a copy of such a register', 'mul a4, a3, a3\nadd a3, a5, a4\nmv a0, a3', 'sometimes'],
  ])('%s', (_, body, expected) => {
    expect(ofFirstLoad(loop(body))).toBe(expected);
  });
});

test('the innermost loop decides', () => {
  const inner = 'again: ld a1, 0(a0)\naddi a0, a0, 8\naddi a2, a2, -1\nbnez a2, again';
  expect(ofFirstLoad(`outer: mul a0, a3, a3\n${inner}\nbnez a4, outer\nnop\nnop`)).toBe('mostly');
});

test('in no loop there is no page before', () => {
  expect(ofFirstLoad('ld a1, 0(a0)\nnop\nnop')).toBe('never');
});

import type { FloatFormat, FloatOp } from '@trapline/isa';
import { describe, it } from 'vitest';
import { floatOperation } from '../src/float/operation.ts';
import { ask, expectAnswers, type Question, questions } from './float-oracle.ts';

// The host's own IEEE 754 unit is the oracle. x86 detects tininess after rounding, as RISC-V does.
const operations: readonly FloatOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sqrt',
  'fma',
  'eq',
  'lt',
  'le',
  'ltq',
  'leq',
  'toL',
  'fromW',
  'fromWu',
  'fromL',
  'round',
  'roundnx',
];
const perMode = 4000;

/** Where x86 and RISC-V differ by definition: saturation, and 0*inf plus a quiet NaN (invalid on RISC-V alone). */
function isComparable({ name, format, rm, args }: Question): boolean {
  const { flags } = floatOperation(name, format, args, rm);
  const invalid = (flags & 16) !== 0;
  return name === 'toL' || name === 'fma' ? !invalid : true;
}

const operandsFor = (name: FloatOp, format: FloatFormat): Question[] =>
  [0, 1, 2, 3].flatMap((rm) => [...questions(name, format, rm, perMode)].filter(isComparable));

describe.skipIf(process.arch !== 'x64')('exact floating point agrees with SSE', () => {
  it('on values and flags in four rounding modes', () => {
    const formats: readonly FloatFormat[] = ['s', 'd'];
    const asked = [
      ...operations.flatMap((name) => formats.flatMap((format) => operandsFor(name, format))),
      ...operandsFor('toS', 'd'),
      ...operandsFor('toD', 's'),
    ];
    const source = new URL('./float-x86.c', import.meta.url);
    const answers = ask(source, ['gcc', '-O1', '-frounding-math', '-fno-builtin'], [], asked);
    expectAnswers(asked, answers);
  });
});

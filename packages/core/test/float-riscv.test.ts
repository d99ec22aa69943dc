import type { FloatFormat, FloatOp } from '@trapline/isa';
import { describe, it } from 'vitest';
import { ask, expectAnswers, questions } from './float-oracle.ts';

// Every F and D operation in all five rounding modes, where the rules are RISC-V's own: saturation, RMM, min, max, class.
const operations: readonly FloatOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sqrt',
  'fma',
  'min',
  'max',
  'eq',
  'lt',
  'le',
  'class',
  'toW',
  'toWu',
  'toL',
  'toLu',
  'fromW',
  'fromWu',
  'fromL',
  'fromLu',
];
const perMode = 2000;

describe('exact floating point agrees with a RISC-V hart', () => {
  it('on values and flags in five rounding modes', () => {
    const formats: readonly FloatFormat[] = ['s', 'd'];
    const modes = [0, 1, 2, 3, 4];
    const asked = modes.flatMap((rm) => [
      ...operations.flatMap((name) => formats.flatMap((format) => [...questions(name, format, rm, perMode)])),
      ...questions('toS', 'd', rm, perMode),
      ...questions('toD', 's', rm, perMode),
    ]);
    const source = new URL('./float-riscv.c', import.meta.url);
    const compiler = ['riscv64-linux-gnu-gcc', '-O1', '-static', '-march=rv64gc'];
    expectAnswers(asked, ask(source, compiler, ['qemu-riscv64-static'], asked));
  });
});

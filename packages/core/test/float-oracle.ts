import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FloatFormat, FloatOp } from '@trapline/isa';
import { expect } from 'vitest';
import { floatOperation } from '../src/float/operation.ts';
import { floatOperands, integerOperands, randomBits } from './float-operands.ts';

/** One question to an oracle, and to `floatOperation`. */
export interface Question {
  readonly name: FloatOp;
  readonly format: FloatFormat;
  readonly rm: number;
  readonly args: readonly bigint[];
}

/** How the oracle programs number operations: the position here, the same list as the enum in the C sources. */
const numbered: readonly FloatOp[] = [
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
  'toS',
  'toD',
  'ltq',
  'leq',
  'round',
  'roundnx',
];

/** Operands for `count` questions of one operation. */
export function* questions(
  name: FloatOp,
  format: FloatFormat,
  rm: number,
  count: number,
): Generator<Question> {
  const next = randomBits(BigInt(numbered.indexOf(name) * 100 + rm * 2 + (format === 's' ? 0 : 1)));
  const operand = name.startsWith('from') ? integerOperands(next) : floatOperands(format, next);
  for (let i = 0; i < count; i += 1) yield { name, format, rm, args: [operand(), operand(), operand()] };
}

/** Builds `source` in a temporary directory, asks it every question, and gives value and flags of each answer. */
export function ask(
  source: URL,
  compiler: readonly string[],
  runner: readonly string[],
  asked: readonly Question[],
): { value: bigint; flags: number }[] {
  const directory = mkdtempSync(join(tmpdir(), 'trapline-float-'));
  try {
    const program = join(directory, 'oracle');
    execFileSync(compiler[0]!, [...compiler.slice(1), '-o', program, source.pathname, '-lm']);
    const command = [...runner, program];
    const output = execFileSync(command[0]!, command.slice(1), {
      input: encode(asked),
      maxBuffer: asked.length * 16 + 1024,
    });
    return decode(output);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Records of four little-endian 64-bit words: operation | double << 8 | rm << 16, then three operands. */
function encode(asked: readonly Question[]): Buffer {
  const words = new BigUint64Array(asked.length * 4);
  asked.forEach(({ name, format, rm, args }, index) => {
    const operation = numbered.indexOf(name) | (format === 'd' ? 0x100 : 0) | (rm << 16);
    words.set([BigInt(operation), args[0] ?? 0n, args[1] ?? 0n, args[2] ?? 0n], index * 4);
  });
  return Buffer.from(words.buffer);
}

function decode(output: Buffer): { value: bigint; flags: number }[] {
  const bytes = Uint8Array.from(output);
  const words = new BigUint64Array(bytes.buffer);
  const answers: { value: bigint; flags: number }[] = [];
  for (let i = 0; i < words.length; i += 2) answers.push({ value: words[i]!, flags: Number(words[i + 1]) });
  return answers;
}

/** Compares every answer, failing on the first difference with the question in full. */
export function expectAnswers(
  asked: readonly Question[],
  answers: readonly { value: bigint; flags: number }[],
): void {
  expect(answers.length).toBe(asked.length);
  asked.forEach((question, index) => {
    const ours = floatOperation(question.name, question.format, question.args, question.rm);
    const theirs = answers[index]!;
    if (ours.value === theirs.value && ours.flags === theirs.flags) return;
    expect(describe(question, ours)).toBe(describe(question, theirs));
  });
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const describe = (question: Question, answer: { value: bigint; flags: number }): string =>
  `${question.name}.${question.format} rm=${question.rm} (${question.args.map(hex).join(', ')}) = ${hex(answer.value)} flags ${answer.flags}`;

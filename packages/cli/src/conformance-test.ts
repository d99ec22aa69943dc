import type { EngineName } from '@trapline/core';
import { createMachine, type ExitReason, type Machine } from '@trapline/machine';
import { readNamed } from './files.ts';

export interface TestResult {
  readonly file: string;
  readonly passed: boolean;
  /** Why it failed. */
  readonly why: string;
  readonly instructions: number;
  /** The signature, a 32-bit word a line, if the test has one. */
  readonly signature?: string | undefined;
}

export interface TestLimits {
  readonly monitor: 'shadow' | 'none';
  readonly intercept?: 'all' | 'needed' | undefined;
  readonly engine?: EngineName | undefined;
  readonly maxInstructions: number;
}

const RAM_BYTES = 128 * 1024 ** 2;
/** Instructions between looks at `tohost`. */
const CHUNK = 20_000;

/**
 * Runs one ELF test on a fresh machine until it reports through `tohost` (the host-target interface of riscv-tests: 1 passes, an
 * odd n fails test n >> 1) or the test finisher. A file that cannot be loaded is a failed test.
 */
export async function runConformanceTest(file: string, limits: TestLimits): Promise<TestResult> {
  try {
    const machine = await createMachine({
      kernel: readNamed('test', file),
      bios: 'none',
      ramBytes: RAM_BYTES,
      monitor: limits.monitor,
      intercept: limits.intercept,
      ...(limits.engine && { engine: limits.engine }),
      clock: 'deterministic',
    });
    const why = await failureOf(machine, limits.maxInstructions);
    return {
      file,
      passed: why === undefined,
      why: why ?? '',
      instructions: machine.instructions,
      signature: signatureOf(machine),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { file, passed: false, why, instructions: 0 };
  }
}

/** Runs the test; undefined when it passed. */
async function failureOf(machine: Machine, maxInstructions: number): Promise<string | undefined> {
  const tohost = machine.symbols.addressOf('tohost');
  for (let done = 0; done < maxInstructions; done += CHUNK) {
    const reason = await machine.run({
      maxInstructions: Math.min(CHUNK, maxInstructions - done),
      // Waiting for ever would leave nobody to look at tohost.
      timeoutMs: 10_000,
    });
    const answer = tohost === undefined ? undefined : takeAnswer(machine, tohost);
    if (answer !== undefined) return answer === 1n ? undefined : failureText(answer);
    if (reason.kind !== 'instructionLimit') return endText(reason);
  }
  return `no result after ${maxInstructions} instructions at pc 0x${machine.harts[0]?.pc.toString(16)}`;
}

const failureText = (answer: bigint): string =>
  answer & 1n
    ? `test ${answer >> 1n} failed`
    : `tohost is 0x${answer.toString(16)}: system calls are not served`;

function endText(reason: ExitReason): string | undefined {
  if (reason.kind === 'guest') return reason.code === 0 ? undefined : `the finisher says ${reason.code}`;
  return reason.kind === 'timeout' ? 'it waits without an end' : `it ended: ${reason.kind}`;
}

/** The answer in `tohost`, once there is one; characters for the host's console are taken off on the way. */
function takeAnswer(machine: Machine, tohost: bigint): bigint | undefined {
  const bytes = machine.memory.view(tohost, 8);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const value = view.getBigUint64(0, true);
  if (value === 0n) return undefined;
  // Device 1 is a console, command 1 prints a character: bits 63..56 and 55..48.
  if (value >> 48n !== 0x0101n) return value;
  view.setBigUint64(0, 0n, true);
  machine.memory.written(tohost, 8);
  return undefined;
}

function signatureOf(machine: Machine): string | undefined {
  const begin = machine.symbols.addressOf('begin_signature');
  const end = machine.symbols.addressOf('end_signature');
  if (begin === undefined || end === undefined || end < begin) return undefined;
  const bytes = machine.memory.view(begin, Number(end - begin));
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4)
    lines.push(view.getUint32(at, true).toString(16).padStart(8, '0'));
  return lines.map((line) => `${line}\n`).join('');
}

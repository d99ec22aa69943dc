import { decode, type Instruction } from '@trapline/isa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataBase, executableRows, runFrom, type Start, startOf, subject, wordOf } from './engine-twins.ts';

// Every row, on random operands, does on the interpreter what the reference evaluator says.

const reference = subject('reference');

/** Where the row accesses memory, its base register is an address; small displacements keep it in RAM. */
function aimed(row: Instruction, start: Start): Start {
  if ('system' in row.semantics || row.semantics.access === undefined) return start;
  const { rs1, imm } = decode(start.code[0]!)!;
  const x = [...start.x];
  if (rs1 !== 0 && x[rs1]! % 5n !== 0n) {
    x[rs1] = BigInt.asUintN(64, dataBase + (x[rs1]! % 24n) - 12n - BigInt(imm));
  }
  return { ...start, x };
}

describe.each(['interpreter', 'translator'] as const)('%s', (engine) => {
  const tested = subject(engine);

  describe('each row', () => {
    test.each(executableRows.map((row) => [row.name, row] as const))('%s', (_, row) => {
      const starts = startOf(wordOf(row).map((word) => [word])).map((start) => aimed(row, start));
      fc.assert(
        fc.property(starts, (start) => {
          expect(runFrom(tested, start, [1])).toEqual(runFrom(reference, start, [1]));
        }),
        { numRuns: row.rounding ? 150 : 60 },
      );
    });
  });
});

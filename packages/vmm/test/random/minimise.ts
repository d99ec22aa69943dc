import type { RandomProgram } from './program.ts';

/** Leaves out blocks, fewer at a time, as long as the program keeps failing. */
export const minimise = (
  program: RandomProgram,
  fails: (candidate: RandomProgram) => boolean,
  tries = 300,
): RandomProgram => {
  let best = program;
  let left = tries;
  const attempt = (candidate: RandomProgram): boolean => {
    if (left-- <= 0 || !fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let hart = 0; hart < program.harts.length; hart++) {
    for (let size = 16; size >= 1; size >>= 1) {
      for (let at = 0; at < best.harts[hart]!.blocks.length; ) {
        if (!attempt(without(best, hart, at, size))) at += size;
      }
    }
    for (let block = 0; block < best.harts[hart]!.blocks.length; block++) {
      for (let line = best.harts[hart]!.blocks[block]!.length - 1; line >= 0; line--) {
        attempt(withoutLine(best, hart, block, line));
      }
    }
  }
  return best;
};

const withBlocks = (
  program: RandomProgram,
  hart: number,
  blocks: readonly (readonly string[])[],
): RandomProgram => ({
  ...program,
  harts: program.harts.map((each, i) => (i === hart ? { ...each, blocks } : each)),
});

const without = (program: RandomProgram, hart: number, at: number, count: number): RandomProgram => {
  const { blocks } = program.harts[hart]!;
  return withBlocks(program, hart, [...blocks.slice(0, at), ...blocks.slice(at + count)]);
};

const withoutLine = (program: RandomProgram, hart: number, block: number, line: number): RandomProgram =>
  withBlocks(
    program,
    hart,
    program.harts[hart]!.blocks.map((lines, i) => (i === block ? lines.filter((_, n) => n !== line) : lines)),
  );

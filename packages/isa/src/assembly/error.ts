/** A mistake in assembly source, at a 1-based line and column; the message carries both. */
export class AssemblyError extends Error {
  readonly line: number;
  readonly column: number;
  /** What is wrong, without the position. */
  readonly problem: string;

  constructor(problem: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${problem}`);
    this.name = 'AssemblyError';
    this.problem = problem;
    this.line = line;
    this.column = column;
  }
}

/** A piece of source text and where it starts. */
export interface Located {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** Stops assembling: `problem` at the place of `where`, `offset` characters in. */
export function mistake(problem: string, where: Located, offset = 0): never {
  throw new AssemblyError(problem, where.line, where.column + offset);
}

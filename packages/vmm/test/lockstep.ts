import type { Hart } from '@trapline/core';
import type { Trap } from '@trapline/isa';
import { type Board, type BoardOptions, emptyBoard } from './pair.ts';
import { describeStep, differingRows, type Moment, momentOf, trapText } from './report.ts';

/** What a run of two boards side by side compares, and how often. */
export interface LockstepOptions extends BoardOptions {
  /** The boards: bare against virtual unless told. */
  readonly sides?: readonly [Side, Side];
  /** Whether traps are compared too; without, what can be executed in place is, and only states are compared. */
  readonly observe?: boolean;
  /** Instructions between comparisons of everything, RAM included. */
  readonly every?: number;
  /** Also stop and compare everything at each trap; without, traps are compared by their digests. */
  readonly stopAtTraps?: boolean;
  /** Instructions of all harts together after which the run ends well. */
  readonly limit?: number;
}

export interface Side extends Pick<BoardOptions, 'engine' | 'translator' | 'intercept'> {
  readonly kind: Board['name'];
}

/** One guest-visible trap, and a digest of the hart's registers and CSRs when it was taken. */
export interface SeenTrap {
  readonly hart: number;
  readonly from: 0 | 1 | 3;
  readonly pc: bigint;
  readonly retired: bigint;
  readonly trap: Trap;
  readonly digest: number;
}

export interface LockstepRun {
  /** Traps in order, of all harts. */
  readonly traps: readonly SeenTrap[];
  readonly left: Board;
  readonly right: Board;
  /** Instructions retired by all harts. */
  readonly retired: number;
}

/** The two boards differed. The message says where first, and how. */
export class Divergence extends Error {
  override name = 'Divergence';
}

/** Stops without an instruction retired. */
const mostStuck = 200;

const bareAndVirtual: readonly [Side, Side] = [{ kind: 'bare' }, { kind: 'virtual' }];

/** One board of the two, with the traps it has seen. */
class Runner {
  readonly board: Board;
  readonly traps: SeenTrap[] = [];
  stopAtTraps = true;

  constructor(side: Side, options: LockstepOptions) {
    const onTrap = (hart: Hart, trap: Trap): void => this.#seen(hart, trap);
    const { kind, ...given } = side;
    this.board = emptyBoard(kind, { ...options, ...given, ...(options.observe === false ? {} : { onTrap }) });
  }

  #seen(hart: Hart, trap: Trap): void {
    const { id, privilege, pc } = hart;
    this.traps.push({ hart: id, from: privilege, pc, retired: hart.retired(), trap, digest: digestOf(hart) });
    if (this.stopAtTraps) hart.requestStop();
  }

  load(program: Uint8Array): void {
    this.traps.length = 0;
    this.board.load(program);
  }

  retired(): number {
    return this.board.harts.reduce((sum, hart) => sum + Number(hart.retired), 0);
  }
}

/** FNV-1a over the registers and the CSR bank, a word at a time. */
const digestOf = (hart: Hart): number => {
  let hash = 0x811c9dc5;
  for (const { buffer, byteOffset, byteLength } of [hart.views.x, hart.views.f, hart.views.csrs]) {
    const words = new Int32Array(buffer, byteOffset, byteLength / 4);
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  }
  return hash ^ hart.privilege;
};

const sameTrap = (a: SeenTrap, b: SeenTrap | undefined): boolean =>
  b !== undefined &&
  a.digest === b.digest &&
  a.pc === b.pc &&
  a.retired === b.retired &&
  a.hart === b.hart &&
  a.from === b.from &&
  a.trap.cause === b.trap.cause &&
  a.trap.interrupt === b.trap.interrupt &&
  a.trap.tval === b.trap.tval;

const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
const same = (a: ArrayBufferView, b: ArrayBufferView): boolean => Buffer.compare(bytes(a), bytes(b)) === 0;

/** Whether nothing a guest can read tells the harts apart: what CSR reads derive from is compared, not every read. */
const sameHart = (a: Hart, b: Hart): boolean =>
  a.pc === b.pc &&
  a.privilege === b.privilege &&
  a.retired() === b.retired() &&
  a.halted === b.halted &&
  a.lines() === b.lines() &&
  a.time() === b.time() &&
  same(a.views.x, b.views.x) &&
  same(a.views.f, b.views.f) &&
  same(a.views.csrs, b.views.csrs);

const sameBoards = (a: Board, b: Board): boolean =>
  a.finished === b.finished &&
  a.printed.length === b.printed.length &&
  a.printed.every((value, i) => value === b.printed[i]) &&
  a.harts.every(({ hart }, i) => sameHart(hart, b.harts[i]!.hart)) &&
  same(a.ram, b.ram);

/** Two boards that run program after program in lockstep. */
export class Lockstep {
  readonly #options: LockstepOptions;
  readonly #left: Runner;
  readonly #right: Runner;

  constructor(options: LockstepOptions = {}) {
    const [left, right] = options.sides ?? bareAndVirtual;
    this.#options = options;
    this.#left = new Runner(left, options);
    this.#right = new Runner(right, options);
  }

  /**
   * Runs the program on both boards with the deterministic clock and compares everything a guest can see, at traps and every
   * `every` instructions. Throws `Divergence` with the first differing instruction and both states.
   */
  run(
    program: Uint8Array,
    given: Pick<LockstepOptions, 'every' | 'limit' | 'stopAtTraps'> = {},
  ): LockstepRun {
    const options = { ...this.#options, ...given };
    const rows = this.#diverges(program, options);
    if (rows === undefined) {
      const [left, right] = [this.#left, this.#right];
      return { traps: left.traps, left: left.board, right: right.board, retired: left.retired() };
    }
    const stepped = new Lockstep(this.#options).step(program, this.#left.retired() + 1000);
    throw new Divergence(
      stepped ?? `not seen in single steps; in steps of ${options.every ?? 1000}:\n${rows}`,
    );
  }

  /** The rows that differ at the first comparison that fails. */
  #diverges(program: Uint8Array, options: LockstepOptions): string | undefined {
    const [left, right] = this.#load(program, options.stopAtTraps ?? true);
    const limit = options.limit ?? 200_000;
    let compared = 0;
    let stuck = 0;
    // A guest whose trap handler traps retires nothing any more: nothing new is to be seen there.
    while (left.retired() < limit && stuck < (options.stopAtTraps ? mostStuck : 10)) {
      const before = left.retired();
      const ended = this.#advance(options.every ?? 1000);
      stuck = left.retired() === before ? stuck + 1 : 0;
      const trap = this.#differingTrap(compared);
      compared = left.traps.length;
      if (trap !== undefined || !sameBoards(left.board, right.board)) {
        return [...(trap === undefined ? [] : [trap]), ...differingRows(left.board, right.board)].join('\n');
      }
      if (ended) break;
    }
    const late = differingRows(left.board, right.board);
    return late.length > 0 ? late.join('\n') : undefined;
  }

  #load(program: Uint8Array, stopAtTraps: boolean): readonly [Runner, Runner] {
    for (const runner of [this.#left, this.#right]) {
      runner.stopAtTraps = stopAtTraps;
      runner.load(program);
    }
    return [this.#left, this.#right];
  }

  /** Both boards by up to that many instructions; true when there is nothing more to run. */
  #advance(instructions: number): boolean {
    const results = [this.#left, this.#right].map(({ board }) => board.scheduler.runRound(instructions));
    const over = results.every(({ kind }) => kind === 'idle' || kind === 'stopped');
    return over || this.#left.board.finished !== undefined;
  }

  #differingTrap(from: number): string | undefined {
    const [left, right] = [this.#left.traps, this.#right.traps];
    for (let i = from; i < Math.max(left.length, right.length); i++) {
      const [a, b] = [left[i], right[i]];
      if (a === undefined || !sameTrap(a, b)) return `  trap ${i}: ${trapText(a)} | ${trapText(b)}`;
    }
    return undefined;
  }

  /** One instruction at a time until something differs; undefined: nothing does. */
  step(program: Uint8Array, limit: number): string | undefined {
    const [left, right] = this.#load(program, true);
    let compared = 0;
    for (let steps = 0; steps < limit; steps++) {
      const before: Moment[] = left.board.harts.map((hart) => momentOf(left.board, hart));
      const ended = this.#advance(1);
      const trap = this.#differingTrap(compared);
      compared = left.traps.length;
      if (trap !== undefined || !sameBoards(left.board, right.board)) {
        return describeStep(steps, before, [left.board, right.board], trap);
      }
      if (ended) return undefined;
    }
    return undefined;
  }
}

/** One program, once, on boards of its own. */
export const lockstep = (program: Uint8Array, options: LockstepOptions = {}): LockstepRun =>
  new Lockstep(options).run(program);

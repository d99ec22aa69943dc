import type { Decoded } from '@trapline/isa';
import { hasFastPath } from '../interpreter/fast-row.ts';
import { jumpOf, jumpsRelative } from '../interpreter/handlers.ts';

/**
 * The blocks of a region. Places are byte distances from the start of the page the region begins in (of virtual addresses: code
 * is translated so that it works wherever the page is mapped). Called functions are part of the region, a copy for each call.
 */

/** The code as the interpreter has seen it. */
export interface Code {
  /** The instruction at a place, if it was executed before, or stands behind one that was with no jump between, and can be translated at all. */
  at(place: number): Decoded | undefined;
  /** Where the indirect jump at a place often led. */
  targets(place: number): readonly number[];
}

export interface Step {
  readonly place: number;
  readonly decoded: Decoded;
}

/** To a block of the region by its index, or out of the region. */
export type Edge =
  | { readonly kind: 'block'; readonly block: number; readonly place: number }
  | { readonly kind: 'leave'; readonly place: number };

/** How a block ends. */
export type End =
  | { readonly kind: 'next'; readonly to: Edge }
  | { readonly kind: 'jump'; readonly step: Step; readonly to: Edge }
  | { readonly kind: 'branch'; readonly step: Step; readonly taken: Edge; readonly next: Edge }
  /** To an address in a register, mostly that of one of `expected`. */
  | { readonly kind: 'indirect'; readonly step: Step; readonly expected: readonly Edge[] }
  /** The interpreter executes the instruction at `place`, out of line. */
  | { readonly kind: 'slow'; readonly place: number };

export interface Block {
  readonly place: number;
  /** All but the instruction that ends the block. */
  readonly steps: readonly Step[];
  readonly end: End;
}

/** Instructions of a block that retire. */
export const lengthOf = ({ steps, end }: Block): number =>
  steps.length + (end.kind === 'next' || end.kind === 'slow' ? 0 : 1);

/** The blocks of the region that may follow. */
export const successorsOf = (end: End): number[] =>
  edgesOf(end).flatMap((edge) => (edge.kind === 'block' ? [edge.block] : []));

function edgesOf(end: End): readonly Edge[] {
  if (end.kind === 'branch') return [end.taken, end.next];
  if (end.kind === 'indirect') return end.expected;
  return end.kind === 'slow' ? [] : [end.to];
}

export interface Limits {
  readonly instructions: number;
  readonly callDepth: number;
}

/** Number of the page a place is in, 0 for the region's first. */
export const pageOf = (place: number): number => Math.floor(place / 4096);

/** Explores from `entry`, which is block 0. Undefined when not even its first instruction can be translated. */
export function discover(code: Code, entry: number, limits: Limits): readonly Block[] | undefined {
  const explorer = new Explorer(code, entry, limits);
  explorer.explore();
  const blocks = explorer.blocks();
  return blocks[0]?.end.kind === 'slow' && blocks[0].steps.length === 0 ? undefined : blocks[0] && blocks;
}

/** A call within the region: where it returns to, and the call around it. */
interface Frame {
  readonly caller: Frame | undefined;
  readonly returnsTo: number;
  readonly callee: number;
  readonly depth: number;
  /** The instructions met, by their places. */
  readonly visited: Map<number, Visited>;
}

/** A place in a frame; without one it is outside the region. */
interface Point {
  readonly frame: Frame | undefined;
  readonly place: number;
}

interface Visited extends Step {
  readonly frame: Frame;
  /** Number of the block that starts here. */
  block: number | undefined;
  /** Of an instruction that ends a block: how, and where it leads. */
  readonly ending: Ending | undefined;
}

interface Ending {
  readonly kind: 'jump' | 'branch' | 'indirect' | 'slow';
  readonly targets: readonly Point[];
}

const isLink = (register: number): boolean => register === 1 || register === 5;
const farthest = 0x200_0000;
/** Returns of a function that calls itself are told apart up to so many. */
const mostReturns = 8;

/** Whether a jump is how functions return ("Unconditional Jumps": the registers that hold return addresses). */
export const isReturn = ({ rd, rs1, imm }: Decoded): boolean => rd === 0 && isLink(rs1) && imm === 0;

class Explorer {
  readonly #frames: Frame[] = [{ caller: undefined, returnsTo: 0, callee: -1, depth: 0, visited: new Map() }];
  readonly #leaders: Visited[] = [];
  /** Where the calls that the region's first function makes to itself return. */
  readonly #behindCalls = new Set<number>();
  #instructions = 0;

  constructor(
    private readonly code: Code,
    private readonly entry: number,
    private readonly limits: Limits,
  ) {}

  explore(): void {
    const queue: Point[] = [{ frame: this.#frames[0]!, place: this.entry }];
    for (let at = 0; at < queue.length; at++) {
      const { frame, place } = queue[at]!;
      if (frame) queue.push(...this.#follow(frame, place));
    }
    // Numbers go to leaders that were reached, in the order of their discovery.
    for (const { frame, place } of queue) {
      const leader = frame?.visited.get(place);
      if (leader && leader.block === undefined) leader.block = this.#leaders.push(leader) - 1;
    }
  }

  blocks(): readonly Block[] {
    return this.#leaders.map((leader) => this.#block(leader));
  }

  /** Follows a straight line of code; gives the points where others must begin. */
  #follow(frame: Frame, from: number): readonly Point[] {
    let before: Step | undefined;
    for (let place = from; ; ) {
      if (frame.visited.has(place)) return place === from ? [] : [{ frame, place }];
      const decoded = this.#instructions < this.limits.instructions ? this.code.at(place) : undefined;
      if (decoded === undefined) return [];
      const step: Step = { place, decoded };
      const ending = this.#ending(frame, step, before);
      frame.visited.set(place, { place, decoded, frame, block: undefined, ending });
      this.#instructions++;
      if (ending) return ending.targets;
      before = step;
      place += decoded.length;
      // Blocks stay within a page, so that edges between pages are where mappings are checked.
      if (pageOf(place) !== pageOf(step.place)) return [{ frame, place }];
    }
  }

  #ending(frame: Frame, { place, decoded }: Step, before: Step | undefined): Ending | undefined {
    const { row, imm, rd, length } = decoded;
    if (!hasFastPath(row)) return { kind: 'slow', targets: [] };
    const jump = jumpOf(row);
    if (!jump) return undefined;
    const next = place + length;
    if (jump.when) {
      const taken = { frame, place: place + imm };
      return { kind: 'branch', targets: [taken, { frame, place: next }] };
    }
    if (jumpsRelative(row)) return { kind: 'jump', targets: this.#called(frame, rd, place + imm, next) };
    if (isReturn(decoded)) {
      const { caller, returnsTo } = frame;
      return { kind: 'indirect', targets: caller ? [{ frame: caller, place: returnsTo }] : [] };
    }
    const address = addressBefore(before, decoded);
    const often = address === undefined ? this.code.targets(place) : [(address + imm) & ~1];
    const targets = often.flatMap((target) => this.#called(frame, rd, target, next));
    return { kind: 'indirect', targets: targets.filter((target) => target.frame) };
  }

  /** A known jump target. A call opens a frame, unless the function is being called already, or calls are too deep. */
  #called(frame: Frame, rd: number, place: number, returnsTo: number): readonly Point[] {
    if (Math.abs(place) >= farthest) return [{ frame: undefined, place }];
    if (!isLink(rd)) return [{ frame, place }];
    if (place === this.entry && frame.depth === 0) {
      // A function that calls itself is a loop; its returns go on behind the calls, too.
      this.#behindCalls.add(returnsTo);
      return [
        { frame, place },
        { frame, place: returnsTo },
      ];
    }
    return [this.#opened(frame, place, returnsTo)];
  }

  #opened(frame: Frame, place: number, returnsTo: number): Point {
    const refused = frame.depth >= this.limits.callDepth || this.code.at(place) === undefined;
    for (let each: Frame | undefined = frame; each; each = each.caller) {
      if (refused || each.callee === place) return { frame: undefined, place };
    }
    const known = this.#frames.find(
      (each) => each.caller === frame && each.returnsTo === returnsTo && each.callee === place,
    );
    if (known) return { frame: known, place };
    const opened = { caller: frame, returnsTo, callee: place, depth: frame.depth + 1, visited: new Map() };
    this.#frames.push(opened);
    return { frame: opened, place };
  }

  #edge({ frame, place }: Point): Edge {
    const block = frame?.visited.get(place)?.block;
    return block === undefined ? { kind: 'leave', place } : { kind: 'block', block, place };
  }

  #block(leader: Visited): Block {
    const { frame } = leader;
    const steps: Step[] = [];
    for (let at = leader; ; ) {
      if (at.ending) return { place: leader.place, steps, end: this.#end(at, at.ending) };
      steps.push(at);
      const place = at.place + at.decoded.length;
      const next = frame.visited.get(place);
      if (!next || next.block !== undefined) {
        return { place: leader.place, steps, end: { kind: 'next', to: this.#edge({ frame, place }) } };
      }
      at = next;
    }
  }

  #end(step: Visited, { kind, targets }: Ending): End {
    const edges = targets.map((target) => this.#edge(target));
    const [first, second] = edges;
    if (kind === 'indirect' && isReturn(step.decoded) && !step.frame.caller) {
      const behind = [...this.#behindCalls].slice(0, mostReturns);
      return { kind, step, expected: behind.map((place) => this.#edge({ frame: step.frame, place })) };
    }
    if (kind === 'slow') return { kind, place: step.place };
    if (kind === 'branch') return { kind, step, taken: first!, next: second! };
    if (kind === 'jump') return { kind, step, to: first! };
    return { kind, step, expected: edges };
  }
}

/** Where `auipc` put the address that the jump after it uses, as a place. */
function addressBefore(before: Step | undefined, { rs1 }: Decoded): number | undefined {
  if (before?.decoded.row.name !== 'auipc' || before.decoded.rd !== rs1 || rs1 === 0) return undefined;
  return before.place + before.decoded.imm;
}

import type { GuestHart } from '@trapline/core';
import type { SymbolTable } from '../symbols.ts';

/** What naming a hart's place needs of the machine. */
export interface FrameSource {
  readonly symbols: SymbolTable;
  /** The bytes at a virtual address of the hart, within one page; undefined where it has none. */
  read(hart: GuestHart, va: bigint, bytes: number): Uint8Array | undefined;
}

const [RA, SP, S0] = [1, 2, 8];
const MOST_FRAMES = 64;
/** No frame lies further from the one it called. */
const LARGEST_FRAME = 0x1_0000n;

/**
 * Names a hart's pc by function, and the callers above it where the code keeps frame pointers (psABI, "Frame Pointer
 * Convention"): every return address must follow a call in a known function, else the stack ends there. Code without a symbol
 * goes by the address of its page.
 */
export function frameNamer(source: FrameSource): (hart: GuestHart) => readonly string[] {
  const names = new Map<bigint, string | undefined>();
  const known = (address: bigint): string | undefined => {
    if (!names.has(address))
      names.set(address, source.symbols.nameOf(address)?.replace(/\+0x[0-9a-f]+$/, ''));
    return names.get(address);
  };
  return (hart) => {
    const leaf = known(hart.pc);
    if (leaf === undefined) return [`0x${(hart.pc & ~0xfffn).toString(16)}`];
    return [leaf, ...new Callers(source, hart, known).names(leaf)].reverse();
  };
}

/** One walk from frame to frame. */
class Callers {
  readonly #source: FrameSource;
  readonly #hart: GuestHart;
  readonly #known: (address: bigint) => string | undefined;

  constructor(source: FrameSource, hart: GuestHart, known: (address: bigint) => string | undefined) {
    this.#source = source;
    this.#hart = hart;
    this.#known = known;
  }

  /** The callers of `leaf`, innermost first. */
  names(leaf: string): string[] {
    const [fp, below] = [this.#hart.readX(S0!), this.#hart.readX(SP!)];
    const frame = this.#frame(fp, below);
    if (frame === undefined) return [];
    const ra = this.#hart.readX(RA!);
    const direct = this.#caller(ra);
    // A function that calls nothing may save the caller's frame pointer alone, where others save the return address,
    if (this.#caller(frame.ra) === undefined)
      return direct === undefined ? [] : [direct, ...this.#chain(frame.ra, fp)];
    // or have no frame: ra leads to the caller, whose frame this is. (In a function that has called, ra leads back into it.)
    const frameless = direct !== undefined && direct !== leaf && ra !== frame.ra;
    return [...(frameless ? [direct] : []), ...this.#chain(fp, below)];
  }

  #chain(start: bigint, stack: bigint): string[] {
    const names: string[] = [];
    let [fp, below] = [start, stack];
    while (names.length < MOST_FRAMES) {
      const frame = this.#frame(fp, below);
      const name = frame && this.#caller(frame.ra);
      if (frame === undefined || name === undefined) break;
      names.push(name);
      [fp, below] = [frame.fp, fp];
    }
    return names;
  }

  /** What is saved in the frame `fp` names, if that can be one: above `below`, and not far. */
  #frame(fp: bigint, below: bigint): { readonly ra: bigint; readonly fp: bigint } | undefined {
    if (fp % 16n !== 0n || fp <= below || fp - below > LARGEST_FRAME) return undefined;
    const [ra, caller] = [this.#word(fp - 8n), this.#word(fp - 16n)];
    return ra === undefined || caller === undefined ? undefined : { ra, fp: caller };
  }

  /** The function a return address is in, if a call precedes it. */
  #caller(address: bigint): string | undefined {
    const name = (address & 1n) === 0n ? this.#known(address - 1n) : undefined;
    if (name === undefined) return undefined;
    const [low, high] = [this.#half(address - 4n), this.#half(address - 2n)];
    if (low === undefined || high === undefined) return undefined;
    const compressed = (high & 0xf07f) === 0x9002 && (high & 0x0f80) !== 0;
    const link = (low & 0x0f80) === 0x0080;
    return compressed || (link && ((low & 0x7f) === 0x6f || (low & 0x7f) === 0x67)) ? name : undefined;
  }

  #word(va: bigint): bigint | undefined {
    const bytes = this.#source.read(this.#hart, va, 8);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  #half(va: bigint): number | undefined {
    const bytes = this.#source.read(this.#hart, va, 2);
    return bytes && bytes[0]! | (bytes[1]! << 8);
  }
}

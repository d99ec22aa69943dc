import { floatDirty, hartOffsets } from '../hart-layout.ts';
import { fcsrOffset, nearestAndInexact } from '../interpreter/slot.ts';
import { floatUse } from '../reference/row-facts.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import { f64, i32 } from '../wasm/ops.ts';
import { get, type Local, type Statement, set, type Term } from '../wasm/term.ts';
import type { Block } from './discover.ts';

/**
 * What a region knows of floating point: mstatus.FS and the rounding, read where the region is entered, so that loops ask a local.
 * Nothing a region does changes fcsr; whatever may change FS is followed by `read`.
 */
export class FloatState {
  readonly #state: Local<'i32'> | undefined;
  readonly #zero: Local<'f64'> | undefined;
  /** Whether instructions with a rounding mode field may be computed by the host. */
  readonly #nearest: ReadonlyMap<number, Local<'i32'>>;

  constructor(
    fn: FunctionBuilder,
    private readonly base: Local<'i32'>,
    blocks: readonly Block[],
  ) {
    const all = blocks.flatMap(({ steps }) => steps).map(({ decoded }) => decoded);
    const used = all.filter(({ row }) => floatUse(row).uses);
    const modes = new Set(used.map(({ rm }) => rm).filter((rm) => nearestAndInexact(rm) !== 0));
    if (used.length > 0) {
      this.#state = fn.local('i32');
      this.#zero = fn.local('f64');
    }
    this.#nearest = new Map([...modes].map((rm) => [rm, fn.local('i32')]));
  }

  /** Zero, read from x0's slot: a constant that compilers know would be made anew at each use. */
  zero(): Term<'f64'> {
    return get(this.#zero!);
  }

  /** At the region's entry. */
  enter(): Statement[] {
    const fcsr = i32.load(get(this.base), fcsrOffset);
    const asked = [...this.#nearest].map(([rm, local]) =>
      set(local, i32.eq(i32.and(fcsr, i32.const(nearestAndInexact(rm))), i32.const(1))),
    );
    const zero = this.#zero ? [set(this.#zero, f64.load(get(this.base), hartOffsets.x))] : [];
    return [...this.read(), ...asked, ...zero];
  }

  /** Behind what may have changed mstatus.FS. */
  read(): Statement[] {
    return this.#state ? [set(this.#state, i32.load(get(this.base), hartOffsets.floatState))] : [];
  }

  /** Floating point is on. */
  isOn(): Term<'i32'> {
    return get(this.#state!);
  }

  /** It is on, and its registers are dirty already. */
  isDirty(): Term<'i32'> {
    return i32.eq(get(this.#state!), i32.const(floatDirty));
  }

  /** An instruction with this rounding mode field rounds to nearest even, and NX is set; undefined where it never does. */
  isNearest(rm: number): Term<'i32'> | undefined {
    const local = this.#nearest.get(rm);
    return local && get(local);
  }
}

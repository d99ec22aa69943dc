import type { Hart } from '@trapline/core';
import { Mstatus, Slot } from '@trapline/isa';

/** Which halves of a CSR there are: the tables' 64-bit values are read so often that halves which are numbers pay. */
const [low, high] = [0, 1];
const ruleBits = Number(Mstatus.SUM | Mstatus.MXR);

const wordsOf = (hart: Hart): Uint32Array => {
  const { csrs } = hart.views;
  return new Uint32Array(csrs.buffer, csrs.byteOffset, csrs.length * 2);
};

/** A virtual hart's shadow CSRs as halves, and the one CSR the physical hart borrows: engines accrue flags in its fcsr. */
export class Bank {
  readonly #virtual: Uint32Array;
  readonly #physical: Uint32Array;

  constructor(virtual: Hart, physical: Hart) {
    this.#virtual = wordsOf(virtual);
    this.#physical = wordsOf(physical);
  }

  satpLow(): number {
    return this.#virtual[2 * Slot.satp + low]!;
  }

  satpHigh(): number {
    return this.#virtual[2 * Slot.satp + high]!;
  }

  /** What of mstatus a choice of tree depends on. */
  rules(): number {
    return this.#virtual[2 * Slot.mstatus + low]! & ruleBits;
  }

  /** What of menvcfg matters to translation: it is in the upper half. */
  environment(): number {
    return this.#virtual[2 * Slot.menvcfg + high]!;
  }

  lendFloat(): void {
    this.#physical[2 * Slot.fcsr] = this.#virtual[2 * Slot.fcsr]!;
  }

  takeFloat(): void {
    this.#virtual[2 * Slot.fcsr] = this.#physical[2 * Slot.fcsr]!;
  }
}

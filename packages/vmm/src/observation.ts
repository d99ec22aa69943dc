import { csrSlots, csrTable, type Privilege } from '@trapline/isa';

/** A CSR of the shadow bank that an exit changed: its number and stored bits. */
export interface CsrChange {
  readonly csr: number;
  readonly before: bigint;
  readonly after: bigint;
}

/** An integer register that an exit changed. */
export interface RegisterChange {
  readonly register: number;
  readonly before: bigint;
  readonly after: bigint;
}

/** The guest after an exit, as far as the exit changed it. */
export interface ExitOutcome {
  readonly pc: bigint;
  readonly mode: Privilege;
  readonly csrs: readonly CsrChange[];
  readonly registers: readonly RegisterChange[];
}

/** CSR numbers by slot of the bank. */
const numberOfSlot: readonly number[] = (() => {
  const numbers = new Array<number>(csrSlots).fill(-1);
  for (const row of csrTable) if (row.kind === 'csr' && row.slot >= 0) numbers[row.slot] = row.number;
  return numbers;
})();

const words = (values: BigUint64Array): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.length * 2);

/** One bank of 64-bit values, compared with how it was. */
class Bank {
  readonly #now: BigUint64Array;
  readonly #nowWords: Int32Array;
  readonly #before: BigUint64Array;
  readonly #beforeWords: Int32Array;

  constructor(values: BigUint64Array) {
    this.#now = values;
    this.#nowWords = words(values);
    this.#before = new BigUint64Array(values.length);
    this.#beforeWords = words(this.#before);
  }

  begin(): void {
    this.#beforeWords.set(this.#nowWords);
  }

  /**
   * Writes index, value before and value after of each change to `into` from `at` on, at most `most` of them; how many there were,
   * written or not.
   */
  write(into: BigUint64Array, at: number, most: number): number {
    const [now, before] = [this.#nowWords, this.#beforeWords];
    let count = 0;
    for (let word = 0; word < now.length; word += 2) {
      if (now[word] === before[word] && now[word + 1] === before[word + 1]) continue;
      if (count < most) {
        const index = word >> 1;
        into[at + 3 * count] = BigInt(index);
        into[at + 3 * count + 1] = this.#before[index]!;
        into[at + 3 * count + 2] = this.#now[index]!;
      }
      count++;
    }
    return count;
  }

  changes<T>(make: (index: number, before: bigint, after: bigint) => T): T[] {
    const [now, before] = [this.#nowWords, this.#beforeWords];
    const found: T[] = [];
    for (let at = 0; at < now.length; at += 2) {
      if (now[at] === before[at] && now[at + 1] === before[at + 1]) continue;
      const index = at >> 1;
      found.push(make(index, this.#before[index]!, this.#now[index]!));
    }
    return found;
  }
}

/** The change of the CSR in a slot of the bank. */
export const csrChange = (slot: number, before: bigint, after: bigint): CsrChange => ({
  csr: numberOfSlot[slot]!,
  before,
  after,
});

/** What one virtual hart's state was before an exit was handled, to tell what handling it changed. */
export class Observation {
  readonly #csrs: Bank;
  readonly #registers: Bank;

  constructor(csrs: BigUint64Array, registers: BigUint64Array) {
    this.#csrs = new Bank(csrs);
    this.#registers = new Bank(registers);
  }

  begin(): void {
    this.#csrs.begin();
    this.#registers.begin();
  }

  end(pc: bigint, mode: Privilege): ExitOutcome {
    return {
      pc,
      mode,
      csrs: this.#csrs.changes((slot, before, after) => csrChange(slot, before, after)),
      registers: this.#registers.changes((register, before, after) => ({ register, before, after })),
    };
  }

  /** As `Bank.write`, CSRs by slot. */
  writeCsrs(into: BigUint64Array, at: number, most: number): number {
    return this.#csrs.write(into, at, most);
  }

  /** As `Bank.write`, integer registers by number. */
  writeRegisters(into: BigUint64Array, at: number, most: number): number {
    return this.#registers.write(into, at, most);
  }
}

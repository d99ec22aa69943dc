import { type InPlaceRecords, RecordByte, RecordWord, recordWords } from '@trapline/core';
import { Cause, type Privilege, S, Slot, trapLevels } from '@trapline/isa';
import { type Action, type ExitEvent, exitKinds, exitNumber, type Moment } from './exits.ts';
import { csrChange, type ExitOutcome, type Observation } from './observation.ts';

/** Where the 64-bit words of an exit are; the action's and the changes follow. */
const Word = { retired: 0, time: 1, pc: 2, tval: 3, pcAfter: 4, action: 5, changes: 9 } as const;
/** Changes of CSRs and registers that have room; an exit with more is kept as an object beside the tape. */
const mostChanges = 8;
const wordsOfExit = Word.changes + 3 * mostChanges;
/** Where the 32-bit words are: small numbers packed, the instruction, and counts of changes. */
const Small = { kinds: 0, instruction: 1, counts: 2, detail: 3 } as const;
const smallsOfExit = 4;
const noInstruction = 1 << 16;
const interruptBit = 1 << 31;

/** Small numbers of an exit in one word: those of the hart, the modes before and after, the exit's kind and the action's. */
const kindsWord = (hart: number, mode: number, modeAfter: number, exit: number, action: number): number =>
  hart | (mode << 4) | (modeAfter << 6) | (exit << 8) | (action << 16);

const actionKinds = ['emulated', 'filled', 'reflected', 'firmware', 'device', 'policy'] as const;
type Of<K extends Action['kind']> = Extract<Action, { readonly kind: K }>;

const [emulated, reflected] = [actionKinds.indexOf('emulated'), actionKinds.indexOf('reflected')];
const ecallWord = 0x73;

/** The CSRs of an ecall's trap and their words in its record, in the order of slots. */
const ecallChanges = (
  [
    [Slot.mstatus, RecordWord.status],
    [trapLevels.supervisor.epc, RecordWord.csr],
    [trapLevels.supervisor.cause, RecordWord.cause],
    [trapLevels.supervisor.tval, RecordWord.tval],
  ] as const
).toSorted(([a], [b]) => a - b);

/** Text that recurs, by number. */
class Texts {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }

  text(number: number): string {
    return this.#texts[number]!;
  }
}

/**
 * The newest exits of a machine in memory of a fixed size. Writing one makes no objects that live on: recording costs the guest little,
 * and reading pays for it.
 */
export class ExitTape {
  readonly capacity: number;
  readonly #words: BigUint64Array;
  readonly #halves: Uint32Array;
  readonly #small: Uint32Array;
  /** Outcomes with more changes than a place holds, by place. */
  readonly #large = new Map<number, ExitOutcome>();
  readonly #texts = new Texts();
  #next = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#words = new BigUint64Array(capacity * wordsOfExit);
    this.#halves = new Uint32Array(this.#words.buffer);
    this.#small = new Uint32Array(capacity * smallsOfExit);
  }

  /** Number of the next exit. */
  get next(): number {
    return this.#next;
  }

  /** Number of the oldest exit that is kept. */
  get first(): number {
    return Math.max(0, this.#next - this.capacity);
  }

  write(moment: Moment, action: Action, observation: Observation, pc: bigint, mode: Privilege): void {
    const place = this.#next++ % this.capacity;
    const words = place * wordsOfExit;
    const small = place * smallsOfExit;
    const into = this.#words;
    into[words + Word.retired] = moment.retired;
    into[words + Word.time] = moment.time;
    into[words + Word.pc] = moment.pc;
    into[words + Word.tval] = moment.tval;
    into[words + Word.pcAfter] = pc;
    const csrs = observation.writeCsrs(into, words + Word.changes, mostChanges);
    const room = Math.max(0, mostChanges - csrs);
    const registers = observation.writeRegisters(into, words + Word.changes + 3 * csrs, room);
    if (this.#large.size > 0) this.#large.delete(place);
    if (csrs + registers > mostChanges) this.#large.set(place, observation.end(pc, mode));
    const smalls = this.#small;
    const did = this.#action(words, small, action);
    smalls[small + Small.kinds] = kindsWord(moment.hart, moment.mode, mode, exitNumber[moment.exit], did);
    smalls[small + Small.instruction] = moment.word ?? 0;
    smalls[small + Small.counts] = csrs | (registers << 8) | (moment.word === undefined ? noInstruction : 0);
  }

  /** Writes a sensitive instruction that a hart executed in place; gives the number of the exit's kind. */
  writeInPlace(of: InPlaceRecords, record: number, hart: number, time: bigint): number {
    const place = this.#next++ % this.capacity;
    const words = place * wordsOfExit;
    const small = place * smallsOfExit;
    const from = record * recordWords;
    const [into, smalls] = [this.#words, this.#small];
    const word = of.halves[2 * (from + RecordWord.instruction)]!;
    const mode = of.byteOf(record, RecordByte.mode);
    const isEcall = word === ecallWord;
    const kind = isEcall ? exitNumber.ecall : exitNumber.illegalInstruction;
    into[words + Word.retired] = of.words[from + RecordWord.retired]!;
    into[words + Word.time] = time;
    into[words + Word.pc] = of.words[from + RecordWord.pc]!;
    into[words + Word.pcAfter] = of.words[from + RecordWord.pcAfter]!;
    this.#setSmall(words + Word.tval, isEcall ? 0 : word);
    const csrs = isEcall
      ? this.#ecallChanges(words, of, from)
      : this.#csrChange(words, of, from, of.slotOf(record));
    const register = (word >>> 7) & 31;
    const registers =
      register === 0 ? 0 : this.#change({ words, index: csrs, of, at: from + RecordWord.target }, register);
    if (isEcall) {
      this.#setSmall(words + Word.action, 0);
      this.#setSmall(words + Word.action + 1, S);
      smalls[small + Small.detail] = Cause.ecallFromU + mode;
    }
    if (this.#large.size > 0) this.#large.delete(place);
    const modeAfter = of.byteOf(record, RecordByte.modeAfter);
    smalls[small + Small.kinds] = kindsWord(hart, mode, modeAfter, kind, isEcall ? reflected : emulated);
    smalls[small + Small.instruction] = word;
    smalls[small + Small.counts] = csrs | (registers << 8);
    return kind;
  }

  #setSmall(at: number, value: number): void {
    this.#halves[2 * at] = value;
    this.#halves[2 * at + 1] = 0;
  }

  /** Beside an ecall, an instruction in place changes one CSR. */
  #csrChange(words: number, of: InPlaceRecords, from: number, slot: number): number {
    const at = from + (slot === Slot.mstatus ? RecordWord.status : RecordWord.csr);
    return this.#change({ words, index: 0, of, at }, slot);
  }

  #ecallChanges(words: number, of: InPlaceRecords, from: number): number {
    let index = 0;
    for (const [slot, word] of ecallChanges)
      index += this.#change({ words, index, of, at: from + word }, slot);
    return index;
  }

  /** Writes what a CSR or register was and is, if that is not the same; how many changes that makes. */
  #change(
    { words, index, of, at }: { words: number; index: number; of: InPlaceRecords; at: number },
    number: number,
  ): number {
    const { halves } = of;
    if (halves[2 * at] === halves[2 * at + 2] && halves[2 * at + 1] === halves[2 * at + 3]) return 0;
    const to = words + Word.changes + 3 * index;
    this.#setSmall(to, number);
    this.#words[to + 1] = of.words[at]!;
    this.#words[to + 2] = of.words[at + 1]!;
    return 1;
  }

  /** Writes what was done; gives the number of its kind. */
  #action(words: number, small: number, action: Action): number {
    const [into, at] = [this.#words, words + Word.action];
    switch (action.kind) {
      case 'emulated':
        return 0;
      case 'filled':
        into[at] = action.va;
        into[at + 1] = action.gpa;
        into[at + 2] = action.hpa;
        into[at + 3] = action.leaf;
        this.#small[small + Small.detail] = action.around;
        return 1;
      case 'reflected':
        into[at] = action.trap.tval;
        into[at + 1] = BigInt(action.to);
        this.#small[small + Small.detail] = action.trap.cause | (action.trap.interrupt ? interruptBit : 0);
        return 2;
      case 'firmware':
        into[at] = action.extension;
        into[at + 1] = action.function;
        return 3;
      case 'device':
        into[at] = action.gpa;
        into[at + 1] = action.value;
        this.#small[small + Small.detail] =
          action.bytes | (action.write ? 16 : 0) | (this.#texts.numberOf(action.device) << 8);
        return 4;
      case 'policy':
        this.#small[small + Small.detail] = this.#texts.numberOf(action.why);
        return 5;
    }
  }

  /** The exit of that number as an event; undefined when it is not kept. */
  read(number: number): ExitEvent | undefined {
    if (number < this.first || number >= this.#next) return undefined;
    const place = number % this.capacity;
    const words = this.#words.subarray(place * wordsOfExit, (place + 1) * wordsOfExit);
    const small = this.#small.subarray(place * smallsOfExit, (place + 1) * smallsOfExit);
    const kinds = small[Small.kinds]!;
    const counts = small[Small.counts]!;
    return {
      hart: kinds & 15,
      retired: words[Word.retired]!,
      time: words[Word.time]!,
      mode: ((kinds >> 4) & 3) as Privilege,
      exit: exitKinds[(kinds >> 8) & 255]!,
      pc: words[Word.pc]!,
      word: counts & noInstruction ? undefined : small[Small.instruction]!,
      tval: words[Word.tval]!,
      action: this.#readAction(actionKinds[kinds >> 16]!, words, small[Small.detail]!),
      after: this.#large.get(place) ?? readOutcome(words, kinds, counts),
    };
  }

  /** What of an exit says when and where it was, without the cost of reading all of it. */
  moment(number: number): { hart: number; mode: Privilege; modeAfter: Privilege; exit: ExitEvent['exit'] } {
    const kinds = this.#small[(number % this.capacity) * smallsOfExit]!;
    return {
      hart: kinds & 15,
      mode: ((kinds >> 4) & 3) as Privilege,
      modeAfter: ((kinds >> 6) & 3) as Privilege,
      exit: exitKinds[(kinds >> 8) & 255]!,
    };
  }

  /** Instructions its hart had retired at an exit. */
  retired(number: number): number {
    return Number(this.#words[(number % this.capacity) * wordsOfExit + Word.retired]);
  }

  /** The guest's time at an exit, in ticks. */
  time(number: number): number {
    return Number(this.#words[(number % this.capacity) * wordsOfExit + Word.time]);
  }

  #readAction(kind: Action['kind'], words: BigUint64Array, detail: number): Action {
    const [a, b, c, d] = words.subarray(Word.action) as unknown as [bigint, bigint, bigint, bigint];
    const read: { readonly [K in Action['kind']]: () => Of<K> } = {
      emulated: () => ({ kind: 'emulated' }),
      filled: () => ({ kind: 'filled', va: a, gpa: b, hpa: c, leaf: d, around: detail }),
      reflected: () => ({
        kind: 'reflected',
        trap: { interrupt: (detail & interruptBit) !== 0, cause: detail & ~interruptBit, tval: a },
        to: Number(b) as Privilege,
      }),
      firmware: () => ({ kind: 'firmware', extension: a, function: b }),
      device: () => ({
        kind: 'device',
        gpa: a,
        write: (detail & 16) !== 0,
        bytes: detail & 15,
        value: b,
        device: this.#texts.text(detail >> 8),
      }),
      policy: () => ({ kind: 'policy', why: this.#texts.text(detail) }),
    };
    return read[kind]();
  }
}

function readOutcome(words: BigUint64Array, kinds: number, counts: number): ExitOutcome {
  const change = (index: number): [number, bigint, bigint] => {
    const at = Word.changes + 3 * index;
    return [Number(words[at]), words[at + 1]!, words[at + 2]!];
  };
  const csrs = counts & 255;
  return {
    pc: words[Word.pcAfter]!,
    mode: ((kinds >> 6) & 3) as Privilege,
    csrs: Array.from({ length: csrs }, (_, index) => csrChange(...change(index))),
    registers: Array.from({ length: (counts >> 8) & 255 }, (_, index) => {
      const [register, before, after] = change(csrs + index);
      return { register, before, after };
    }),
  };
}

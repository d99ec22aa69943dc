import { type Decoded, decode, type Trap } from '@trapline/isa';
import { type Engine, type EngineHart, type EngineHost, Slow, Stop, type StopReason } from '../engine.ts';
import { wordHash } from '../word-hash.ts';
import { evaluate, illegal } from './evaluate.ts';
import { HartMemory } from './hart-memory.ts';
import { HartRegisters } from './hart-registers.ts';

/** Runs instructions by evaluating their rows, one by one and nothing cached: slow, and the oracle of other engines. */
export class ReferenceEngine implements Engine {
  readonly name = 'reference';
  private readonly host: EngineHost;
  private readonly steppers = new WeakMap<EngineHart, Stepper>();

  constructor(host: EngineHost) {
    this.host = host;
  }

  run(hart: EngineHart): StopReason {
    const known = this.steppers.get(hart);
    const stepper = known ?? new Stepper(hart, this.host);
    if (known === undefined) this.steppers.set(hart, stepper);
    const { left, stop } = hart.views;
    while (left[0]! > 0) {
      const reason = stepper.step();
      if (reason !== undefined) return reason;
      left[0]! -= 1;
      if (stop[0] !== 0) return Stop.requested;
    }
    return Stop.budget;
  }

  /** Nothing is cached but the meaning of instruction words. */
  codeWritten(): void {}
}

const rememberedBits = 15;
const rememberedWords = new Int32Array(2 ** rememberedBits);
const remembered = new Array<Decoded | undefined>(2 ** rememberedBits).fill(undefined);

/** `decode`, remembering: direct-mapped, because a `Map` of numbers beyond 31 bits is slow. */
export const decodeCached = (word: number): Decoded | undefined => {
  const at = wordHash(word, rememberedBits);
  const known = remembered[at];
  if (known !== undefined && rememberedWords[at] === (word | 0)) return known;
  const decoded = decode(word);
  rememberedWords[at] = word;
  remembered[at] = decoded;
  return decoded;
};

class Stepper {
  private readonly hart: EngineHart;
  private readonly registers: HartRegisters;
  private readonly memory: HartMemory;

  constructor(hart: EngineHart, host: EngineHost) {
    this.hart = hart;
    this.registers = new HartRegisters(hart.views);
    this.memory = new HartMemory(hart.slow, hart.views, host.memory);
  }

  /** Undefined: the instruction retired. */
  step(): StopReason | undefined {
    const { slow, views } = this.hart;
    if (slow.fetchWord(views.pc[0]!) === Slow.trap) return Stop.trap;
    const word = views.exitWord[0]!;
    const decoded = decodeCached(word);
    if (decoded === undefined) return this.trap(illegal(word));
    if ('system' in decoded.row.semantics) return Stop.system;
    const trap = evaluate(decoded, this.registers, this.memory);
    return trap === undefined ? undefined : this.trap(trap);
  }

  private trap({ cause, tval }: Trap): StopReason {
    this.hart.views.exitCause[0] = cause;
    this.hart.views.exitTval[0] = tval;
    return Stop.trap;
  }
}

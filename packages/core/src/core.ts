import { BareHart, type BareHartOptions } from './bare-hart.ts';
import { Bus } from './bus.ts';
import { CodeMap } from './code-map.ts';
import { fusesMultiplyAdd } from './codegen/host-fused.ts';
import { hasTailCalls } from './codegen/host-tail-calls.ts';
import type { Engine, EngineHost } from './engine.ts';
import { Hart, type HartOptions } from './hart.ts';
import { hartBytes } from './hart-layout.ts';
import { Interpreter, interpreterBytes } from './interpreter/interpreter.ts';
import { CoreMemory } from './memory.ts';
import type { CoreParts } from './mmu.ts';
import { ReferenceEngine } from './reference/engine.ts';
import { Translator, type TranslatorOptions, translatorBytes } from './translator/translator.ts';

/** What `createCore` makes. */
export interface CoreOptions {
  /** Harts that will be created, at most. */
  readonly harts: number;
  /** RAM that will be added to the bus, in bytes, all regions together. */
  readonly memoryBytes: number;
  /** Defaults to the translator. */
  readonly engine?: EngineName;
  /** For the translator: how eagerly it translates. */
  readonly translator?: TranslatorOptions;
  /** A SharedArrayBuffer memory. */
  readonly shared?: boolean;
  /** Whether the host's relaxed multiply-add is used. Defaults to whether it is there and rounds once; false is always right. */
  readonly fusedMultiplyAdd?: boolean;
  /** Whether translated code calls its successors by WebAssembly's tail calls. Defaults to whether the host has them; false is always right. */
  readonly tailCalls?: boolean;
}

/** The physical machine: one memory, a bus, one engine and the harts made so far. */
export class Core implements CoreParts {
  readonly memory: CoreMemory;
  readonly bus: Bus;
  readonly code: CodeMap;
  readonly engine: Engine;
  private readonly made: Hart[] = [];

  constructor(options: CoreOptions) {
    const { bytes: engineBytes, make } = engines[options.engine ?? defaultEngine];
    const bytes = options.memoryBytes + options.harts * hartBytes + engineBytes + slackBytes;
    this.memory = new CoreMemory({ bytes: bytes + CodeMap.bytes(bytes), shared: options.shared ?? false });
    this.bus = new Bus(this.memory);
    this.code = new CodeMap(this.memory);
    const fusedMultiplyAdd = options.fusedMultiplyAdd ?? fusesMultiplyAdd();
    const tailCalls = options.tailCalls ?? hasTailCalls();
    const host = { memory: this.memory, codePages: this.code, fusedMultiplyAdd, tailCalls };
    this.engine = make(host, options);
  }

  get harts(): readonly Hart[] {
    return this.made;
  }

  /** A hart whose traps go where `options.delivery` says. */
  createHart(options: HartOptions): Hart {
    const hart = new Hart(this, options);
    this.made.push(hart);
    return hart;
  }

  /** A hart that is the guest's own (policy `none`). */
  createBareHart(options: BareHartOptions): BareHart {
    const bare = new BareHart(this, options);
    this.made.push(bare.hart);
    return bare;
  }

  /** The bytes at physical `[address, address + bytes)`, or undefined when they are not RAM of one region. */
  ram(address: bigint, bytes: number): Uint8Array | undefined {
    const host = this.bus.ram(Number(address), bytes);
    return host < 0 ? undefined : this.memory.u8.subarray(host, host + bytes);
  }

  /**
   * Bytes of RAM were changed by something that is not an instruction of `by`: code made of them goes, and every other hart's
   * reservation of them.
   */
  physicalWrite(address: bigint, bytes: number, by?: Hart): void {
    const host = this.bus.ram(Number(address), bytes);
    if (host < 0 || bytes === 0) return;
    for (let at = host; at < host + bytes; at = pageAfter(at)) {
      if (this.code.has(at >>> 12)) this.engine.codeWritten(at, Math.min(pageAfter(at), host + bytes) - at);
    }
    for (const hart of this.made) {
      if (hart !== by) hart.loseReservation(host, bytes);
    }
  }
}

/** Room for page alignment of regions, in bytes. */
const slackBytes = 16 * 4096;
const pageAfter = (offset: number): number => (Math.floor(offset / 4096) + 1) * 4096;

interface EngineMaker {
  /** Core memory the engine allocates for itself. */
  readonly bytes: number;
  make(host: EngineHost, options: CoreOptions): Engine;
}

const engines = {
  interpreter: { bytes: interpreterBytes(), make: (host) => new Interpreter(host) },
  reference: { bytes: 0, make: (host) => new ReferenceEngine(host) },
  translator: { bytes: translatorBytes(), make: (host, options) => new Translator(host, options.translator) },
} satisfies Record<string, EngineMaker>;

export type EngineName = keyof typeof engines;
/** Every engine, by the name `createCore` takes. */
export const engineNames = Object.keys(engines) as readonly EngineName[];
const defaultEngine: EngineName = 'translator';

/** Makes a core. Throws HostError when the host has not that much memory. */
export const createCore = (options: CoreOptions): Core => new Core(options);

import { assemble } from '@trapline/isa';
import {
  type BareHart,
  type Core,
  createCore,
  DeterministicClock,
  type EngineName,
  Scheduler,
} from '../src/index.ts';

/** Every engine runs every guest test. */
export const engines: readonly EngineName[] = ['reference', 'interpreter', 'translator'];

export const ramBase = 0x8000_0000;
const ramBytes = 0x10_0000;
const finisher = 0x10_0000;

export interface Guest {
  readonly core: Core;
  readonly clock: DeterministicClock;
  readonly harts: readonly BareHart[];
  readonly hart: BareHart;
  readonly scheduler: Scheduler;
  /** Runs until the guest stores to its finisher; throws when it takes more than a million instructions. */
  finish(): void;
  x(register: number): bigint;
  csr(number: number): bigint;
  read(address: number): bigint;
  write(address: number, value: bigint): void;
}

export interface GuestOptions {
  readonly harts?: number;
  readonly instructionsPerTick?: number;
  readonly quantum?: number;
}

/** A board of RAM, a finisher at 0x100000 and bare harts, with the program loaded and every hart at its start. */
export const guest = (engine: EngineName, source: string, options: GuestOptions = {}): Guest => {
  const count = options.harts ?? 1;
  const core = createCore({
    harts: count,
    memoryBytes: ramBytes,
    engine,
    translator: { threshold: 2, batch: 1 },
  });
  core.bus.addRam(ramBase, ramBytes);
  core
    .ram(BigInt(ramBase), ramBytes)!
    .set(assemble(source, { base: ramBase, symbols: { FINISHER: finisher } }).bytes);
  const clock = new DeterministicClock({ instructionsPerTick: options.instructionsPerTick ?? 1 });
  const harts = Array.from({ length: count }, (_, id) => core.createBareHart({ id, clock }));
  for (const hart of harts) hart.pc = BigInt(ramBase);
  let finished = false;
  const stop = (): boolean => {
    finished = true;
    for (const hart of harts) hart.requestStop();
    return true;
  };
  core.bus.addDevice(finisher, 0x1000, { name: 'finisher', read: () => 0n, write: stop });
  const scheduler = new Scheduler(harts, clock, { quantum: options.quantum ?? 10_000 });
  const view = (address: number): DataView => {
    const bytes = core.ram(BigInt(address), 8)!;
    return new DataView(bytes.buffer, bytes.byteOffset, 8);
  };
  return {
    core,
    clock,
    harts,
    hart: harts[0]!,
    scheduler,
    finish: () => {
      for (let round = 0; round < 100 && !finished; round++) scheduler.runRound(10_000);
      if (!finished) throw new Error(`the guest did not finish: pc ${harts[0]!.pc.toString(16)}`);
      finished = false;
    },
    x: (register) => harts[0]!.readX(register),
    csr: (number) => harts[0]!.peekCsr(number)!,
    read: (address) => view(address).getBigUint64(0, true),
    write: (address, value) => view(address).setBigUint64(0, value, true),
  };
};

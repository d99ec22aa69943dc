import { cpuUsage } from 'node:process';
import { assemble, Mstatus, Slot } from '@trapline/isa';
import { createCore, type EngineName } from '../src/index.ts';
import { programs } from './programs.ts';

/**
 * Prints guest instructions per second of processor time (other load on the machine does not count), best of several runs.
 * `node packages/core/bench/run.mjs [program] [engine]`.
 */

const [only, engine = 'interpreter'] = process.argv.slice(2) as [string?, EngineName?];
const base = 0x8000_0000;
const ramBytes = 8 << 20;
/** About this much processor time is one round. */
const roundSeconds = 0.1;
const rounds = 10;

function prepared(source: string) {
  const core = createCore({ harts: 1, memoryBytes: ramBytes, engine });
  core.bus.addRam(base, ramBytes);
  const { bytes } = assemble(source, { base });
  core.ram(BigInt(base), bytes.length)!.set(bytes);
  const hart = core.createHart({ id: 0, delivery: 'host' });
  hart.setCsr(Slot.mstatus, Mstatus.FS);
  hart.pc = BigInt(base);
  return hart;
}

/** Instructions per second of the best round. */
function measure(source: string): number {
  const hart = prepared(source);
  let best = 0;
  let instructions = 20_000;
  for (let round = 0; round < rounds; round++) {
    const before = cpuUsage();
    const exit = hart.run(instructions);
    const { user, system } = cpuUsage(before);
    if (exit.kind !== 'budget') throw new Error(`the program ended: ${exit.kind}`);
    const rate = instructions / ((user + system) / 1e6);
    best = Math.max(best, rate);
    instructions = Math.ceil(rate * roundSeconds);
  }
  return best;
}

for (const [name, source] of Object.entries(programs)) {
  if (only !== undefined && only !== name) continue;
  console.log(`${name}: ${(measure(source) / 1e6).toPrecision(3)} million instructions/s`);
}

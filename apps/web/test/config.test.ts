import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bounds,
  clocks,
  defaultConfig,
  engines,
  type MachineConfig,
  monitors,
  mostMachines,
  readLink,
  writeLink,
} from '../src/machine/config.ts';

const within = ({ least, most }: { least: number; most: number }) => fc.integer({ min: least, max: most });
const file = fc.record({
  name: fc.string({ minLength: 1, unit: 'grapheme' }),
  id: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
});
const config: fc.Arbitrary<MachineConfig> = fc.record({
  memoryMiB: within(bounds.memoryMiB),
  harts: within(bounds.harts),
  monitor: fc.constantFrom(...monitors),
  engine: fc.constantFrom(...engines),
  clock: fc.constantFrom(...clocks),
  seed: within(bounds.seed),
  firmware: fc.constantFrom('auto' as const, 'none' as const, 'builtin' as const),
  append: fc.string({ unit: 'grapheme' }),
  speed: fc.constantFrom(0, 0.01, 1, 250),
  number: within(bounds.number),
  files: fc.record({ kernel: file, disk: file }, { requiredKeys: [] }),
});

const configs = fc.uniqueArray(config, {
  minLength: 1,
  maxLength: mostMachines,
  selector: ({ number }) => number,
});

describe('the link', () => {
  it('carries every configuration of several machines there and back, and which is looked at', () => {
    fc.assert(
      fc.property(configs, fc.nat(), (wanted, any) => {
        const shown = any % wanted.length;
        expect(readLink(`#${writeLink(wanted, shown)}`)).toEqual({
          machines: wanted.map((each) => ({ config: each, complaints: [] })),
          shown,
        });
      }),
    );
  });

  it('says nothing of what is as usual', () => {
    expect(writeLink([defaultConfig])).toBe('');
    expect(writeLink([defaultConfig, { ...defaultConfig, number: 2, harts: 3 }], 1)).toBe(
      ';harts=3&machine=2&shown',
    );
  });

  it('names what means nothing, and keeps the rest', () => {
    const { machines, shown } = readLink(
      '#m=99999999&harts=2&colour=blue;monitor=__proto__&kernel=x&toString&harts=3;shown;machine=3&m=64',
    );
    expect(shown).toBe(2);
    expect(machines).toEqual([
      { config: { ...defaultConfig, harts: 2 }, complaints: ['m=99999999', 'colour=blue'] },
      {
        config: { ...defaultConfig, number: 2, harts: 3 },
        complaints: ['monitor=__proto__', 'kernel=x', 'toString'],
      },
      { config: { ...defaultConfig, number: 3 }, complaints: [] },
      { config: { ...defaultConfig, number: 4, memoryMiB: 64 }, complaints: ['machine=3 again'] },
    ]);
  });

  it('starts no more machines than a page can hold', () => {
    const { machines } = readLink(`#${Array.from({ length: 20 }, (_, n) => `machine=${n + 1}`).join(';')}`);
    expect(machines).toHaveLength(mostMachines);
    expect(machines[0]!.complaints).toHaveLength(20 - mostMachines);
  });

  it('never throws, and always comes to a machine', () => {
    fc.assert(
      fc.property(fc.string(), (hash) => {
        const { machines, shown } = readLink(hash);
        expect(machines[shown]).toBeDefined();
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bounds,
  clocks,
  defaultConfig,
  engines,
  type MachineConfig,
  monitors,
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

describe('the link', () => {
  it('carries every configuration there and back', () => {
    fc.assert(
      fc.property(config, (wanted) => {
        expect(readLink(`#${writeLink(wanted)}`)).toEqual({ config: wanted, complaints: [] });
      }),
    );
  });

  it('says nothing of what is as usual', () => {
    expect(writeLink(defaultConfig)).toBe('');
  });

  it('names what means nothing, and keeps the rest', () => {
    const { config, complaints } = readLink(
      '#m=99999999&harts=2&colour=blue&monitor=__proto__&kernel=x&toString',
    );
    expect(config).toEqual({ ...defaultConfig, harts: 2 });
    expect(complaints).toEqual(['m=99999999', 'colour=blue', 'monitor=__proto__', 'kernel=x', 'toString']);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (hash) => readLink(hash) !== undefined));
  });
});

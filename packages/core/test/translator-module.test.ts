import { assemble, type Decoded, decode } from '@trapline/isa';
import { describe, expect, test } from 'vitest';
import { createCore } from '../src/index.ts';
import { type Code, discover } from '../src/translator/discover.ts';
import { regionModule } from '../src/translator/region-module.ts';

/** All of a program, as code that was executed. */
function codeOf(source: string): Code {
  const { bytes } = assemble(source, { base: 0 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    at: (place): Decoded | undefined => {
      if (place < 0 || place + 2 > bytes.length) return undefined;
      const low = view.getUint16(place, true);
      const decoded = decode((low & 3) === 3 ? view.getUint32(place, true) : low);
      return decoded && 'system' in decoded.row.semantics ? undefined : decoded;
    },
    targets: () => [],
  };
}

const limits = { instructions: 300, callDepth: 2 };
const program = `
  again:
    ld a0, 0(a1)
    fld fa0, 8(a1)
    fmadd.d fa0, fa0, fa1, fa2
    fsd fa0, 8(a1)
    amoadd.w a2, a3, (a1)
    lr.d a4, (a1)
    sc.d a5, a4, (a1)
    call function
    bnez a0, again
    jr a6
  function:
    divw a0, a0, a3
    ret`;

describe('a module of regions', () => {
  const blocks = discover(codeOf(program), 0, limits)!;
  const region = { blocks, hostPages: new Map([[0, 5]]), apart: () => false };

  const imported = (kind: string, ...names: string[]) =>
    names.map((name) => ({ module: 'trapline', name, kind }));

  test.each([
    { sharedPages: undefined, tailCalls: false },
    { sharedPages: 64, tailCalls: false },
    { sharedPages: undefined, tailCalls: true },
  ])('is valid and imports the memory and what it goes on with: %o', ({ sharedPages, tailCalls }) => {
    const bytes = regionModule([region, region], {
      sharedPages,
      tailCalls,
      fusedMultiplyAdd: false,
      knownPages: 1024,
    });
    expect(WebAssembly.validate(bytes)).toBe(true);
    const module = new WebAssembly.Module(bytes);
    const functions = ['refillLoad', 'refillStore', ...(tailCalls ? ['next'] : [])];
    expect(WebAssembly.Module.imports(module)).toEqual([
      ...imported('memory', 'memory'),
      ...imported('function', ...functions),
    ]);
    expect(WebAssembly.Module.exports(module)).toEqual([
      { name: 'r0', kind: 'function' },
      { name: 'r1', kind: 'function' },
    ]);
  });

  test('holds the called function, and returns to behind the call', () => {
    const returns = blocks.find(({ end }) => end.kind === 'indirect' && end.expected.length === 1);
    expect(returns).toBeDefined();
  });
});

describe('regions', () => {
  test('begin with an instruction that can be translated, or not at all', () => {
    expect(discover(codeOf('ecall'), 0, limits)).toBeUndefined();
    expect(discover(codeOf('fclass.d a0, fa0'), 0, limits)).toBeUndefined();
    expect(discover(codeOf('nop\necall'), 0, limits)).toHaveLength(1);
  });

  test('are no larger than they may be', () => {
    const blocks = discover(codeOf('nop\n'.repeat(1000)), 0, limits)!;
    expect(blocks.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(limits.instructions);
  });

  test('do not trust an address that a jump into the middle would not have set', () => {
    const blocks = discover(
      codeOf(
        'beqz a0, 1f\nla t0, 2f\n1: jr t0\n2: nop\necall'
          .replaceAll(/([12])f/g, 'l$1')
          .replaceAll(/([12]):/g, 'l$1:'),
      ),
      0,
      limits,
    )!;
    expect(blocks.some(({ end }) => end.kind === 'jump')).toBe(false);
  });
});

test('statistics tell what was translated', () => {
  const core = createCore({
    harts: 1,
    memoryBytes: 1 << 16,
    engine: 'translator',
    translator: { threshold: 10, batch: 1 },
  });
  core.bus.addRam(0x8000_0000, 1 << 16);
  core.ram(0x8000_0000n, 64)!.set(assemble('again: addi a0, a0, 1\nj again', { base: 0x8000_0000 }).bytes);
  const hart = core.createHart({ id: 0, delivery: 'host' });
  hart.pc = 0x8000_0000n;
  hart.run(10_000);
  const stats = core.engine.stats!();
  expect(stats).toMatchObject({ regions: 1, translations: 1 });
  expect(stats.compiledBytes).toBeGreaterThan(0);
  expect(stats.translated).toBeGreaterThan(9000);
  expect(stats.translated).toBeLessThanOrEqual(10_000);
  expect(hart.registers.readX(10)).toBe(5000n);
});

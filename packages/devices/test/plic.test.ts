import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Plic } from '../src/index.ts';
import { FakeIrq } from './driver.ts';

let wires: FakeIrq[];
let plic: Plic;
const read = (at: number) => Number(plic.read(at, 4));
const write = (at: number, value: number) => plic.write(at, 4, BigInt(value));
const setPriority = (source: number, priority: number) => write(4 * source, priority);
const setThreshold = (context: number, value: number) => write(0x20_0000 + 0x1000 * context, value);
const claim = (context: number) => read(0x20_0004 + 0x1000 * context);
const complete = (context: number, source: number) => write(0x20_0004 + 0x1000 * context, source);
const pending = (source: number) => (read(0x1000 + 4 * (source >> 5)) >>> (source & 31)) & 1;
const enable = (context: number, ...sources: number[]) => {
  for (const word of [0, 1, 2]) {
    const bits = sources
      .filter((source) => source >> 5 === word)
      .reduce((sum, source) => sum + 2 ** (source & 31), 0);
    write(0x2000 + 0x80 * context + 4 * word, bits);
  }
};

beforeEach(() => {
  wires = Array.from({ length: 4 }, () => new FakeIrq());
  plic = new Plic({ contexts: wires });
  for (const source of [1, 10, 33, 95]) setPriority(source, 1);
});

it('interrupts only contexts that enable the source', () => {
  enable(1, 10);
  plic.source(10).set(true);
  expect(wires.map((wire) => wire.level)).toEqual([false, true, false, false]);
  expect(pending(10)).toBe(1);
});

it('priority 0 never interrupts and cannot be claimed', () => {
  enable(0, 10);
  setPriority(10, 0);
  plic.source(10).set(true);
  expect(wires[0]!.level).toBe(false);
  expect(claim(0)).toBe(0);
  setPriority(10, 7);
  expect(wires[0]!.level).toBe(true);
});

it('the threshold masks its priority and lower ones', () => {
  enable(0, 10);
  setPriority(10, 3);
  plic.source(10).set(true);
  setThreshold(0, 3);
  expect(wires[0]!.level).toBe(false);
  setThreshold(0, 2);
  expect(wires[0]!.level).toBe(true);
});

// PLIC specification 1.0.0, "Interrupt Claim Process": a claim is not affected by the threshold. QEMU's gives 0 here.
it('claims below the threshold all the same', () => {
  enable(0, 10);
  plic.source(10).set(true);
  setThreshold(0, 7);
  expect(claim(0)).toBe(10);
});

it('claims by priority, then by lowest number', () => {
  enable(0, 1, 10, 33, 95);
  setPriority(33, 5);
  for (const source of [95, 33, 10, 1]) plic.source(source).set(true);
  expect([claim(0), claim(0), claim(0), claim(0), claim(0)]).toEqual([33, 1, 10, 95, 0]);
});

it('a claim clears pending and drops the wire of every context', () => {
  enable(0, 10);
  enable(3, 10);
  plic.source(10).set(true);
  expect(claim(3)).toBe(10);
  expect(pending(10)).toBe(0);
  expect(wires.map((wire) => wire.level)).toEqual([false, false, false, false]);
  expect(claim(0)).toBe(0);
});

describe('the gateway', () => {
  beforeEach(() => enable(0, 10));

  it('pends again on completion while the wire is high', () => {
    plic.source(10).set(true);
    claim(0);
    expect(wires[0]!.level).toBe(false);
    complete(0, 10);
    expect(wires[0]!.level).toBe(true);
    expect(claim(0)).toBe(10);
    plic.source(10).set(false);
    complete(0, 10);
    expect([wires[0]!.level, claim(0)]).toEqual([false, 0]);
  });

  it('takes no request between claim and completion, and the one that is still there afterwards', () => {
    plic.source(10).set(true);
    claim(0);
    plic.source(10).set(false);
    plic.source(10).set(true);
    expect(pending(10)).toBe(0);
    complete(0, 10);
    expect(pending(10)).toBe(1);
  });

  // "Interrupt Gateways": a request the core accepted stays although the wire falls.
  it('keeps an accepted request when the wire falls', () => {
    plic.source(10).set(true);
    plic.source(10).set(false);
    expect(claim(0)).toBe(10);
  });

  it('ignores a completion by a context that does not enable the source, and of sources that do not exist', () => {
    plic.source(10).set(true);
    claim(0);
    complete(1, 10);
    expect(pending(10)).toBe(0);
    for (const source of [0, 96, 1000, 0xffff_ffff]) complete(0, source);
    expect(pending(10)).toBe(0);
    complete(0, 10);
    expect(pending(10)).toBe(1);
  });
});

it('registers hold what exists: priorities and thresholds of three bits, no source 0, none above 95', () => {
  write(0, 7);
  setPriority(95, 0xff);
  setThreshold(2, 0xf);
  write(0x2000, 0xffff_ffff);
  write(0x2008, 0xffff_ffff);
  expect([read(0), read(4 * 95), read(0x20_2000)]).toEqual([0, 7, 7]);
  expect([read(0x2000), read(0x2008), read(0x200c)]).toEqual([0xffff_fffe, 0xffff_ffff, 0]);
  const small = new Plic({ contexts: wires, sources: 35 });
  small.write(0x2004, 4, 0xffff_ffffn);
  expect(small.read(0x2004, 4)).toBe(0xfn);
});

it('wires that do not exist are the board’s mistake', () => {
  expect(() => plic.source(0)).toThrow(RangeError);
  expect(() => plic.source(96)).toThrow('PLIC source 96 does not exist: use 1..95');
});

it('saves and restores; a reset forgets everything but the wires', () => {
  enable(0, 10, 33);
  plic.source(10).set(true);
  plic.source(33).set(true);
  claim(0);
  const saved = structuredClone(plic.save());
  plic.reset();
  expect(wires[0]!.level).toBe(false);
  expect([pending(10), pending(33), read(0x2000)]).toEqual([1, 1, 0]);
  plic.restore(saved);
  expect(wires[0]!.level).toBe(true);
  expect(claim(0)).toBe(33);
  complete(0, 10);
  expect(claim(0)).toBe(10);
});

it('agrees with a model of the specification on random runs', () => {
  const source = fc.constantFrom(1, 10, 33, 95);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('level' as const), source, level: fc.boolean() }),
    fc.record({ kind: fc.constant('priority' as const), source, value: fc.nat(7) }),
    fc.record({ kind: fc.constant('claim' as const) }),
    fc.record({ kind: fc.constant('complete' as const), source }),
    fc.record({ kind: fc.constant('threshold' as const), value: fc.nat(7) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      wires = [new FakeIrq()];
      plic = new Plic({ contexts: wires });
      enable(0, 1, 10, 33);
      const model = new Map(
        [1, 10, 33, 95].map((n) => [n, { n, level: false, ip: false, busy: false, priority: 0 }]),
      );
      const accept = () => {
        for (const s of model.values()) if (s.level && !s.busy) s.ip = true;
      };
      let threshold = 0;
      const best = () =>
        [...model.values()]
          .filter((s) => s.ip && s.priority > 0 && s.n !== 95)
          .sort((a, b) => b.priority - a.priority || a.n - b.n)[0];
      for (const s of steps) {
        if (s.kind === 'level') {
          plic.source(s.source).set(s.level);
          model.get(s.source)!.level = s.level;
        } else if (s.kind === 'priority') {
          setPriority(s.source, s.value);
          model.get(s.source)!.priority = s.value;
        } else if (s.kind === 'threshold') {
          setThreshold(0, s.value);
          threshold = s.value;
        } else if (s.kind === 'claim') {
          const expected = best();
          expect(claim(0)).toBe(expected?.n ?? 0);
          if (expected) Object.assign(expected, { ip: false, busy: true });
        } else {
          complete(0, s.source);
          if (s.source !== 95) model.get(s.source)!.busy = false;
        }
        accept();
        expect(wires[0]!.level).toBe((best()?.priority ?? 0) > threshold);
      }
    }),
  );
});

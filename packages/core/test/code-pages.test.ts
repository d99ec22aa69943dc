import { describe, expect, test } from 'vitest';
import { type Guest, guest, ramBase } from './guest.ts';

// Pages that an engine keeps code of are a burden on stores; those that hold data again are let go.

const page = ramBase + 0x1_0000;
const done = '\nli t0, FINISHER\nsw zero, 0(t0)\n2: j 2b';
const isCode = ({ core }: Guest): boolean => core.code.has(core.bus.ram(page, 1) >>> 12);
/** Puts `li a0, 1; ret` at the start of the page, and calls it. */
const call = `
  li s1, ${page}
  li t0, 0x00100513
  sw t0, 0(s1)
  li t0, 0x00008067
  sw t0, 4(s1)
  jalr s1`;

describe.each(['interpreter', 'translator'] as const)('pages of code on the %s engine', (engine) => {
  test('are pages of code', () => {
    const machine = guest(engine, `${call}${done}`);
    machine.finish();
    expect(isCode(machine)).toBe(true);
  });

  test('whose every instruction was overwritten are none any more', () => {
    const machine = guest(engine, `${call}\nsd zero, 0(s1)${done}`);
    machine.finish();
    expect(isCode(machine)).toBe(false);
  });

  test('that are zeroed from their start are none any more', () => {
    const machine = guest(engine, `${call}\ncbo.zero (s1)${done}`);
    machine.finish();
    expect(isCode(machine)).toBe(false);
  });

  test('are let go when much is written beside code that is not executed', () => {
    const machine = guest(
      engine,
      `${call}\nli s0, 4000\n1: sd s0, 64(s1)\naddi s0, s0, -1\nbnez s0, 1b${done}`,
    );
    machine.finish();
    expect(isCode(machine)).toBe(false);
    expect(machine.read(page + 64)).toBe(1n);
  });

  test('stay what they are when little is', () => {
    const machine = guest(
      engine,
      `${call}\nli s0, 100\n1: sd s0, 64(s1)\naddi s0, s0, -1\nbnez s0, 1b${done}`,
    );
    machine.finish();
    expect(isCode(machine)).toBe(true);
  });
});

test('a loop that writes beside itself all the time is translated', () => {
  const machine = guest(
    'translator',
    'la s1, data\nli s0, 90000\n1: sd s0, 0(s1)\naddi s0, s0, -1\nbnez s0, 1b' +
      done +
      '\n.align 6\ndata: .dword 0',
  );
  machine.finish();
  const { regions } = machine.core.engine.stats!();
  expect(regions).toBeGreaterThan(0);
});

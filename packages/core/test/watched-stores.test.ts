import { describe, expect, test } from 'vitest';
import { engines, type Guest, guest, ramBase } from './guest.ts';

// Stores to a watched page are told of just before they happen, whatever makes them; and no others. What is not valid may change unheard.

const watched = ramBase + 0x1_0000;
const done = '\nli t0, FINISHER\nsw zero, 0(t0)\n2: j 2b';

interface Heard {
  readonly at: number;
  readonly bytes: number;
  /** The doubleword around it when it was told. */
  readonly before: bigint;
}

/** Watches the page at `watched`; gives what is heard. */
function watch(machine: Guest): Heard[] {
  const heard: Heard[] = [];
  const host = machine.core.bus.ram(watched, 4096);
  machine.core.code.watchStores(host >>> 12, (at, bytes) => {
    const place = watched + at - host;
    heard.push({ at: place - watched, bytes, before: machine.read(place - (place % 8)) });
  });
  return heard;
}

describe.each(engines)('watched stores on the %s engine', (engine) => {
  test.each([
    ['sb a1, 3(a0)', 3, 1],
    ['sh a1, 6(a0)', 6, 2],
    ['sw a1, 8(a0)', 8, 4],
    ['sd a1, 16(a0)', 16, 8],
    ['sd a1, 17(a0)', 17, 8],
    ['c.sd a1, 24(a0)', 24, 8],
    ['amoadd.w a2, a1, (a0)', 0, 4],
    ['lr.d a2, (a0)\nsc.d a2, a1, (a0)', 0, 8],
    ['cbo.zero (a0)', 0, 64],
  ])('%s', (store, at, bytes) => {
    // Again and again, so that the last ones are executed in the fastest way there is.
    const machine = guest(
      engine,
      `li a0, ${watched}\nli a1, -1\nli s0, 40\n1: ${store}\naddi s0, s0, -1\nbnez s0, 1b${done}`,
    );
    for (let place = 0; place < 64; place += 8) machine.write(watched + place, 1n);
    const heard = watch(machine);
    machine.finish();
    expect(heard).toHaveLength(40);
    expect(heard[0]).toMatchObject({ at, bytes, before: 1n });
    expect(heard.every((each) => each.at === at && each.bytes === bytes)).toBe(true);
  });

  test.each([
    ['sb a1, 8(a0)', true],
    ['sh a1, 10(a0)', true],
    ['sw a1, 12(a0)', true],
    ['sd a1, 8(a0)', true],
    ['sw a1, 6(a0)', false],
    ['sd a1, 9(a0)', false],
    ['sd a1, 4(a0)', false],
  ])('%s into what is not valid, and stays so, may be unheard: %o', (store, may) => {
    const machine = guest(
      engine,
      `li a0, ${watched}
li a1, -256
li s0, 40
1: ${store}
addi s0, s0, -1
bnez s0, 1b${done}`,
    );
    // Around it everything is valid.
    machine.write(watched, 1n);
    machine.write(watched + 16, 1n);
    const heard = watch(machine);
    machine.finish();
    if (may && engine !== 'reference') expect(heard.length).toBeLessThan(5);
    else expect(heard).toHaveLength(40);
  });

  test('loads, and stores to the pages around, are not heard of; nor is anything when nobody listens any more', () => {
    const body = `ld a2, 0(a0)\nlr.d a2, (a0)\nsd a1, -8(a0)\nadd a3, a0, a4\nsd a1, 0(a3)`;
    const machine = guest(
      engine,
      `li a0, ${watched}\nli a4, 4096\nli s0, 9\n1: ${body}\naddi s0, s0, -1\nbnez s0, 1b\nsd a1, 0(a0)${done}`,
    );
    const heard = watch(machine);
    machine.core.code.watchStores(machine.core.bus.ram(watched, 1) >>> 12, undefined);
    const other = watch(machine);
    machine.finish();
    expect(heard).toEqual([]);
    expect(other).toHaveLength(1);
  });

  test('a store over two pages is heard of in the part that is watched', () => {
    const machine = guest(engine, `li a0, ${watched - 3}\nli a1, -1\nsd a1, 0(a0)${done}`);
    const heard = watch(machine);
    machine.finish();
    expect(heard).toEqual([{ at: 0, bytes: 5, before: 0n }]);
    expect(machine.read(watched)).toBe(0xff_ffff_ffffn);
  });

  test('code in a watched page runs, and what is stored over it is both heard of and executed', () => {
    const [one, two] = [0x0010_0513, 0x0020_0513]; // li a0, 1 and li a0, 2
    const machine = guest(
      engine,
      `li s1, ${watched}
       li s2, ${one}
       li s3, ${two}
       li s4, 0x00008067
       sw s4, 4(s1)
       li s0, 20
    1: sw s2, 0(s1)
       jalr s1
       add s5, s5, a0
       sw s3, 0(s1)
       jalr s1
       add s5, s5, a0
       addi s0, s0, -1
       bnez s0, 1b${done}`,
    );
    machine.write(watched, 1n);
    const heard = watch(machine);
    machine.finish();
    expect(machine.x(21)).toBe(60n);
    expect(heard).toHaveLength(41);
  });
});

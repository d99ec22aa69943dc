import { assemble } from '@trapline/isa';
import { describe, expect, test } from 'vitest';
import { createCore, DeterministicClock } from '../src/index.ts';
import { engines } from './guest.ts';

const ramBase = 0x8000_0000;
const ramBytes = 3.5 * 2 ** 30;

describe.each(engines)('3.5 GiB of RAM on the %s engine', (engine) => {
  test('its upper end holds code, data, atomics and straddling accesses like any other', () => {
    const core = createCore({ harts: 1, memoryBytes: ramBytes, engine });
    core.bus.addRam(ramBase, ramBytes);
    expect(core.memory.bytes - ramBytes).toBeLessThan(100 * 2 ** 20);
    const start = ramBase + ramBytes - 0x3000;
    const { bytes } = assemble(
      `
      la s0, data
      li t0, 5
      sd t0, 0(s0)
      amoadd.d a0, t0, (s0)
      lr.d a1, (s0)
      addi a1, a1, 1
      sc.d a2, a1, (s0)
      ld a3, 0(s0)
      li t1, 0x1122334455667788
      li t2, 0xffd
      add t2, t2, s0
      sd t1, 0(t2)
      ld a4, 0(t2)
      1: j 1b
      .align 12
    data:
      .zero 8`,
      { base: start },
    );
    core.ram(BigInt(start), bytes.length)!.set(bytes);
    const hart = core.createBareHart({ id: 0, clock: new DeterministicClock() });
    hart.pc = BigInt(start);
    hart.run(100);
    expect([10, 11, 12, 13].map((register) => hart.readX(register))).toEqual([5n, 11n, 0n, 11n]);
    expect(hart.readX(14)).toBe(0x1122_3344_5566_7788n);
    expect(hart.peekCsr(0x342)).toBe(0n);
  });
});

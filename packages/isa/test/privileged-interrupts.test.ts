import { describe, expect, test } from 'vitest';
import {
  type Privilege,
  pendingInterrupt,
  Slot,
  supervisorTimerDeadline,
  takeTrap,
  trapTarget,
  wakes,
} from '../src/index.ts';
import { TestState } from './privileged-fixture.ts';

/** The six interrupts, numbered 0..5 by mip bit 1, 3, 5, 7, 9, 11. */
const spread = (six: number): number =>
  [1, 3, 5, 7, 9, 11].reduce((bits, at, i) => bits | (((six >> i) & 1) << at), 0);

/**
 * The rule in the specification's words ("Machine Interrupt Registers"): interrupt i traps to M-mode if it is pending and
 * enabled, not delegated, and either the mode is M with MIE set or the mode is less than M; to S-mode if pending, enabled and
 * delegated, and the mode is S with SIE set or less than S. M-mode's come first; then MEI, MSI, MTI, SEI, SSI, STI.
 */
function expected(
  mode: Privilege,
  mieBit: boolean,
  sieBit: boolean,
  pending: number,
  mideleg: number,
): number {
  let best = -1;
  const order = ['MEI', 'MSI', 'MTI', 'SEI', 'SSI', 'STI'];
  const bits: Record<string, number> = { MEI: 11, MSI: 3, MTI: 7, SEI: 9, SSI: 1, STI: 5 };
  for (const destination of ['M', 'S']) {
    for (const name of order) {
      const i = bits[name] as number;
      if (!((pending >> i) & 1) || best >= 0) continue;
      const toS = ((mideleg >> i) & 1) === 1;
      if (toS !== (destination === 'S')) continue;
      const taken = toS ? mode < 1 || (mode === 1 && sieBit) : mode < 3 || (mode === 3 && mieBit);
      if (taken) best = i;
    }
  }
  return best;
}

describe('pendingInterrupt', () => {
  test('every combination of pending-and-enabled, delegation, enables and mode', () => {
    const state = new TestState();
    let differences = 0;
    for (const mode of [0, 1, 3] as const)
      for (const enables of [0n, 2n, 8n, 10n])
        for (const mideleg of [0, 2, 0x20, 0x22, 0x200, 0x202, 0x220, 0x222])
          for (let mip = 0; mip < 64; mip++)
            for (let mie = 0; mie < 64; mie++) {
              const [pending, enabled] = [spread(mip), spread(mie)];
              state.privilege = mode;
              state.csrs.set(Slot.mstatus, enables);
              state.csrs.set(Slot.mideleg, BigInt(mideleg));
              state.csrs.set(Slot.mie, BigInt(enabled));
              state.csrs.set(Slot.mip, BigInt(pending & 0x222));
              state.now.lines = BigInt(pending & 0x888);
              const wanted = expected(mode, enables >= 8n, enables % 4n === 2n, pending & enabled, mideleg);
              const got = pendingInterrupt(state);
              if ((got?.cause ?? -1) !== wanted) differences++;
              if (wakes(state) !== ((pending & enabled) !== 0)) differences++;
            }
    expect(differences).toBe(0);
  });

  test('what is chosen goes where its delegation says, and is not chosen again at once', () => {
    for (const [mideleg, target] of [
      [0n, 3],
      [0x222n, 1],
    ] as const) {
      const state = new TestState(1).set({ mstatus: 2n, mie: 0xaaan, mip: 0x222n, mideleg });
      const chosen = pendingInterrupt(state);
      expect(chosen).toEqual({ interrupt: true, cause: 9, tval: 0n });
      if (chosen) expect(trapTarget(state, chosen)).toBe(target);
      if (chosen) takeTrap(state, 0n, chosen);
      expect(state.privilege).toBe(target);
      expect(pendingInterrupt(state)).toBeUndefined();
    }
  });

  test('the supervisor timer fires at its tick', () => {
    const state = new TestState(0).set({ menvcfg: 1n << 63n, stimecmp: 100n, mie: 0x20n, mideleg: 0x20n });
    expect(supervisorTimerDeadline(state.csrs)).toBe(100n);
    state.now.time = 99n;
    expect([pendingInterrupt(state), wakes(state)]).toEqual([undefined, false]);
    state.now.time = 100n;
    expect([pendingInterrupt(state)?.cause, wakes(state)]).toEqual([5, true]);
    state.set({ menvcfg: 0n });
    expect(supervisorTimerDeadline(state.csrs)).toBeUndefined();
    expect(pendingInterrupt(state)).toBeUndefined();
  });
});

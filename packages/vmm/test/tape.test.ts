import { csrSlots } from '@trapline/isa';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Action, exitKinds, type Moment } from '../src/exits.ts';
import { Observation } from '../src/observation.ts';
import { ExitTape } from '../src/tape.ts';

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const privilege = fc.constantFrom(0 as const, 1 as const, 3 as const);
const moment: fc.Arbitrary<Moment> = fc.record({
  hart: fc.nat(7),
  retired: word,
  time: word,
  mode: privilege,
  exit: fc.constantFrom(...exitKinds),
  pc: word,
  word: fc.option(fc.nat(2 ** 32 - 1), { nil: undefined }),
  tval: word,
});
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constant({ kind: 'emulated' as const }),
  fc.record({
    kind: fc.constant('filled' as const),
    va: word,
    gpa: word,
    hpa: word,
    leaf: word,
    around: fc.nat(31),
  }),
  fc.record({
    kind: fc.constant('reflected' as const),
    trap: fc.record({ interrupt: fc.boolean(), cause: fc.nat(63), tval: word }),
    to: privilege,
  }),
  fc.record({ kind: fc.constant('firmware' as const), extension: word, function: word }),
  fc.record({
    kind: fc.constant('device' as const),
    gpa: word,
    write: fc.boolean(),
    bytes: fc.constantFrom(1, 2, 4, 8),
    value: word,
    device: fc.string(),
  }),
  fc.record({ kind: fc.constant('policy' as const), why: fc.string() }),
);
const change = fc.record({ at: fc.nat(csrSlots + 31), to: word });

it('every exit comes back as it was written, however much it changed, until it is overwritten', () => {
  const exit = fc.record({
    moment,
    action,
    changes: fc.array(change, { maxLength: 20 }),
    pc: word,
    mode: privilege,
  });
  fc.assert(
    fc.property(fc.array(exit, { maxLength: 12 }), (exits) => {
      const [csrs, registers] = [new BigUint64Array(csrSlots), new BigUint64Array(32)];
      const observation = new Observation(csrs, registers);
      const tape = new ExitTape(5);
      const written = exits.map(({ changes, ...of }) => {
        observation.begin();
        for (const { at, to } of changes)
          if (at < csrSlots) csrs[at] = to;
          else registers[at - csrSlots] = to;
        tape.write(of.moment, of.action, observation, of.pc, of.mode);
        return { ...of.moment, action: of.action, after: observation.end(of.pc, of.mode) };
      });
      for (const [number, event] of written.entries())
        expect(tape.read(number)).toEqual(number < written.length - 5 ? undefined : event);
    }),
  );
});

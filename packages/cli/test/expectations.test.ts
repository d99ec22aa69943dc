import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Expectations, type Verdict } from '../src/expectations.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function watch(expectTexts: string[], failTexts: string[], chunks: Uint8Array[]): Verdict | undefined {
  const expectations = new Expectations(expectTexts, failTexts);
  for (const chunk of chunks) {
    const verdict = expectations.feed(chunk);
    if (verdict) return verdict;
  }
  return undefined;
}

/** The text cut at those places. */
function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

test('a text is found wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string({ minLength: 1 }),
      fc.string(),
      fc.array(fc.nat(100)),
      (before, text, after, places) => {
        expect(watch([text], [], cut(encode(before + text + after), places))).toEqual({ kind: 'expected' });
      },
    ),
  );
});

test('a text is not found where it is not', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), fc.array(fc.nat(100)), (stream, text, places) => {
      const found = Buffer.from(stream).includes(Buffer.from(text));
      expect(watch([text], [], cut(encode(stream), places))).toEqual(
        found ? { kind: 'expected' } : undefined,
      );
    }),
  );
});

test('the verdict does not depend on how the stream is cut', () => {
  const letters = fc.stringMatching(/^[ab]{1,3}$/);
  const stream = fc.stringMatching(/^[abc]{0,20}$/);
  fc.assert(
    fc.property(
      stream,
      fc.array(letters, { maxLength: 2 }),
      fc.array(letters, { maxLength: 2 }),
      fc.array(fc.nat(30)),
      (text, wanted, bad, places) => {
        const bytes = encode(text);
        const byByte = Array.from(bytes, (byte) => Uint8Array.of(byte));
        expect(watch(wanted, bad, cut(bytes, places))).toEqual(watch(wanted, bad, byByte));
      },
    ),
    { numRuns: 500 },
  );
});

test('several texts may come in any order, and what is missing is known', () => {
  const expectations = new Expectations(['one', 'zwei ☃'], []);
  expect(expectations.feed(encode('.. zwei ☃ ..'))).toBeUndefined();
  expect(expectations.missing).toEqual(['one']);
  expect(expectations.feed(encode('on'))).toBeUndefined();
  expect(expectations.feed(encode('e'))).toEqual({ kind: 'expected' });
});

test('a failing text that comes first wins', () => {
  expect(watch(['ok'], ['panic'], [encode('panic .. ok')])).toEqual({ kind: 'failed', text: 'panic' });
  expect(watch(['ok'], ['panic'], [encode('ok .. panic')])).toEqual({ kind: 'expected' });
});

import { expect, test } from 'vitest';
import { EscapeKeys } from '../src/escape-keys.ts';

/** What came of it in order: bytes as text, commands in angle brackets. */
const type = (...chunks: string[]): string => {
  const keys = new EscapeKeys();
  return chunks
    .flatMap((chunk) => keys.feed(new TextEncoder().encode(chunk)))
    .map((piece) => (typeof piece === 'string' ? `<${piece}>` : new TextDecoder().decode(piece)))
    .join('');
};

test.each([
  ['ls\r', 'ls\r'],
  ['\x03', '\x03'],
  ['a\x01xb', 'a<quit>b'],
  ['\x01h\x01s', '<help><statistics>'],
  ['a\x01tq\x01tb', 'a<live>q<live>b'],
  ['\x01p0x10\r', '<walk>0x10\r'],
  ['\x01\x01', '\x01'],
  ['\x01a', '\x01'],
  ['\x01q', '\x01q'],
])('%j comes to %j', (typed, comesTo) => {
  expect(type(typed)).toBe(comesTo);
  expect(type(...typed)).toBe(comesTo);
});

import { expect, test } from 'vitest';
import { EscapeKeys } from '../src/escape-keys.ts';

const type = (...chunks: string[]) => {
  const keys = new EscapeKeys();
  let forGuest = '';
  const commands: string[] = [];
  for (const chunk of chunks) {
    const result = keys.feed(new TextEncoder().encode(chunk));
    forGuest += new TextDecoder().decode(result.forGuest);
    commands.push(...result.commands);
  }
  return { forGuest, commands };
};

test.each([
  ['ls\r', 'ls\r', []],
  ['\x03', '\x03', []],
  ['a\x01xb', 'ab', ['quit']],
  ['\x01h\x01s', '', ['help', 'statistics']],
  ['\x01\x01', '\x01', []],
  ['\x01a', '\x01', []],
  ['\x01q', '\x01q', []],
])('%j gives the guest %j and asks for %j', (typed, forGuest, commands) => {
  expect(type(typed)).toEqual({ forGuest, commands });
  expect(type(...typed)).toEqual({ forGuest, commands });
});

import { HostError } from '@trapline/core';
import { expect, test } from 'vitest';
import { checkIsa } from '../src/isa-check.ts';
import { memoryBytes, seconds, wholeNumber } from '../src/quantity.ts';

const MIB = 1024 ** 2;

test.each([
  ['256M', 256 * MIB],
  ['1G', 1024 * MIB],
  ['1.5g', 1536 * MIB],
  ['2048K', 2 * MIB],
  ['128', 128 * MIB],
  ['64MiB', 64 * MIB],
])('-m %s is %i bytes', (text, bytes) => {
  expect(memoryBytes(text)).toBe(bytes);
});

test.each(['', '0', 'lots', '-1M', '16P', '1K', '100G', '1e9', '4097.7K', 'M'])(
  '-m %j is refused',
  (text) => {
    expect(() => memoryBytes(text)).toThrow(HostError);
    expect(() => memoryBytes(text)).toThrow(`-m ${text}`);
  },
);

test.each(['', '0', '9', '2.5', '-1', 'two', '0x2'])('--harts %j is refused', (text) => {
  expect(() => wholeNumber('--harts', text, 1, 8)).toThrow('--harts');
});

test.each(['', '0', '-1', 'soon', '1e99'])('--timeout %j is refused', (text) => {
  expect(() => seconds('--timeout', text)).toThrow('--timeout');
});

test('--timeout takes fractions', () => {
  expect(seconds('--timeout', '0.25')).toBe(250);
});

test('--isa names what the machine must have', () => {
  checkIsa('rv64gc_zba_zbb');
  checkIsa('RV64IMAFDC_Zicsr');
  checkIsa('rv64imaczicsr_zbs');
  expect(() => checkIsa('rv64gcv')).toThrow(' v,');
  expect(() => checkIsa('rv64gc_zbkb')).toThrow(' zbkb,');
  expect(() => checkIsa('rv32i')).toThrow('rv32i');
});

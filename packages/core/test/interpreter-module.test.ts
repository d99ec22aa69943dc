import { baseInstructions } from '@trapline/isa';
import { expect, test } from 'vitest';
import { generateInterpreter } from '../src/interpreter/generate.ts';
import { firstRowHandler, handlerOf, isHandled, rowHandlers, special } from '../src/interpreter/handlers.ts';

test('the module is valid and imports the listed functions and the memory, nothing else', () => {
  const { bytes } = generateInterpreter({ base: 4096 });
  const module = new WebAssembly.Module(bytes);
  expect(
    WebAssembly.Module.imports(module).map(({ module: from, name, kind }) => `${from}.${name}: ${kind}`),
  ).toEqual([
    'trapline.loadSlow: function',
    'trapline.storeSlow: function',
    'trapline.storeWatched: function',
    'trapline.resolveAtomic: function',
    'trapline.loadReserved: function',
    'trapline.storeConditional: function',
    'trapline.illegal: function',
    'trapline.float: function',
    'trapline.fetch: function',
    'trapline.decode: function',
    'trapline.straddle: function',
    'trapline.hot: function',
    'trapline.time: function',
    'trapline.refillLoad: function',
    'trapline.refillStore: function',
    'trapline.refillFetch: function',
    'trapline.memory: memory',
  ]);
  expect(WebAssembly.Module.exports(module)).toEqual([{ name: 'run', kind: 'function' }]);
});

test('a shared memory makes a valid module too', () => {
  expect(WebAssembly.validate(generateInterpreter({ base: 4096, sharedPages: 64 }).bytes)).toBe(true);
});

test('every row has a handler, and the rows left to TypeScript are the system ones and compare-and-swap', () => {
  const decoded = (row: (typeof baseInstructions)[number], length: 2 | 4) =>
    ({ row, length }) as Parameters<typeof handlerOf>[0];
  const left = baseInstructions.filter((row) => handlerOf(decoded(row, 4), 'far') === special.system);
  expect(left.filter(({ semantics }) => !('system' in semantics)).map(({ name }) => name)).toEqual([
    'amocas.w',
    'amocas.d',
    'amocas.q',
  ]);
  expect(left.every((row) => !isHandled(row))).toBe(true);
  const numbers = rowHandlers.map(({ row, length, reach }) => handlerOf(decoded(row, length), reach));
  expect(numbers).toEqual(rowHandlers.map((_, n) => firstRowHandler + n));
});

import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const source = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the example in the README is the one that runs, and prints what it says', async () => {
  const example = source('./readme-example.ts').replace('../src/index.ts', '@trapline/devices');
  expect(source('../README.md')).toContain(example.trim());
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('./readme-example.ts');
  const said = /\/\/ (.*)\s*$/.exec(example)![1];
  expect(log.mock.calls.map((call) => call.join(' '))).toEqual([said]);
  log.mockRestore();
});

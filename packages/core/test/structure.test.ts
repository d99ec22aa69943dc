import fc from 'fast-check';
import { expect, test } from 'vitest';
import { structured } from '../src/translator/structure.ts';
import { ModuleBuilder } from '../src/wasm/module.ts';
import { i32 } from '../src/wasm/ops.ts';
import { block, branch, branchIf, get, label, set, when } from '../src/wasm/term.ts';

// Any control flow graph, irreducible ones too, runs through the same nodes as wasm as it does by following its edges.

type Graph = readonly (readonly number[])[];

/** Each node mixes itself into a trace; the lowest bit of the trace chooses between two successors. */
const visit = (trace: number, node: number): number => (Math.imul(trace, 31) + node + (trace >>> 7)) | 0;

function follow(graph: Graph, seed: number, fuel: number): number {
  let [trace, node] = [seed, 0];
  for (let left = fuel; left > 0; left--) {
    trace = visit(trace, node);
    const next = graph[node]!;
    if (next.length === 0) return trace;
    node = next.length === 2 && trace & 1 ? next[1]! : next[0]!;
  }
  return trace;
}

function compiled(graph: Graph): (seed: number, fuel: number) => number {
  const module = new ModuleBuilder();
  const out = label('out');
  const run = module.function('run', ['i32', 'i32'], 'i32', (fn, trace, fuel) => {
    const mixed = (node: number) =>
      i32.add(
        i32.add(i32.mul(get(trace), i32.const(31)), i32.const(node)),
        i32.shr_u(get(trace), i32.const(7)),
      );
    const entry = fn.local('i32');
    const code = structured({
      successors: graph,
      entryLocal: () => entry,
      code: (node, go) => {
        const [first, second] = graph[node]!;
        const start = [
          branchIf(out, i32.eqz(get(fuel))),
          set(fuel, i32.sub(get(fuel), i32.const(1))),
          set(trace, mixed(node)),
        ];
        if (first === undefined) return [...start, branch(out)];
        if (second === undefined) return [...start, ...go(first)];
        return [...start, when(i32.and(get(trace), i32.const(1)), go(second)), ...go(first)];
      },
    });
    return [block(out, code), get(trace)];
  });
  module.export('run', 'function', run.index);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()));
  return instance.exports.run as (seed: number, fuel: number) => number;
}

const graphs = fc.integer({ min: 1, max: 14 }).chain((nodes) =>
  fc.array(fc.array(fc.integer({ min: 0, max: nodes - 1 }), { maxLength: 2 }), {
    minLength: nodes,
    maxLength: nodes,
  }),
);

test('random graphs', () => {
  fc.assert(
    fc.property(graphs, fc.integer(), (graph, seed) => {
      const run = compiled(graph);
      for (const fuel of [1, 2, 5, 50, 500]) expect(run(seed, fuel)).toBe(follow(graph, seed, fuel));
    }),
    { numRuns: 2000 },
  );
});

test('a loop with two entries', () => {
  const graph: Graph = [[1, 2], [2], [1, 3], []];
  const run = compiled(graph);
  for (let seed = 0; seed < 20; seed++) expect(run(seed, 40)).toBe(follow(graph, seed, 40));
});

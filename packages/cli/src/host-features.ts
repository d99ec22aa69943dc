import { setFlagsFromString } from 'node:v8';

/**
 * Node 20 has WebAssembly's relaxed multiply-add, by which floating-point code runs several times as fast, but keeps it behind a
 * flag; later versions have it always. To be called before anything is compiled.
 */
export function enableRelaxedMultiplyAdd(): void {
  const version = Number.parseInt(process.versions.node, 10);
  if (version < 22)
    for (const flag of ['relaxed-simd', 'branch-hinting']) setFlagsFromString(`--experimental-wasm-${flag}`);
}

import { setFlagsFromString } from 'node:v8';

/** Relaxed multiply-add, by which floating-point code runs several times as fast, and the marks of branches seldom taken. */
const features = ['relaxed-simd', 'branch-hinting'];

/**
 * Switches on what of WebAssembly core makes use of and Node 20 keeps behind flags; later versions have the first always. To be called
 * before anything is compiled.
 */
export function enableHostFeatures(): void {
  if (Number.parseInt(process.versions.node, 10) >= 22) return;
  for (const feature of features) setFlagsFromString(`--experimental-wasm-${feature}`);
}

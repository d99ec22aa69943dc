import { defineConfig } from 'tsup';

/** The one build shape of every package: ESM and types from src/index.ts, other packages imported by name. */
export const library = defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2022',
  // tsup sets `baseUrl`, which TypeScript 6 only tolerates when told to.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  sourcemap: true,
  clean: true,
  silent: true,
});

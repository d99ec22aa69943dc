import { defineConfig, type Options } from 'tsup';

/** The one build shape of every package: ESM and types from src/index.ts, other packages imported by name. */
export const shape: Options = {
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2022',
  // tsup sets `baseUrl`, which TypeScript 6 only tolerates when told to. Types of other packages come from their builds: quicker.
  dts: { compilerOptions: { ignoreDeprecations: '6.0', customConditions: [] } },
  sourcemap: true,
  clean: true,
  silent: true,
};

export const library = defineConfig(shape);

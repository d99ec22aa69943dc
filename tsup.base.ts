import { defineConfig } from 'tsup';

/** The one build shape of every library package: ESM and types from src/index.ts. */
export const library = defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
});

import { cp } from 'node:fs/promises';
import { defineConfig } from 'tsup';

/** A library's shape, and the built-in guest beside the code. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
  async onSuccess() {
    for (const file of ['kernel.elf', 'disk.img']) await cp(`../../guests/built/${file}`, `dist/guests/${file}`);
  },
});

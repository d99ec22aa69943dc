import { cp } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import { shape } from '../../tsup.base.ts';

/** A library's shape, and the built-in guest beside the code. */
export default defineConfig({
  ...shape,
  async onSuccess() {
    for (const file of ['kernel.elf', 'disk.img'])
      await cp(`../../guests/built/${file}`, `dist/guests/${file}`);
  },
});

// Bundles bench/interpreter.ts from the sources and runs it: node packages/core/bench/run.mjs [program] [engine]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const outDir = mkdtempSync(join(tmpdir(), 'trapline-bench-'));
try {
  await build({
    entry: [fileURLToPath(new URL('interpreter.ts', import.meta.url))],
    outDir,
    config: false,
    silent: true,
    format: 'esm',
    platform: 'node',
    outExtension: () => ({ js: '.mjs' }),
    noExternal: [/^@trapline\//],
    esbuildOptions: (options) => {
      options.conditions = ['@trapline/source'];
    },
  });
  await import(pathToFileURL(join(outDir, 'interpreter.mjs')).href);
} finally {
  rmSync(outDir, { recursive: true });
}

// `pnpm bench`: bundles src/main.ts from the sources and runs it. See README.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const outDir = mkdtempSync(join(tmpdir(), 'trapline-bench-code-'));
try {
  await build({
    entry: [fileURLToPath(new URL('src/main.ts', import.meta.url))],
    outDir,
    config: false,
    silent: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outExtension: () => ({ js: '.mjs' }),
  });
  const { main } = await import(pathToFileURL(join(outDir, 'main.mjs')).href);
  const root = fileURLToPath(new URL('..', import.meta.url));
  process.exitCode = await main(process.argv.slice(2), root);
} finally {
  rmSync(outDir, { recursive: true });
}

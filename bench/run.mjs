// `pnpm bench`: bundles src/main.ts from the sources and runs it. See README.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

const outDir = mkdtempSync(join(tmpdir(), 'trapline-bench-code-'));
// However it ends, nothing stays behind: neither files nor processes ('exit' is where the others clean up, too).
process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }))
  process.once(signal, () => process.exit(128 + number));
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

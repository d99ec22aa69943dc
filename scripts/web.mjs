// `npm run web`: installs, builds the page and serves it on loopback until it is stopped.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install } from './bootstrap.mjs';
import { root } from './workspace.mjs';

const page = join(root, 'apps/web');

async function main() {
  const { ok, output } = await install();
  if (!ok) throw new Error(output);
  const entry = createRequire(join(page, 'package.json')).resolve('vite/package.json');
  const { build, preview } = await import(pathToFileURL(join(entry, '../dist/node/index.js')).href);
  await build({ root: page, logLevel: 'warn' });
  const port = Number(process.env.PORT ?? 8086);
  const server = await preview({ root: page, preview: { host: '127.0.0.1', port } });
  console.log(`Trapline is at ${server.resolvedUrls.local[0]} (Ctrl-C stops serving).`);
}

await main();

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/** Writes `sw.js`: the service worker with the names of everything that was built, so the page works offline. */
function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => !name.endsWith('.map'));
      const digest = createHash('sha256');
      for (const name of files.sort()) {
        const item = bundle[name]!;
        digest.update(name).update(item.type === 'chunk' ? item.code : item.source);
      }
      const template = readFileSync(new URL('./src/service-worker.js', import.meta.url), 'utf8');
      const source = template
        .replace("'__VERSION__'", JSON.stringify(digest.digest('hex').slice(0, 16)))
        .replace("'__FILES__'", JSON.stringify(['./', ...files.filter((name) => name !== 'index.html')]));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses: the built folder works under any path of any host.
  base: './',
  resolve: { conditions: ['@trapline/source', ...defaultClientConditions] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  assetsInclude: ['**/*.elf', '**/*.img'],
  worker: { format: 'es' },
  build: { target: 'es2022', assetsInlineLimit: 0, sourcemap: false, modulePreload: { polyfill: false } },
  server: { fs: { allow: ['../..'] } },
  plugins: [offline()],
});

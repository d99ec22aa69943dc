import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './workspace.mjs';

function pages() {
  const docs = readdirSync(join(root, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, 'docs', name));
  return [...['README.md', 'CONTRIBUTING.md', 'bench/README.md'].map((page) => join(root, page)), ...docs];
}

/** What a page points at: relative links, and paths into the workspace written as code. */
function targets(page) {
  const text = readFileSync(page, 'utf8');
  const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, path]) =>
    join(dirname(page), path),
  );
  const paths = [...text.matchAll(/`((?:packages|docs|scripts|guests|apps)\/[\w./-]+)`/g)].map(([, path]) =>
    join(root, path),
  );
  return [...links, ...paths];
}

/** One result for each page: everything it points at exists. */
export async function checkDocs() {
  return pages().map((page) => {
    const missing = targets(page).filter((path) => !existsSync(path));
    const name = `${relative(root, page)} points at what exists`;
    return { name, ok: missing.length === 0, output: missing.map((path) => relative(root, path)).join('\n') };
  });
}

import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Bundler {
  build(options: Record<string, unknown>): Promise<unknown>;
}

const cli = fileURLToPath(new URL('../..', import.meta.url));

/** The command as one file built from the sources, laid out as the package is; gives its directory. */
export async function buildCommand(): Promise<string> {
  const fromHere = createRequire(import.meta.url);
  const { build }: Bundler = createRequire(fromHere.resolve('tsup'))('esbuild');
  const directory = mkdtempSync(join(tmpdir(), 'trapline-command-'));
  await build({
    entryPoints: [join(cli, 'src/index.ts')],
    outfile: join(directory, 'dist/index.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@trapline/source'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'error',
  });
  mkdirSync(join(directory, 'dist/guests'));
  for (const file of ['kernel.elf', 'disk.img'])
    cpSync(join(cli, '../../guests/built', file), join(directory, 'dist/guests', file));
  cpSync(join(cli, 'bin'), join(directory, 'bin'), { recursive: true });
  cpSync(join(cli, 'package.json'), join(directory, 'package.json'));
  return directory;
}

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { FileType, writeCpio } from '../src/cpio.ts';
import { mirrorsIn } from '../src/debian-packages.ts';

test('cpio lists what was written', () => {
  const archive = writeCpio([
    { path: 'bin', mode: FileType.directory | 0o755 },
    { path: 'bin/hello', mode: FileType.file | 0o755, data: new TextEncoder().encode('#!hello') },
    { path: 'console', mode: FileType.character | 0o600, device: [5, 1] },
    { path: 'link', mode: FileType.link | 0o777, data: new TextEncoder().encode('bin/hello') },
  ]);
  const listing = execFileSync('cpio', ['-itvn', '--quiet'], { input: archive }).toString();
  expect(listing).toMatch(/^drwxr-xr-x .* bin$/m);
  expect(listing).toMatch(/^-rwxr-xr-x .* 7 .* bin\/hello$/m);
  expect(listing).toMatch(/^crw------- .* 5, +1 .* console$/m);
  expect(listing).toMatch(/^lrwxrwxrwx .* link -> bin\/hello$/m);
  const content = execFileSync('cpio', ['-i', '--to-stdout', '--quiet', 'bin/hello'], { input: archive });
  expect(content.toString()).toBe('#!hello');
});

test('mirrors are read from both forms of apt sources', () => {
  const sources = `# deb http://old.example/debian bookworm main
deb [arch=amd64 signed-by=/k] http://one.example/debian/ trixie main contrib
deb-src http://src.example/debian trixie main
deb http://security.example/debian-security trixie-security main
Types: deb
URIs: https://two.example/debian http://three.example/debian
Suites: trixie
URIs: https://other.example/ubuntu`;
  expect(mirrorsIn(sources)).toEqual([
    'http://one.example/debian/',
    'https://two.example/debian',
    'http://three.example/debian',
  ]);
});

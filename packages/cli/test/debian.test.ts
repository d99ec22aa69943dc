import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCommand } from './support/built-command.ts';

// Opt-in: Debian's kernel, unmodified, to its userspace. TRAPLINE_IMAGES names a folder that `trapline image busybox -o FOLDER` made.
const images = process.env.TRAPLINE_IMAGES ?? '';
const firmware = '/usr/lib/riscv64-linux-gnu/opensbi/generic';
const greeting = 'trapline: userspace';

describe.skipIf(images === '')("Debian's kernel", () => {
  let command: string;
  beforeAll(async () => {
    command = await buildCommand();
  });
  afterAll(() => {
    rmSync(command, { recursive: true });
  });

  const boot = (...options: string[]) =>
    spawnSync(
      process.execPath,
      [
        join(command, 'bin/trapline.js'),
        'run',
        ...['--kernel', join(images, 'Image'), '--initrd', join(images, 'initrd.gz')],
        ...['--expect', greeting, '--fail', 'Kernel panic', '--timeout', '600', ...options],
      ],
      { encoding: 'latin1', maxBuffer: 1 << 26 },
    );

  const bios = ['builtin', join(firmware, 'fw_dynamic.bin'), join(firmware, 'fw_jump.bin')];
  const runs = ['shadow', 'none'].flatMap((monitor) =>
    [1, 2].flatMap((harts) => bios.map((file) => ({ monitor, harts, file, name: file.split('/').at(-1) }))),
  );

  test.each(runs)('$name, $harts harts, monitor $monitor', { timeout: 700_000 }, (run) => {
    if (run.file !== 'builtin')
      expect(existsSync(run.file), `${run.file}: Debian's package opensbi`).toBe(true);
    const { status, stdout } = boot('--monitor', run.monitor, '--harts', `${run.harts}`, '--bios', run.file);
    expect(status, stdout.slice(-2000)).toBe(0);
    expect(stdout).toContain(greeting);
  });

  test.each(['shadow', 'none'])(
    'the same instructions each time, monitor %s',
    { timeout: 1_400_000 },
    (monitor) => {
      const counts = [1, 2].map(() => {
        const { stdout } = boot('--monitor', monitor, '--deterministic', '--json', '--bios', 'builtin');
        return /"instructions":(\d+)/.exec(stdout)?.[1];
      });
      expect(counts[0]).toBeDefined();
      expect(counts[1]).toBe(counts[0]);
    },
  );
});

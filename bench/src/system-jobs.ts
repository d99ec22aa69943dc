import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { between, type Moment, type Step } from './console-reader.ts';
import { type Guest, guestCommand } from './contenders.ts';
import { type Job, runJob, type Sample, type Setting } from './job.ts';
import type { Session } from './session.ts';

/** What the /init of `trapline image busybox` prints once it runs, and what Linux prints last. */
export const userspaceMarker = 'trapline: userspace';
const POWEROFF_MARKER = 'reboot: Power down';

const LINUX_RAM_MIB = 512;
const XV6_RAM_MIB = 128;
const MIB = 1024 ** 2;

const sample = (row: string, took: Moment): Sample => ({ row, ...took, ownMs: undefined, wrong: undefined });

/** Debian's kernel from the start of the process to userspace, and on to the end. */
export function bootJobs(setting: Setting, images: string | undefined): Job[] {
  const rows = ['boot/userspace', 'boot/poweroff'];
  if (!rows.some((row) => setting.wants(row))) return [];
  const directory = images === undefined ? undefined : resolve(images);
  if (directory === undefined || !['Image', 'initrd.gz'].every((file) => existsSync(join(directory, file)))) {
    setting.note(
      'No boot times: `trapline image busybox DIR` makes the kernel and the initramfs for --images DIR.',
    );
    return [];
  }
  const guest: Guest = {
    kernel: join(directory, 'Image'),
    initrd: join(directory, 'initrd.gz'),
    append: 'console=ttyS0 trapline.poweroff',
    bare: false,
    ramMiB: LINUX_RAM_MIB,
  };
  const steps = [{ await: userspaceMarker }, { await: POWEROFF_MARKER }];
  const read = (session: Session) =>
    rows.flatMap((row, index) => {
      const at = session.steps[index];
      return at === undefined || !setting.wants(row) ? [] : [sample(row, at)];
    });
  return [
    {
      name: 'boot',
      rows: rows.filter((row) => setting.wants(row)),
      contenders: setting.guests,
      run: (contender) =>
        runJob(
          guestCommand(contender, guest, setting.cli),
          { steps, weighAt: userspaceMarker, failAt: /Kernel panic/, ramBytes: LINUX_RAM_MIB * MIB },
          setting.timeoutMs,
          read,
        ),
    },
  ];
}

const PROMPT: Step = { await: 'init: starting sh\n$ ' };
const TESTED = 'ALL TESTS PASSED';

/** xv6 from the start of the process to its shell's prompt, and its own tests from there. */
export function xv6Jobs(setting: Setting, folder: string | undefined, usertests: boolean): Job[] {
  const rows = ['xv6/prompt', ...(usertests ? ['xv6/usertests'] : [])].filter((row) => setting.wants(row));
  if (rows.length === 0) return [];
  const images = folder === undefined ? undefined : findXv6(resolve(folder));
  if (images === undefined) {
    setting.note('No xv6: --xv6 DIR names a folder with its `kernel` and `fs.img`.');
    return [];
  }
  const disk = join(setting.work, 'xv6.img');
  const guest: Guest = { kernel: images.kernel, bare: true, ramMiB: XV6_RAM_MIB, disk };
  const testing = rows.includes('xv6/usertests');
  const steps = testing ? [{ ...PROMPT, send: 'usertests -q\n' }, { await: TESTED }] : [PROMPT];
  const read = ({ steps: [prompt, tested] }: Session) => [
    ...(prompt === undefined ? [] : [sample('xv6/prompt', prompt)]),
    ...(prompt === undefined || tested === undefined
      ? []
      : [sample('xv6/usertests', between(prompt, tested))]),
  ];
  return [
    {
      name: 'xv6',
      rows,
      contenders: setting.guests,
      run: (contender) => {
        // Its tests write to it; every run begins with the same.
        copyFileSync(images.disk, disk);
        return runJob(
          guestCommand(contender, guest, setting.cli),
          { steps, stopAfterSteps: true, failAt: /panic|FAILED/, ramBytes: XV6_RAM_MIB * MIB },
          setting.timeoutMs,
          (session) => read(session).filter(({ row }) => rows.includes(row)),
        );
      },
    },
  ];
}

/** The kernel may be where xv6's own Makefile leaves it. */
function findXv6(folder: string): { readonly kernel: string; readonly disk: string } | undefined {
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const kernel = [join(folder, 'kernel'), join(folder, 'kernel/kernel')].find(isFile);
  const disk = join(folder, 'fs.img');
  return kernel !== undefined && isFile(disk) ? { kernel, disk } : undefined;
}

import { type CpioEntry, FileType, writeCpio } from '../../packages/cli/src/cpio.ts';

/** A program and how it is to be started. */
export interface Task {
  readonly name: string;
  readonly path: string;
  readonly arguments: readonly string[];
  readonly input: string;
}

/** The list init.c reads. */
export const taskList = (tasks: readonly Task[]): string =>
  tasks.map((task) => `${[task.name, task.input, task.path, ...task.arguments].join('|')}\n`).join('');

/** An initramfs that runs the tasks and switches the machine off; `read` gives the files named by `Task.path` and `init`. */
export function makeInitramfs(
  init: string,
  tasks: readonly Task[],
  read: (path: string) => Uint8Array,
): Uint8Array {
  const programs = tasks.map((task): CpioEntry => program(`bin/${task.name}`, read(task.path)));
  const list = taskList(tasks.map((task) => ({ ...task, path: `/bin/${task.name}` })));
  return writeCpio([
    ...['bin', 'dev', 'proc'].map((path): CpioEntry => ({ path, mode: FileType.directory | 0o755 })),
    { path: 'dev/console', mode: FileType.character | 0o600, device: [5, 1] },
    program('init', read(init)),
    ...programs,
    { path: 'programs', mode: FileType.file | 0o644, data: new TextEncoder().encode(list) },
  ]);
}

const program = (path: string, data: Uint8Array): CpioEntry => ({ path, mode: FileType.file | 0o755, data });

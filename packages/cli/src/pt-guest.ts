import { createMachine, type Machine } from '@trapline/machine';
import type { FileDisk } from './disks.ts';
import { ExitCode } from './exit-codes.ts';
import { Expectations } from './expectations.ts';
import { type Host, write } from './host.ts';
import { machineOptions } from './run-guest.ts';
import type { RunRequest } from './run-request.ts';
import { openSession } from './terminal.ts';
import { readAddress } from './walk/read-address.ts';
import { walkLines } from './walk/walk-lines.ts';
import { readWalk, walkJson } from './walk/walk-report.ts';

/** What to walk, in which run, and where in it. `run.expect` are texts the run stops at. */
export interface WalkRequest {
  readonly address: string;
  readonly hart: number;
  readonly satp: bigint | undefined;
  readonly run: RunRequest;
}

/** Runs a guest to the moment that is asked for and prints both walks. Resolves to the exit code; rejects with HostError. */
export async function walkGuest(request: WalkRequest, host: Host): Promise<number> {
  const disks: FileDisk[] = [];
  try {
    const machine = await createMachine(machineOptions(request.run, disks));
    // A mistyped address must not cost a run.
    readAddress(request.address, machine, request.hart);
    const missing = await runTo(machine, request.run, host);
    const address = readAddress(request.address, machine, request.hart);
    const report = readWalk(machine, { ...request, address });
    const text = request.run.json ? walkJson(report) : walkLines(report).join('\n');
    await write(host.stdout, `${text}\n`);
    if (missing === undefined) return ExitCode.ok;
    await write(
      host.stderr,
      `trapline: the run ended before the guest printed ${JSON.stringify(missing)}; this is how it ended\n`,
    );
    return ExitCode.failed;
  } finally {
    await Promise.all(disks.map((disk) => disk.close()));
  }
}

/** Runs until the text, the limits, a signal or the guest's end; a text that never came is the answer. */
async function runTo(machine: Machine, run: RunRequest, host: Host): Promise<string | undefined> {
  const wanted = new Expectations(run.expect, []);
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    machine.pause();
  };
  machine.onOutput((bytes) => {
    if (wanted.watching && wanted.feed(bytes)) stop();
    return write(host.stderr, bytes);
  });
  const session = openSession(host, {
    input: (bytes) => machine.input(bytes),
    command: (command) => command === 'quit' && stop(),
    end: stop,
  });
  try {
    const { maxInstructions, timeoutMs } = run;
    await machine.run({ maxInstructions, timeoutMs });
  } finally {
    session.close();
  }
  return stopped ? undefined : wanted.missing[0];
}

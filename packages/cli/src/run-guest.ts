import { createWriteStream, openSync } from 'node:fs';
import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import {
  createMachine,
  type ExitReason,
  type Machine,
  type MachineOptions,
  type Profiler,
} from '@trapline/machine';
import { builtinGuest, builtinGuestName } from './builtin-guest.ts';
import { type FileDisk, openFileDisk } from './disks.ts';
import { type Command, keyHelp } from './escape-keys.ts';
import { ExitCode } from './exit-codes.ts';
import { Expectations, type Verdict } from './expectations.ts';
import { fileError, readNamed } from './files.ts';
import { type Host, write } from './host.ts';
import { Overlays } from './overlay/overlays.ts';
import { saveProfile } from './profile.ts';
import type { RunRequest } from './run-request.ts';
import { jsonReport, statisticsLines } from './statistics.ts';
import { openSession } from './terminal.ts';
import { startTrace } from './trace.ts';

const NANOSECONDS_PER_MS = 1_000_000n;

/** How a run came out: the exit code, and a sentence when the code alone would puzzle. */
export interface Outcome {
  readonly code: number;
  readonly reason: string;
  readonly message?: string | undefined;
}

/** Boots what the request names, with the host's terminal as its console. Resolves to the exit code; rejects with HostError. */
export async function runGuest(request: RunRequest, host: Host): Promise<number> {
  const disks: FileDisk[] = [];
  const logs: Writable[] = [];
  try {
    const options = machineOptions(request, disks);
    const log = request.serialLog === undefined ? undefined : openLog('serial log', request.serialLog, logs);
    const traceTo =
      request.traceFile === undefined ? host.stderr : openLog('trace file', request.traceFile, logs);
    // Now, not after a long run, is the time to hear that it cannot be written.
    if (request.profile !== undefined) saveProfile(request.profile, []);
    return await new GuestRun(request, host, options, disks, log, traceTo).run();
  } finally {
    await Promise.all(disks.map((disk) => disk.close()));
    for (const log of logs) log.end();
    await Promise.all(logs.map((log) => finished(log).catch(() => undefined)));
  }
}

function openLog(what: string, path: string, logs: Writable[]): Writable {
  try {
    const stream = createWriteStream(path, { fd: openSync(path, 'w') });
    logs.push(stream);
    return stream;
  } catch (error) {
    throw fileError(what, path, error);
  }
}

/** The machine a request describes; disks it opened are added to `opened`, for the caller to close. */
export function machineOptions(request: RunRequest, opened: FileDisk[]): MachineOptions {
  const bios = request.bios;
  // Firmware that carries its own payload needs no guest.
  const builtin =
    request.guest === undefined && (bios === undefined || bios === 'none') ? builtinGuest() : undefined;
  const kernel =
    builtin?.kernel ?? (request.guest === undefined ? undefined : readNamed('kernel', request.guest));
  const firmware =
    bios === undefined || bios === 'none' || bios === 'builtin' ? bios : readNamed('firmware', bios);
  const initrd = request.initrd === undefined ? undefined : readNamed('initrd', request.initrd);
  const dtb = request.dtb === undefined ? undefined : readNamed('device tree', request.dtb);
  const disks = request.disks.map(({ path, readOnly, slot }) => {
    const disk = openFileDisk(path, readOnly, request.deterministic);
    opened.push(disk);
    return { backend: disk.backend, slot };
  });
  return {
    ramBytes: request.ramBytes,
    harts: request.harts,
    monitor: request.monitor,
    intercept: request.intercept,
    ...(request.engine && { engine: request.engine }),
    clock: request.deterministic ? 'deterministic' : 'realtime',
    seed: request.seed,
    wallClock: { nanoseconds: () => BigInt(Date.now()) * NANOSECONDS_PER_MS },
    kernel,
    bios: firmware,
    initrd,
    dtb,
    append: request.append,
    disks: disks.length === 0 && builtin ? [{ backend: builtin.disk }] : disks,
  };
}

/** One run from boot to exit code, restarts of the guest included. */
class GuestRun {
  readonly #request: RunRequest;
  readonly #host: Host;
  readonly #options: MachineOptions;
  readonly #disks: readonly FileDisk[];
  readonly #log: Writable | undefined;
  readonly #traceTo: Writable;
  readonly #expectations: Expectations;
  readonly #overlays: Overlays;
  readonly #started = performance.now();
  #verdict: Verdict | undefined;
  #ended: number | undefined;
  #machine: Machine | undefined;
  readonly #profilers: Profiler[] = [];

  constructor(
    request: RunRequest,
    host: Host,
    options: MachineOptions,
    disks: readonly FileDisk[],
    log: Writable | undefined,
    traceTo: Writable,
  ) {
    this.#request = request;
    this.#host = host;
    this.#options = options;
    this.#disks = disks;
    this.#log = log;
    this.#traceTo = traceTo;
    this.#expectations = new Expectations(request.expect, request.fail);
    this.#overlays = new Overlays(host, this.#console, {
      guest: basename(request.guest ?? builtinGuestName),
      monitor: request.monitor,
      machine: () => this.#machine!,
    });
  }

  async run(): Promise<number> {
    let machine = await this.#boot();
    const session = openSession(this.#host, {
      input: (bytes) => this.#machine?.input(this.#overlays.typed(bytes)),
      command: (command) => this.#command(command),
      end: (code) => this.#end(code),
    });
    const traceGone = (): void => this.#end(ExitCode.host);
    if (this.#request.trace) this.#traceTo.on('error', traceGone);
    let reason: ExitReason;
    try {
      reason = await this.#runOnce(machine);
      while (reason.kind === 'reset' && this.#verdict === undefined && this.#ended === undefined) {
        await Promise.all(this.#disks.map((disk) => disk.settle()));
        machine = await this.#boot();
        reason = await this.#runOnce(machine);
      }
    } finally {
      await this.#overlays.close();
      session.close();
      this.#traceTo.off('error', traceGone);
    }
    const outcome = this.#outcome(reason);
    await this.#report(machine, outcome);
    return outcome.code;
  }

  async #boot(): Promise<Machine> {
    const machine = await createMachine(this.#options);
    machine.onOutput((bytes) => this.#output(bytes));
    const trace = (line: string) => this.#overlays.output.put(this.#traceTo, line);
    if (this.#request.trace) startTrace(machine, this.#request.trace, trace);
    if (this.#request.profile !== undefined)
      this.#profilers.push(machine.startProfile({ interval: this.#request.profileInterval }));
    this.#machine = machine;
    return machine;
  }

  #runOnce(machine: Machine): Promise<ExitReason> {
    const { timeoutMs, maxInstructions } = this.#request;
    const spent = performance.now() - this.#started;
    return machine.run({
      maxInstructions,
      timeoutMs: timeoutMs === undefined ? undefined : Math.max(1, timeoutMs - spent),
    });
  }

  #output(bytes: Uint8Array): Promise<void> {
    this.#log?.write(bytes);
    if (this.#expectations.watching && this.#verdict === undefined) {
      this.#verdict = this.#expectations.feed(bytes);
      if (this.#verdict) this.#machine?.pause();
    }
    return this.#overlays.output.write(this.#console, bytes);
  }

  /** Where what the guest prints goes. */
  get #console(): Host['stdout'] {
    return this.#request.json ? this.#host.stderr : this.#host.stdout;
  }

  #command(command: Command): void {
    if (command === 'quit') this.#end(ExitCode.ok);
    else if (command === 'live' || command === 'walk') this.#overlays.toggle(command);
    else if (this.#overlays.open) return;
    else if (command === 'help') this.#say(keyHelp);
    else if (this.#machine) this.#say(statisticsLines(this.#machine.stats()));
  }

  /** Lines for a terminal in raw mode. */
  #say(lines: readonly string[]): void {
    this.#host.stderr.write(`\r\n${lines.join('\r\n')}\r\n`);
  }

  #end(code: number): void {
    this.#ended ??= code;
    this.#machine?.pause();
  }

  #outcome(reason: ExitReason): Outcome {
    if (this.#ended !== undefined) return { code: this.#ended, reason: 'ended' };
    if (this.#verdict?.kind === 'failed')
      return {
        code: ExitCode.failText,
        reason: 'fail',
        message: `the guest printed ${JSON.stringify(this.#verdict.text)}`,
      };
    if (this.#verdict) return { code: ExitCode.ok, reason: 'expected' };
    const outcome = outcomeOf(reason, this.#request);
    const missing = this.#expectations.missing;
    if (outcome.code !== ExitCode.ok || missing.length === 0) return outcome;
    return {
      ...outcome,
      code: ExitCode.failed,
      message: `the guest ended before it printed ${missing.map((text) => JSON.stringify(text)).join(' and ')}`,
    };
  }

  async #report(machine: Machine, outcome: Outcome): Promise<void> {
    const { stderr, stdout } = this.#host;
    if (this.#request.profile !== undefined)
      saveProfile(
        this.#request.profile,
        this.#profilers.flatMap(({ samples }) => samples),
      );
    if (outcome.message) await write(stderr, `trapline: ${outcome.message}\n`);
    if (this.#request.stats) await write(stderr, `${statisticsLines(machine.stats()).join('\n')}\n`);
    if (this.#request.json) await write(stdout, `${JSON.stringify(jsonReport(machine, outcome))}\n`);
  }
}

function outcomeOf(reason: ExitReason, request: RunRequest): Outcome {
  switch (reason.kind) {
    case 'guest':
      // A process can only pass on eight bits; a failure must not become success on the way.
      return { code: reason.code & 255 || (reason.code === 0 ? 0 : 255), reason: 'guest' };
    case 'timeout':
      return {
        code: ExitCode.timeout,
        reason: 'timeout',
        message: `the guest was still running after ${(request.timeoutMs ?? 0) / 1000} s`,
      };
    case 'instructionLimit':
      return {
        code: ExitCode.instructionLimit,
        reason: 'instructionLimit',
        message: `the guest was still running after ${request.maxInstructions} instructions`,
      };
    case 'halted':
      return { code: ExitCode.failed, reason: 'halted', message: 'every hart is stopped' };
    case 'policy':
      return { code: ExitCode.failed, reason: 'policy', message: `the policy ended the run: ${reason.why}` };
    case 'reset':
    case 'paused':
      return { code: ExitCode.ok, reason: reason.kind };
  }
}

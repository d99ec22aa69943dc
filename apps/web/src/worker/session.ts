import {
  type AddressReading,
  createMachine,
  type ExitReason,
  type HartReading,
  type Inspector,
  type Machine,
  type MachineOptions,
  type NamedFile,
  type TableEntry,
} from '@trapline/machine';
import { type FileReference, type FileRole, fileRoles, type MachineConfig } from '../machine/config.ts';
import type { ExitPage, ExitQuery, OpenedExit, Strip, StripQuery } from '../machine/exits.ts';
import type { ExitFilter } from '../machine/filter.ts';
import type {
  BootReport,
  BootRequest,
  DiskFigures,
  MachineEvent,
  MachineFigures,
  MachineState,
} from '../machine/protocol.ts';
import { type OpenDisk, openDisk } from './disk-cupboard.ts';
import { FileShelf } from './file-shelf.ts';
import { OutputTail } from './output-tail.ts';
import { Recorder } from './recorder.ts';
import { SpeedLimit } from './speed-limit.ts';

type PauseReason = 'you' | 'hidden' | 'breakpoint';

/** Bytes a guest may print before the page has shown them. */
const outputAheadBytes = 256 * 1024;

/** One machine: what the page calls, and the loop that runs it. */
export class Session {
  readonly #send: (event: MachineEvent) => void;
  readonly #shelf = new FileShelf();
  readonly #speed = new SpeedLimit();
  readonly #pauses = new Set<PauseReason>();
  readonly #recorder = new Recorder((number) => this.#hit(number));
  #stopFilter: ExitFilter | undefined;
  #awaited: ((exit: number | undefined) => void) | undefined;
  readonly #tail = new OutputTail();
  #options: MachineOptions | undefined;
  #disk: OpenDisk | undefined;
  #machine: Machine | undefined;
  #driving: Promise<void> | undefined;
  #unshown = 0;
  #shown: (() => void) | undefined;
  #ended = false;

  constructor(send: (event: MachineEvent) => void) {
    this.#send = send;
  }

  /** Makes the machine and lets it run. Rejects with one sentence when it cannot be made. */
  async boot(request: BootRequest): Promise<BootReport> {
    await this.#stop();
    this.#pauses.delete('breakpoint');
    this.#pauses.delete('you');
    this.#state({ kind: 'booting' });
    try {
      const { files, references } = await this.#collect(request);
      this.#disk?.kept?.close();
      this.#disk =
        files.disk &&
        (await openDisk(files.disk, request.config.number, (message) =>
          this.#send({ kind: 'notice', message }),
        ));
      this.#options = this.#optionsOf(request.config, files);
      this.#speed.rate = request.config.speed;
      await this.#start();
      return { files: references };
    } catch (error) {
      this.#state({ kind: 'failed', message: sentence(error) });
      throw error;
    }
  }

  /** The same machine again from its first instruction, running unless `paused`; its disk keeps what was written. */
  async reset(paused = false): Promise<void> {
    if (this.#options === undefined) return;
    await this.#stop();
    this.#pauses.delete('breakpoint');
    this.#pauses.delete('you');
    if (paused) this.#pauses.add('you');
    await this.#start();
  }

  pause(why: PauseReason): void {
    this.#pauses.add(why);
    if (this.#driving) this.#machine?.pause();
    else this.#tellPause();
  }

  resume(why: PauseReason): void {
    this.#pauses.delete(why);
    if (why === 'you') this.#pauses.delete('breakpoint');
    if (this.#pauses.size > 0) this.#tellPause();
    else this.#drive();
  }

  /** Runs so many instructions of a paused machine. */
  step(instructions: number): void {
    if (this.#machine === undefined || this.#driving || this.#ended) return;
    const ending = this.#machine.step(instructions);
    if (ending) this.#finish(ending);
  }

  setSpeed(rate: number): void {
    this.#speed.rate = rate;
    this.#speed.reset(performance.now());
  }

  input(bytes: Uint8Array): void {
    this.#machine?.input(bytes);
  }

  /** The page has shown so many bytes of output. */
  shown(bytes: number): void {
    this.#unshown -= bytes;
    if (this.#unshown <= outputAheadBytes / 2) this.#shown?.();
  }

  figures(): MachineFigures | undefined {
    return this.#machine && { ...this.#machine.stats(), atMs: performance.now() };
  }

  /** The disk of the machine and what became of it. */
  disk(): DiskFigures | undefined {
    return this.#disk && { name: this.#disk.name, changedBytes: this.#disk.kept?.changedBytes };
  }

  /** The whole disk as the guest sees it now. */
  exportDisk(): Blob | undefined {
    this.#disk?.backend.flush();
    return this.#disk && new Blob([this.#disk.contents()], { type: 'application/octet-stream' });
  }

  /** Forgets what the guest wrote to its disk, and starts it again. */
  async discardDisk(): Promise<void> {
    await this.#stop();
    this.#disk?.kept?.discard();
    await this.#start();
  }

  // The trap explorer

  /** Keeps exits from now on, or stops doing that. */
  record(on: boolean): void {
    this.#recorder.record(on);
  }

  /** Pauses the machine at every exit that matches; undefined: at none. */
  stopAt(filter: ExitFilter | undefined): void {
    this.#stopFilter = filter;
    this.#recorder.stopAt(filter);
  }

  /** Lets the machine run to the next exit that matches and pauses it there; undefined when none came in time. */
  async runTo(filter: ExitFilter, timeoutMs: number): Promise<OpenedExit | undefined> {
    this.#recorder.stopAt(filter);
    const timer = setTimeout(() => this.#awaited?.(undefined), timeoutMs);
    const number = await new Promise<number | undefined>((resolve) => {
      this.#awaited = resolve;
      this.resume('you');
    });
    clearTimeout(timer);
    this.#awaited = undefined;
    this.#recorder.stopAt(this.#stopFilter);
    if (number === undefined) this.pause('you');
    await this.#driving;
    return number === undefined ? undefined : this.#recorder.open(number);
  }

  /** Waits until the guest has printed the text lately, since it started; whether it came in time. */
  async printed(text: string, timeoutMs: number): Promise<boolean> {
    return this.#tail.wait(text, timeoutMs);
  }

  #hit(number: number): void {
    this.pause('breakpoint');
    this.#awaited?.(number);
  }

  exits(query: ExitQuery): ExitPage {
    return this.#recorder.page(query);
  }

  openExit(number: number): OpenedExit | undefined {
    return this.#recorder.open(number);
  }

  strip(query: StripQuery): Strip {
    return this.#recorder.strip(query);
  }

  hart(id: number): HartReading | undefined {
    return this.#machine?.inspector.hart(Math.min(id, this.#machine.harts.length - 1));
  }

  table(...args: Parameters<Inspector['table']>): TableEntry[] {
    return this.#machine?.inspector.table(...args) ?? [];
  }

  walk(hart: number, va: bigint): AddressReading | undefined {
    return this.#machine?.inspector.walk(hart, va);
  }

  /** An address by its symbol's name. */
  addressOf(symbol: string): bigint | undefined {
    return this.#machine?.symbols.addressOf(symbol);
  }

  nameOf(address: bigint): string | undefined {
    return this.#machine?.symbols.nameOf(address);
  }

  #state(state: MachineState): void {
    this.#send({ kind: 'state', state });
  }

  #tellPause(): void {
    const why = (['breakpoint', 'you', 'hidden'] as const).find((reason) => this.#pauses.has(reason));
    if (why && this.#machine && !this.#ended) this.#state({ kind: 'paused', why });
  }

  async #collect(request: BootRequest) {
    const files: Partial<Record<FileRole, NamedFile>> = {};
    const references: Partial<Record<FileRole, FileReference>> = {};
    for (const role of fileRoles) {
      const given = request.files[role];
      if (given === undefined) continue;
      const kept = await this.#shelf.take(given, (message) => this.#send({ kind: 'notice', message }));
      files[role] = kept.file;
      references[role] = kept.reference;
    }
    if (files.kernel === undefined && files.bios === undefined) {
      files.kernel = await download(request.builtin.kernel, 'perch');
      files.disk ??= await download(request.builtin.disk, 'perch.img');
    }
    return { files, references };
  }

  #optionsOf(config: MachineConfig, files: Partial<Record<FileRole, NamedFile>>): MachineOptions {
    const { disk: _, bios, ...rest } = files;
    return {
      ...rest,
      bios: bios ?? (config.firmware === 'auto' ? undefined : config.firmware),
      ramBytes: config.memoryMiB * 2 ** 20,
      harts: config.harts,
      monitor: config.monitor,
      engine: config.engine,
      clock: config.clock,
      seed: config.seed,
      append: config.append === '' ? undefined : config.append,
      disks: this.#disk ? [{ backend: this.#disk.backend }] : [],
      wallClock: { nanoseconds: () => BigInt(Date.now()) * 1_000_000n },
    };
  }

  async #start(): Promise<void> {
    this.#ended = false;
    const machine = await createMachine(this.#options!);
    this.#machine = machine;
    this.#recorder.attach(machine);
    this.#tail.clear();
    machine.onOutput((bytes) => this.#output(bytes));
    if (this.#pauses.size > 0) this.#tellPause();
    else this.#drive();
  }

  async #stop(): Promise<void> {
    const { driving, machine } = { driving: this.#driving, machine: this.#machine };
    this.#machine = undefined;
    this.#recorder.attach(undefined);
    if (driving) machine?.pause();
    this.#shown?.();
    await driving;
    this.#unshown = 0;
  }

  #output(bytes: Uint8Array): Promise<void> | undefined {
    this.#tail.push(bytes);
    this.#send({ kind: 'output', bytes });
    this.#unshown += bytes.length;
    if (this.#unshown < outputAheadBytes) return undefined;
    return new Promise((resolve) => {
      this.#shown = () => {
        this.#shown = undefined;
        resolve();
      };
    });
  }

  /** Runs the machine until it ends or is paused. */
  #drive(): void {
    const machine = this.#machine;
    if (this.#driving || machine === undefined || this.#ended) return;
    this.#state({ kind: 'running' });
    this.#speed.reset(performance.now());
    // A turn later: what stops the machine must find that it is being driven.
    this.#driving = Promise.resolve()
      .then(() => this.#loop(machine))
      .then((reason) => {
        this.#driving = undefined;
        if (reason) this.#finish(reason);
      })
      .catch((error: unknown) => {
        this.#driving = undefined;
        this.#ended = true;
        this.#state({ kind: 'failed', message: `the machine broke: ${sentence(error)}` });
      });
  }

  async #loop(machine: Machine): Promise<ExitReason | undefined> {
    while (this.#machine === machine && this.#pauses.size === 0) {
      const { waitMs, instructions } = this.#speed.next(performance.now());
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (this.#machine !== machine || this.#pauses.size > 0) break;
      const before = machine.instructions;
      const reason = await machine.run({ maxInstructions: instructions });
      this.#speed.spend(machine.instructions - before);
      if (reason.kind !== 'instructionLimit' && reason.kind !== 'paused') return reason;
    }
    return this.#machine === machine ? { kind: 'paused' } : undefined;
  }

  #finish(reason: ExitReason): void {
    if (reason.kind === 'paused') {
      if (this.#pauses.size > 0) this.#tellPause();
      else this.#drive();
      return;
    }
    if (reason.kind === 'reset') {
      void this.#start().catch((error) => this.#state({ kind: 'failed', message: sentence(error) }));
      return;
    }
    this.#ended = true;
    this.#state({ kind: 'ended', message: endings(reason) });
  }
}

function endings(reason: ExitReason): string {
  if (reason.kind === 'guest')
    return reason.code === 0 ? 'The guest powered off.' : `The guest ended with code ${reason.code}.`;
  if (reason.kind === 'policy') return `The policy ended the run: ${reason.why}.`;
  return 'Every hart is stopped: nothing can happen any more.';
}

async function download(address: string, name: string): Promise<NamedFile> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${name} could not be loaded: the server answered ${response.status}`);
  return { name, bytes: new Uint8Array(await response.arrayBuffer()) };
}

/** What a reader is told: the sentence, and the way out when there is one. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : '';
  const message = error.message.endsWith('.') ? error.message : `${error.message}.`;
  return message + hint;
}

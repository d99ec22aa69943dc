import { batch, computed, type Signal, signal } from '@preact/signals';
import diskAddress from '../../../../guests/built/disk.img?url';
import kernelAddress from '../../../../guests/built/kernel.elf?url';
import { type FileRole, isBuiltin, type MachineConfig } from '../machine/config.ts';
import type {
  BootRequest,
  GivenFile,
  MachineEvent,
  MachineFigures,
  MachineState,
} from '../machine/protocol.ts';
import { type Remote, RemoteError, remote } from '../machine/rpc.ts';
import type { Session } from '../worker/session.ts';
import { Screen } from './screen.ts';

const pollMs = 500;
/** A worker that says nothing for so long is dead, or starved beyond use. */
const silenceMs = 10_000;
const noticesKept = 4;

const absolute = (address: string): string => new URL(address, document.baseURI).href;

/** One machine of the page: its worker, its screen and what is known of it. */
export class MachineTab {
  readonly config: Signal<MachineConfig>;
  readonly state = signal<MachineState>({ kind: 'booting' });
  readonly figures = signal<MachineFigures | undefined>(undefined);
  /** Instructions per second over the last interval. */
  readonly rate = signal(0);
  readonly notices = signal<readonly string[]>([]);
  /** Whether the worker has stopped answering. */
  readonly dead = signal(false);
  readonly screen: Screen;
  readonly title = computed(() => {
    const { files, number } = this.config.value;
    const name = isBuiltin(this.config.value) ? 'perch' : (files.kernel ?? files.bios)?.name;
    return `${number} ${name}`;
  });
  readonly #given: Partial<Record<FileRole, GivenFile>> = {};
  #worker!: Worker;
  #api!: Remote<Session>;
  #fail!: (message: string) => void;
  #visible = false;
  #polling: ReturnType<typeof setTimeout> | undefined;

  constructor(config: MachineConfig) {
    this.config = signal(config);
    this.screen = new Screen((bytes) => void this.#api.input(bytes));
    Object.assign(this.#given, config.files);
    this.#hire();
  }

  /** The machine as its worker has it. */
  get api(): Remote<Session> {
    return this.#api;
  }

  get number(): number {
    return this.config.value.number;
  }

  /** Boots what is configured, with other files where some are given (null: no such file any more). */
  async boot(files: Readonly<Partial<Record<FileRole, GivenFile | null>>> = {}): Promise<void> {
    for (const [role, file] of Object.entries(files) as [FileRole, GivenFile | null][]) {
      if (file === null) delete this.#given[role];
      else this.#given[role] = file;
    }
    this.notices.value = [];
    this.screen.clear();
    const request: BootRequest = {
      config: this.config.value,
      files: this.#given,
      builtin: { kernel: absolute(kernelAddress), disk: absolute(diskAddress) },
    };
    try {
      const report = await this.#api.boot(request);
      Object.assign(this.#given, report.files);
      this.config.value = { ...this.config.value, files: report.files };
    } catch {
      // The state says what was wrong.
    }
  }

  /** Another worker in place of one that died; its disk is as the guest last wrote it. */
  async revive(): Promise<void> {
    this.#worker.terminate();
    this.#hire();
    await this.boot();
  }

  async reset(): Promise<void> {
    this.screen.clear();
    if (this.state.value.kind === 'failed') await this.boot();
    else await this.#api.reset();
  }

  setSpeed(rate: number): void {
    this.config.value = { ...this.config.value, speed: rate };
    void this.#api.setSpeed(rate);
  }

  tell(message: string): void {
    this.notices.value = [...this.notices.value.filter((known) => known !== message), message].slice(
      -noticesKept,
    );
  }

  /** Nobody looks at a hidden machine: it stands still and nobody asks it anything. */
  show(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    clearTimeout(this.#polling);
    if (visible) {
      void this.#api.resume('hidden');
      void this.#poll();
    } else void this.#api.pause('hidden');
  }

  close(): void {
    clearTimeout(this.#polling);
    this.#visible = false;
    this.#worker.terminate();
    this.screen.dispose();
  }

  #hire(): void {
    this.#worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module' });
    const { api, fail } = remote<Session, MachineEvent>(this.#worker, (event) => this.#hear(event));
    this.#api = api;
    this.#fail = fail;
    if (!this.#visible) void api.pause('hidden');
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#died(event.message);
    });
    batch(() => {
      this.dead.value = false;
      this.state.value = { kind: 'booting' };
    });
  }

  #died(why: string | undefined): void {
    if (this.dead.value) return;
    this.dead.value = true;
    this.#fail('the worker is dead');
    this.tell(`The machine's worker stopped${why ? ` (${why})` : ''}; what its disk holds is kept.`);
  }

  #hear(event: MachineEvent): void {
    if (event.kind === 'output')
      this.screen.show(event.bytes, () => void this.#api.shown(event.bytes.length));
    else if (event.kind === 'state') this.state.value = event.state;
    else this.tell(event.message);
  }

  async #poll(): Promise<void> {
    const asked = this.#worker;
    const silence = setTimeout(() => this.#worker === asked && this.#died(undefined), silenceMs);
    try {
      const figures = await this.#api.figures();
      if (asked === this.#worker && figures) this.#note(figures);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
    }
    clearTimeout(silence);
    if (this.#visible) this.#polling = setTimeout(() => void this.#poll(), pollMs);
  }

  #note(figures: MachineFigures): void {
    const before = this.figures.value;
    const ms = before ? figures.atMs - before.atMs : 0;
    const ran = before ? figures.instructions - before.instructions : 0;
    batch(() => {
      this.rate.value = ms > 0 && ran > 0 ? (ran * 1000) / ms : 0;
      this.figures.value = figures;
    });
  }
}

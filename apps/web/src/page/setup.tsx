import { useRef } from 'preact/hooks';
import { usePolled } from '../explorer/poll.ts';
import {
  bounds,
  clocks,
  engines,
  type FileRole,
  fileRoles,
  type MachineConfig,
  monitors,
  roleNames,
} from '../machine/config.ts';
import { kibibytes } from './format.ts';
import type { MachineTab } from './machine-tab.ts';
import { useFiles } from './use-files.ts';

const monitorNames = {
  shadow: 'shadow: deprivileged under the monitor',
  none: 'none: the bare machine',
} as const;
const clockNames = { realtime: 'real time', deterministic: 'deterministic, made of instructions' } as const;
const engineNames = {
  interpreter: 'interpreter',
  translator: 'translator',
  reference: 'reference (slow)',
} as const;

/** The attribute that makes an input choose folders; the typings do not know it. */
const pickFolders = (input: HTMLInputElement | null) => input?.setAttribute('webkitdirectory', '');

/** The form of a machine: what it has and what it boots. */
export function Setup({ tab }: { tab: MachineTab }) {
  const form = useRef<HTMLFormElement>(null);
  const config = tab.config.value;
  const apply = (event: Event) => {
    event.preventDefault();
    tab.config.value = { ...config, ...readForm(new FormData(form.current!)) };
    void tab.boot();
    tab.screen.focus();
  };
  return (
    <form ref={form} class="setup" onSubmit={apply}>
      <h2>Machine {tab.number}</h2>
      <Files tab={tab} />
      <Disk tab={tab} />
      <label>
        Memory, MiB
        <input
          type="number"
          name="memoryMiB"
          min={bounds.memoryMiB.least}
          max={bounds.memoryMiB.most}
          value={config.memoryMiB}
          required
        />
      </label>
      <label>
        Harts
        <input
          type="number"
          name="harts"
          min={bounds.harts.least}
          max={bounds.harts.most}
          value={config.harts}
          required
        />
      </label>
      <Choice label="Monitor" name="monitor" values={monitors} names={monitorNames} value={config.monitor} />
      <Choice label="Engine" name="engine" values={engines} names={engineNames} value={config.engine} />
      <Choice label="Clock" name="clock" values={clocks} names={clockNames} value={config.clock} />
      <label>
        Kernel command line
        <input type="text" name="append" value={config.append} autocomplete="off" spellcheck={false} />
      </label>
      <button type="submit" class="main">
        Boot
      </button>
      <p class="note">
        The address of this page carries the settings of all its machines: copy it to share them. Files stay
        in your browser.
      </p>
    </form>
  );
}

/** Every field has its bounds in the form: what arrives here is legal. */
function readForm(data: FormData): Partial<MachineConfig> {
  const text = (name: string): string => String(data.get(name));
  return {
    memoryMiB: Number(text('memoryMiB')),
    harts: Number(text('harts')),
    monitor: monitors.find((name) => name === text('monitor'))!,
    engine: engines.find((name) => name === text('engine'))!,
    clock: clocks.find((name) => name === text('clock'))!,
    append: text('append'),
  };
}

function Choice<T extends string>(props: {
  label: string;
  name: string;
  values: readonly T[];
  names: Readonly<Record<T, string>>;
  value: T;
}) {
  return (
    <label>
      {props.label}
      <select name={props.name} value={props.value}>
        {props.values.map((value) => (
          <option key={value} value={value}>
            {props.names[value]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Files({ tab }: { tab: MachineTab }) {
  const { files } = tab.config.value;
  const roles = fileRoles.filter((role) => files[role]);
  const pick = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    void useFiles(tab, [...(input.files ?? [])]);
    input.value = '';
  };
  return (
    <fieldset>
      <legend>Guest</legend>
      {roles.length === 0 && <p>perch, the built-in teaching kernel</p>}
      <ul>
        {roles.map((role: FileRole) => (
          <li key={role}>
            {roleNames[role]}: <b>{files[role]?.name}</b>
            <button
              type="button"
              class="close"
              aria-label={`Remove ${roleNames[role]}`}
              onClick={() => void tab.boot({ [role]: null })}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <label class="pick">
        Choose files
        <input type="file" multiple onChange={pick} />
      </label>
      <label class="pick">
        Choose a folder
        <input type="file" multiple onChange={pick} ref={pickFolders} />
      </label>
      <p class="note">
        Or drop a kernel, initial RAM disk, disk image or a folder of them anywhere on the page.
      </p>
    </fieldset>
  );
}

const pollMs = 1000;

/** What the guest wrote to its disk, to be taken away or thrown away. */
function Disk({ tab }: { tab: MachineTab }) {
  const answer = usePolled(() => tab.api.disk(), pollMs, [tab, tab.api, tab.state.value.kind]);
  const disk = answer.value;
  if (!disk) return null;
  const { changedBytes } = disk;
  const take = async () => {
    const blob = await tab.api.exportDisk();
    if (blob) save(blob, disk.name);
  };
  return (
    <fieldset>
      <legend>Disk {disk.name}</legend>
      <p>
        {changedBytes === undefined
          ? 'Changes are not kept by this browser.'
          : `${kibibytes(changedBytes)} of it were changed by the guest and are kept by this browser.`}
      </p>
      <div class="line">
        <button type="button" onClick={() => void take()}>
          Export the disk
        </button>
        <button
          type="button"
          disabled={changedBytes === undefined || changedBytes === 0}
          onClick={() => {
            tab.screen.clear();
            void tab.api.discardDisk();
          }}
        >
          Discard changes and reset
        </button>
      </div>
    </fieldset>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

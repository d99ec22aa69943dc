import { batch, computed, effect, signal } from '@preact/signals';
import {
  defaultConfig,
  firstFree,
  type MachineConfig,
  readLink,
  writeLink,
  writeMachine,
} from '../machine/config.ts';
import { MachineTab } from './machine-tab.ts';

/** The page's machines; one of them is looked at. */
export const machines = signal<readonly MachineTab[]>([]);
export const selected = signal<MachineTab | undefined>(undefined);

const pageVisible = signal(document.visibilityState !== 'hidden');
document.addEventListener('visibilitychange', () => {
  pageVisible.value = document.visibilityState !== 'hidden';
});

/** Whether the page is dark: as the system says, unless the reader chose. */
const chosen = signal<'light' | 'dark' | undefined>(readTheme());
const preference = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(preference.matches);
preference.addEventListener('change', () => {
  systemDark.value = preference.matches;
});
export const dark = computed(() => (chosen.value ? chosen.value === 'dark' : systemDark.value));

function readTheme(): 'light' | 'dark' | undefined {
  try {
    const kept = localStorage.getItem('theme');
    return kept === 'light' || kept === 'dark' ? kept : undefined;
  } catch {
    return undefined;
  }
}

export function toggleTheme(): void {
  chosen.value = dark.value ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', chosen.value);
  } catch {
    // A browser that keeps nothing starts with the system's colours again.
  }
}

/** Adds a machine, looks at it and boots it. */
export function addMachine(config: MachineConfig = defaultConfig): MachineTab {
  const taken = new Set(machines.value.map(({ number }) => number));
  const tab = new MachineTab({ ...config, number: firstFree(config.number, taken) });
  machines.value = [...machines.value, tab];
  selected.value = tab;
  void tab.boot();
  return tab;
}

export function closeMachine(tab: MachineTab): void {
  tab.close();
  const left = machines.value.filter((other) => other !== tab);
  machines.value = left;
  if (selected.value === tab) selected.value = left.at(-1);
  if (left.length === 0) addMachine();
}

/** Boots what the address asks for, and keeps address, colours and visibility in step from then on. */
export function startMachines(): void {
  followLink();
  effect(() => {
    for (const machine of machines.value) machine.show(pageVisible.value && machine === selected.value);
  });
  effect(() => {
    document.documentElement.dataset.theme = dark.value ? 'dark' : 'light';
    for (const machine of machines.value) machine.screen.theme(dark.value);
  });
  effect(() => {
    const shown = selected.value ? machines.value.indexOf(selected.value) : 0;
    const link = writeLink(
      machines.value.map(({ config }) => config.value),
      shown,
    );
    if (location.hash.replace(/^#/, '') !== link)
      history.replaceState(null, '', link === '' ? location.pathname + location.search : `#${link}`);
  });
  addEventListener('hashchange', () => batch(followLink));
}

/** The page becomes what its address says: machines that are as it wants go on, others boot anew, are added or closed. */
function followLink(): void {
  const { machines: wanted, shown } = readLink(location.hash);
  const tabs = wanted.map(({ config, complaints }) => {
    const tab = machines.value.find(({ number }) => number === config.number);
    if (tab === undefined) return told(addMachine(config), complaints);
    if (writeMachine(tab.config.value) === writeMachine(config)) return told(tab, complaints);
    tab.config.value = config;
    const files = { kernel: null, initrd: null, disk: null, bios: null, dtb: null };
    void tab.boot({ ...files, ...config.files }).then(() => told(tab, complaints));
    return tab;
  });
  for (const tab of machines.value) if (!tabs.includes(tab)) tab.close();
  machines.value = tabs;
  selected.value = tabs[shown];
}

function told(tab: MachineTab, complaints: readonly string[]): MachineTab {
  for (const word of complaints) tab.tell(`The link says ${word}, which means nothing here: left out.`);
  return tab;
}

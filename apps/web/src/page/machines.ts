import { computed, effect, signal } from '@preact/signals';
import { defaultConfig, type MachineConfig, readLink, writeLink } from '../machine/config.ts';
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

/** Adds a machine and boots it. */
export function addMachine(config?: MachineConfig): MachineTab {
  const taken = new Set(machines.value.map(({ number }) => number));
  let number = config?.number ?? 1;
  while (taken.has(number)) number++;
  const tab = new MachineTab({ ...(config ?? defaultConfig), number });
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
  const { config, complaints } = readLink(location.hash);
  const tab = addMachine(config);
  for (const word of complaints) tab.tell(`The link says ${word}, which means nothing here: left out.`);
  effect(() => {
    for (const machine of machines.value) machine.show(pageVisible.value && machine === selected.value);
  });
  effect(() => {
    document.documentElement.dataset.theme = dark.value ? 'dark' : 'light';
    for (const machine of machines.value) machine.screen.theme(dark.value);
  });
  effect(() => {
    const config = selected.value?.config.value;
    const link = config ? writeLink(config) : '';
    if (location.hash.replace(/^#/, '') !== link)
      history.replaceState(null, '', link === '' ? location.pathname + location.search : `#${link}`);
  });
  addEventListener('hashchange', () => followLink());
}

/** The reader edited the address: the machine looked at becomes what it says. */
function followLink(): void {
  const tab = selected.value;
  if (tab === undefined) return;
  const { config, complaints } = readLink(location.hash);
  tab.config.value = { ...config, number: tab.number };
  const files = { kernel: null, initrd: null, disk: null, bios: null, dtb: null };
  void tab.boot({ ...files, ...config.files }).then(() => {
    for (const word of complaints) tab.tell(`The link says ${word}, which means nothing here: left out.`);
  });
}

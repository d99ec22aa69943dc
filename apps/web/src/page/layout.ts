import { signal } from '@preact/signals';

/** Panels beside the terminal, in the order of their buttons. */
export const panelNames = { explorer: 'Explorer', lessons: 'Lessons', setup: 'Machine' } as const;
export type PanelName = keyof typeof panelNames;

/** The panel that is open. */
export const panel = signal<PanelName | undefined>(undefined);
/** Whether the terminal has the whole window. */
export const fullWindow = signal(false);

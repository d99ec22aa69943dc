import { signal } from '@preact/signals';

/** Views of the explorer, in the order of their buttons. */
export const views = { stream: 'Stream', worlds: 'Two worlds', modes: 'Modes and rates' } as const;
export type ViewName = keyof typeof views;

/** The view that is open. */
export const view = signal<ViewName>('stream');
/** What the reader wants to see walked: an address, or a symbol of the guest. */
export const lookedUp = signal('');

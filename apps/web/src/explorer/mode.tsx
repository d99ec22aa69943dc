const names = { 0: 'U', 1: 'S', 3: 'M' } as const;

/** A mode of the guest, in its colour. */
export const Mode = ({ mode }: { mode: 0 | 1 | 3 }) => <b class={`mode ${names[mode]}`}>{names[mode]}</b>;

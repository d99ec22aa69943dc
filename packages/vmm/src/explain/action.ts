import { privilegeName, trapName } from '@trapline/isa';
import type { Action, ExitEvent } from '../exits.ts';
import { hex, modeName } from './rules.ts';

/** Names for addresses. */
export interface Names {
  /** A symbol: `name` or `name+0x12`. */
  nameOf(address: bigint): string | undefined;
  /** The source line: `main.c:12`. */
  lineOf?(address: bigint): string | undefined;
  /** A device register, by guest-physical address. */
  registerAt?(address: bigint): string | undefined;
}

type Of<K extends Action['kind']> = Extract<Action, { readonly kind: K }>;
type Phrases = { readonly [K in Action['kind']]: (action: Of<K>, names: Names) => string };

const register = ({ gpa, device }: Of<'device'>, names: Names): string => {
  const name = names.registerAt?.(gpa);
  return name === undefined ? `${device} at ${hex(gpa)}` : `${device} ${name} at ${hex(gpa)}`;
};

const neighbours = (around: number): string =>
  around === 0 ? '' : ` and ${around} beside it, which are translated the same way`;

const phrases: Phrases = {
  emulated: () => 'executed on the shadow state',
  filled: ({ va, gpa, hpa, around }) =>
    `shadow entry filled: va ${hex(va)} -> guest ${hex(gpa)} -> host ${hex(hpa)}${around > 0 ? `, and ${around} beside it` : ''}`,
  reflected: ({ trap, to }) =>
    `${trapName(trap)} delivered to the guest's ${modeName(to)}, tval ${hex(trap.tval)}`,
  firmware: (action) => `SBI extension ${hex(action.extension)} function ${action.function} served`,
  device: (action, names) => {
    const name = names.registerAt?.(action.gpa);
    const place = `${action.device} at ${hex(action.gpa)}${name === undefined ? '' : ` (${name})`}`;
    return `${place} ${action.write ? '<-' : '->'} ${hex(action.value)} (${action.bytes} bytes)`;
  },
  policy: ({ why }) => `the policy decided: ${why}`,
};

const sentences: Phrases = {
  emulated: () => 'The monitor executed the instruction on the guest\u2019s own, shadow state.',
  filled: ({ va, gpa, hpa, around }) =>
    `The guest\u2019s own page table allows it: ${hex(va)} is guest-physical ${hex(gpa)}, which lies at host-physical ${hex(hpa)}. The monitor filled the missing shadow entry${neighbours(around)}, and the guest never learns of it.`,
  reflected: ({ trap, to }) =>
    `The guest has to see this itself: the monitor set ${privilegeName(to).toLowerCase()}cause to \u201c${trapName(trap)}\u201d and sent the guest to its ${modeName(to)} handler, as the hardware would.`,
  firmware: (action) =>
    `It is a call to the firmware: extension ${hex(action.extension)}, function ${action.function}, served by the monitor itself.`,
  device: (action, names) =>
    action.write
      ? `The guest wrote ${hex(action.value)} (${action.bytes} bytes) to ${register(action, names)}.`
      : `The guest read ${register(action, names)} and got ${hex(action.value)} (${action.bytes} bytes).`,
  policy: ({ why }) => `A policy decided: ${why}.`,
};

const pick = (table: Phrases, action: Action, names: Names): string =>
  (table[action.kind] as (action: Action, names: Names) => string)(action, names);

/** What the monitor did, as a phrase for a line of a trace. */
export const actionPhrase = ({ action }: Pick<ExitEvent, 'action'>, names: Names): string =>
  pick(phrases, action, names);

/** What the monitor did, as a sentence. */
export const actionSentence = ({ action }: Pick<ExitEvent, 'action'>, names: Names): string =>
  pick(sentences, action, names);

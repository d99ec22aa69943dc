import { csrByNumber, type Decoded, decode, disassemble, trapName } from '@trapline/isa';
import type { ExitEvent } from '../exits.ts';
import { actionPhrase, actionSentence, type Names } from './action.ts';
import { type Change, changePhrase, changesOf } from './changes.ts';
import { exitPhrases, hex, modeName, ruleOf } from './rules.ts';

/** An exit for people, made from the tables of the architecture and the monitor. */
export interface Explanation {
  /** What happened, in a few words. */
  readonly title: string;
  /** Why it trapped, and what the monitor did about it. */
  readonly sentences: readonly string[];
  /** Title of the section of the privileged specification that makes it trap. */
  readonly rule: string;
  /** What it changed of the guest. */
  readonly changes: readonly Change[];
}

/** The assembly text of the instruction an exit is about; undefined where it has none. */
export function instructionText(event: ExitEvent, names: Names): string | undefined {
  const { word, pc } = event;
  return word === undefined
    ? undefined
    : disassemble(word, { pc, symbol: (address) => names.nameOf(address) }).replace(/\s+/g, ' ');
}

/** Explains one exit. */
export function explain(event: ExitEvent, names: Names): Explanation {
  const decoded = event.word === undefined ? undefined : decode(event.word);
  const rule = ruleOf(event, decoded, csrNameOf(decoded));
  return {
    title: titleOf(event, names),
    sentences: [why(event, rule.because, names), did(event, names)],
    rule: rule.section,
    changes: changesOf(event),
  };
}

/** One exit in one line: when, where, what trapped, and what the monitor did. */
export function explainLine(event: ExitEvent, names: Names): string {
  const at = whereabouts(event.pc, names);
  const place = `${hex(event.pc)}${at === '' ? '' : ` <${at}>`}`;
  const text = instructionText(event, { ...names, nameOf: () => undefined });
  const what = `${event.exit} (${exitPhrases[event.exit]})`;
  const instruction = text === undefined ? '' : ` ${text}`;
  return `[${event.retired}] hart${event.hart} ${modeName(event.mode)[0]} ${place}${instruction}: ${what}; ${actionPhrase(event, names)}`;
}

/** The symbol and the source line of an address, as far as they are known. */
const whereabouts = (address: bigint, names: Names): string =>
  [names.nameOf(address), names.lineOf?.(address)].filter(Boolean).join(', ');

const csrNameOf = (decoded: Decoded | undefined): string =>
  decoded === undefined ? '' : (csrByNumber(decoded.csr)?.name ?? hex(decoded.csr));

function titleOf(event: ExitEvent, names: Names): string {
  const { exit, action } = event;
  if (exit === 'interrupt' && action.kind === 'reflected') return trapName(action.trap);
  const text = instructionText(event, names);
  return text === undefined ? exitPhrases[exit] : `${text}: ${exitPhrases[exit]}`;
}

function why(event: ExitEvent, because: string, names: Names): string {
  const where = whereabouts(event.pc, names);
  const place = `${hex(event.pc)}${where === '' ? '' : ` (${where})`}`;
  if (event.exit === 'interrupt') return `Before the instruction at ${place}, ${because}.`;
  const text = instructionText(event, { ...names, nameOf: () => undefined }) ?? 'The instruction';
  const deprivileged =
    event.mode === 0
      ? ''
      : ` The guest believes it is in ${modeName(event.mode)}; the hart runs it in U-mode.`;
  return `\u201c${text}\u201d at ${place} trapped because ${because}.${deprivileged}`;
}

function did(event: ExitEvent, names: Names): string {
  const changed = changePhrase(event);
  const sentence = actionSentence(event, names);
  return changed === '' ? sentence : `${sentence} It changed ${changed}.`;
}

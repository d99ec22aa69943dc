import type { Moment } from './console-reader.ts';
import type { Command, Contender } from './contenders.ts';
import { type MemoryUse, runSession, type Session, type SessionRequest } from './session.ts';

/** One measurement of one row. */
export interface Sample extends Moment {
  readonly row: string;
  readonly ownMs: number | undefined;
  readonly wrong: string | undefined;
}

/** What an engine says of its translating (`EngineStats` of @trapline/core). */
export interface Translation {
  readonly compileMilliseconds: number;
  readonly compiledBytes: number;
  readonly translations: number;
}

export interface Outcome {
  readonly samples: readonly Sample[];
  readonly memory: MemoryUse;
  readonly translation: Translation | undefined;
  readonly failure: string | undefined;
}

/** A process that is run by every contender in turn, once per round; it gives one or more rows. */
export interface Job {
  readonly name: string;
  readonly rows: readonly string[];
  readonly contenders: readonly Contender[];
  run(contender: Contender): Promise<Outcome>;
}

/** What all jobs are given. */
export interface Setting {
  /** The repository. */
  readonly root: string;
  /** For files that are not needed afterwards. */
  readonly work: string;
  readonly guests: readonly Contender[];
  readonly native: Contender | undefined;
  /** Path of trapline.js. */
  readonly cli: string;
  readonly timeoutMs: number;
  wants(row: string): boolean;
  /** Tells the user what is left out. */
  note(text: string): void;
}

type Extra = Omit<SessionRequest, 'command' | 'args' | 'console' | 'timeoutMs'>;

const TAIL_LINES = 4;

/** Runs the command and reads the samples from what it printed. */
export async function runJob(
  command: Command,
  extra: Extra,
  timeoutMs: number,
  read: (session: Session) => readonly Sample[],
): Promise<Outcome> {
  const session = await runSession({ ...command, ...extra, timeoutMs });
  const tail = [...session.lines.slice(-TAIL_LINES).map(({ text }) => text), session.aside.slice(0, 200)];
  return {
    samples: read(session),
    memory: session.memory,
    translation: findTranslation(session.aside),
    failure: session.failure && [session.failure, ...tail.filter((text) => text !== '')].join('\n  '),
  };
}

/** The engine's figures, wherever in the object of `trapline run --json` they are. */
export function findTranslation(json: string): Translation | undefined {
  try {
    return search(JSON.parse(json.slice(json.indexOf('{'))));
  } catch {
    return undefined;
  }
}

function search(value: unknown): Translation | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isTranslation(value)) return value;
  for (const inner of Object.values(value)) {
    const found = search(inner);
    if (found) return found;
  }
  return undefined;
}

const isTranslation = (value: object): value is Translation =>
  ['compileMilliseconds', 'compiledBytes', 'translations'].every(
    (key) => key in value && typeof (value as Record<string, unknown>)[key] === 'number',
  );

import type { Line } from './session.ts';

/** One timing of one program. */
export interface Timing {
  readonly program: string;
  /** From its beginning to its end, by the host's clock. */
  readonly hostMs: number;
  /** The same by its own clock, if it looked. */
  readonly ownMs: number | undefined;
  /** Undefined: its result is right. */
  readonly wrong: string | undefined;
}

const PATTERNS = {
  start: /^([\w.-]+): start$/,
  begin: /^([\w.-]+): begin$/,
  end: /^([\w.-]+): checksum 0x[0-9a-f]+ (ok|WRONG), (.*)$/,
  exit: /^([\w.-]+): exit (\d+)$/,
} as const;

interface Open {
  startedAt: number;
  beganAt?: number;
  timing?: Timing;
  readonly text: string[];
}

/**
 * The timings in what a machine printed. A program of ours says when it begins and ends; around every program, public ones
 * too, the one that runs them says `start` and `exit` (guests/tests/bench/linux/runtime/init.c).
 */
export function readTranscript(
  lines: readonly Line[],
  checks: Readonly<Record<string, RegExp | undefined>> = {},
): Timing[] {
  const timings: Timing[] = [];
  const open = new Map<string, Open>();
  const opened = (name: string, at: number): Open => {
    const entry = open.get(name) ?? { startedAt: at, text: [] };
    open.set(name, entry);
    return entry;
  };
  for (const { text, at } of lines) {
    const match = firstMatch(text);
    if (match === undefined) for (const entry of open.values()) entry.text.push(text);
    else if (match.kind === 'start') opened(match.name, at);
    else if (match.kind === 'begin') opened(match.name, at).beganAt = at;
    else if (match.kind === 'end') timings.push(...ended(opened(match.name, at), match, at));
    else {
      const entry = open.get(match.name);
      open.delete(match.name);
      if (entry && entry.timing === undefined) timings.push(exited(entry, match, at, checks[match.name]));
    }
  }
  return timings;
}

interface Match {
  readonly kind: keyof typeof PATTERNS;
  readonly name: string;
  readonly verdict: string;
  readonly rest: string;
}

function firstMatch(text: string): Match | undefined {
  for (const kind of Object.keys(PATTERNS) as (keyof typeof PATTERNS)[]) {
    const match = PATTERNS[kind].exec(text);
    if (match) return { kind, name: match[1] ?? '', verdict: match[2] ?? '', rest: match[3] ?? '' };
  }
  return undefined;
}

function ended(entry: Open, { name, verdict, rest }: Match, at: number): Timing[] {
  if (entry.beganAt === undefined) return [];
  const own = /^(\d+) ns$/.exec(rest);
  entry.timing = {
    program: name,
    hostMs: at - entry.beganAt,
    ownMs: own ? Number(own[1]) / 1e6 : undefined,
    wrong: verdict === 'ok' ? undefined : 'wrong checksum',
  };
  return [entry.timing];
}

/** A known program's output tells more than its exit status, which old C leaves to chance. */
function exited(entry: Open, { name, verdict }: Match, at: number, check: RegExp | undefined): Timing {
  const right = check ? check.test(entry.text.join('\n')) : verdict === '0';
  const wrong = check ? `its output does not match ${check}` : `exit status ${verdict}`;
  return { program: name, hostMs: at - entry.startedAt, ownMs: undefined, wrong: right ? undefined : wrong };
}

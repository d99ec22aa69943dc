import { HostError } from '@trapline/core';
import type { Machine } from '@trapline/machine';
import { exitPhrases, explainLine } from '@trapline/vmm';
import type { TraceRequest } from './run-request.ts';

/** Writes one line for every exit that was asked for, until the run ends. Throws HostError `usage` for an unknown cause. */
export function startTrace(machine: Machine, request: TraceRequest, out: (line: string) => void): void {
  const known = Object.keys(exitPhrases);
  for (const cause of request.causes)
    if (!known.includes(cause))
      throw new HostError('usage', `--trace names an unknown cause ${cause}`, {
        hint: `The causes are ${known.join(', ')}.`,
      });
  const wanted = new Set(request.causes);
  const { names } = machine;
  machine.onExit((event) => {
    if (wanted.size === 0 || wanted.has(event.exit)) out(`${explainLine(event, names)}\n`);
  });
}

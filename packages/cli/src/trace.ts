import type { Writable } from 'node:stream';
import { HostError } from '@trapline/core';
import { disassemble } from '@trapline/isa';
import type { Machine, SymbolTable } from '@trapline/machine';
import { type Action, type ExitEvent, exitOfCause } from '@trapline/vmm';
import type { TraceRequest } from './run-request.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const MODES: Readonly<Record<number, string>> = { 0: 'U', 1: 'S', 3: 'M' };

/** Writes one line for every exit that was asked for, until the run ends. Throws HostError `usage` for an unknown cause. */
export function startTrace(machine: Machine, request: TraceRequest, out: Writable): void {
  const known = new Set<string>([
    ...exitOfCause.filter((name) => name !== undefined),
    'mmio',
    'interrupt',
    'emulated',
  ]);
  for (const cause of request.causes)
    if (!known.has(cause))
      throw new HostError('usage', `--trace names an unknown cause ${cause}`, {
        hint: `The causes are ${[...known].join(', ')}.`,
      });
  const wanted = new Set(request.causes);
  machine.onExit((event) => {
    if (wanted.size === 0 || wanted.has(event.exit)) out.write(`${traceLine(event, machine.symbols)}\n`);
  });
}

/** One exit, explained in a line: when, where, what trapped, and what the monitor did. */
export function traceLine(event: ExitEvent, symbols: SymbolTable): string {
  const at = symbols.nameOf(event.pc);
  const place = `${hex(event.pc)}${at ? ` <${at}>` : ''}`;
  const text = event.word === undefined ? '' : ` ${disassemble(event.word, { pc: event.pc })}`;
  const instruction = text.replace(/\s+/g, ' ');
  return `[${event.retired}] hart${event.hart} ${MODES[event.mode]} ${place} ${event.exit}${instruction}: ${actionText(event.action)}`;
}

function actionText(action: Action): string {
  switch (action.kind) {
    case 'emulated':
      return 'executed on the shadow state';
    case 'filled':
      return `shadow entry filled: va ${hex(action.va)} -> guest ${hex(action.gpa)} -> host ${hex(action.hpa)}`;
    case 'reflected': {
      const { trap, to } = action;
      const what = trap.interrupt
        ? `interrupt ${trap.cause}`
        : (exitOfCause[trap.cause] ?? `cause ${trap.cause}`);
      return `${what} delivered to the guest's ${MODES[to]}-mode, tval ${hex(trap.tval)}`;
    }
    case 'firmware':
      return `SBI extension ${hex(action.extension)} function ${action.function} served`;
    case 'device':
      return action.write
        ? `${action.device} at ${hex(action.gpa)} <- ${hex(action.value)} (${action.bytes} bytes)`
        : `${action.device} at ${hex(action.gpa)} -> ${hex(action.value)} (${action.bytes} bytes)`;
    case 'policy':
      return `the policy decided: ${action.why}`;
  }
}

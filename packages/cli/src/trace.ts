import type { Writable } from 'node:stream';
import { HostError } from '@trapline/core';
import { disassemble, trapName } from '@trapline/isa';
import type { Machine, SymbolTable } from '@trapline/machine';
import type { Action, ExitEvent, ExitKind } from '@trapline/vmm';
import type { TraceRequest } from './run-request.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const MODES: Readonly<Record<number, string>> = { 0: 'U', 1: 'S', 3: 'M' };

/** Why each kind of exit happens. */
const explanations: Readonly<Record<ExitKind, string>> = {
  fetchMisaligned: 'jump to a misaligned address',
  fetchAccess: 'fetch where there is no memory',
  illegalInstruction: 'privileged or unknown instruction in user mode',
  breakpoint: 'ebreak',
  loadMisaligned: 'misaligned load',
  loadAccess: 'load where there is no memory',
  storeMisaligned: 'misaligned store',
  storeAccess: 'store where there is no memory',
  ecall: 'environment call',
  fetchPageFault: 'fetch from a page the shadow tables do not map',
  loadPageFault: 'load from a page the shadow tables do not map',
  storePageFault: 'store to a page the shadow tables do not map writable',
  mmio: 'device access',
  interrupt: 'virtual interrupt',
  emulated: 'data access through virtual MPRV',
};

/** Writes one line for every exit that was asked for, until the run ends. Throws HostError `usage` for an unknown cause. */
export function startTrace(machine: Machine, request: TraceRequest, out: Writable): void {
  const known = Object.keys(explanations);
  for (const cause of request.causes)
    if (!known.includes(cause))
      throw new HostError('usage', `--trace names an unknown cause ${cause}`, {
        hint: `The causes are ${known.join(', ')}.`,
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
  const what = `${event.exit} (${explanations[event.exit]})`;
  return `[${event.retired}] hart${event.hart} ${MODES[event.mode]} ${place}${instruction}: ${what}; ${actionText(event.action)}`;
}

function actionText(action: Action): string {
  switch (action.kind) {
    case 'emulated':
      return 'executed on the shadow state';
    case 'filled':
      return `shadow entry filled: va ${hex(action.va)} -> guest ${hex(action.gpa)} -> host ${hex(action.hpa)}`;
    case 'reflected': {
      const { trap, to } = action;
      return `${trapName(trap)} delivered to the guest's ${MODES[to]}-mode, tval ${hex(trap.tval)}`;
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

import {
  type Csr,
  type CsrRow,
  csrByName,
  type Decoded,
  isPlainCsr,
  isReadOnly,
  lowestPrivilege,
  Mstatus,
  Slot,
} from '@trapline/isa';
import { csrOffset, hartOffsets } from '../hart-layout.ts';
import { CsrFlag, csrFlags, kindOf, kinds } from '../in-place/kinds.ts';
import { legalized } from '../in-place/legalized.ts';
import { floatStateOf, has, shownStatus, statusOf } from '../in-place/status.ts';
import { i32, i64 } from '../wasm/ops.ts';
import { after, branchIf, get, type Local, type Statement, set, type Term, unlikely } from '../wasm/term.ts';
import type { Step } from './discover.ts';
import type { StepFrame } from './step.ts';

/**
 * CSR instructions within a region: what in-place/system.ts does for the plain ones, and for sstatus while no translation and no
 * interrupt that waits depends on it. Everything that is asked once does not change while a region runs.
 */

const sstatus = csrByName('sstatus');

/** The bits of mstatus that a region may change: the others decide what is translated, and how. */
const harmless = Mstatus.SIE | Mstatus.SPIE | Mstatus.SPP | Mstatus.FS;

/** Locals of a region for them. */
export interface CsrLocals {
  /** Where privileged state is: see `bank` in the hart's area. */
  readonly bank: Local<'i32'>;
  readonly old: Local<'i64'>;
  readonly value: Local<'i64'>;
  readonly status: Local<'i64'>;
}

const writes = (decoded: Decoded): boolean => (csrFlags(decoded) & CsrFlag.writes) !== 0;

/** The CSR of an instruction that regions can execute. */
export function csrInRegion(decoded: Decoded): CsrRow | undefined {
  const row = kinds[kindOf(decoded) - 1]?.csr;
  if (!row || !(isPlainCsr(row) || row === sstatus)) return undefined;
  return writes(decoded) && isReadOnly(row.number) ? undefined : row;
}

/** Whether the instruction may switch floating point on or off. */
export const switchesFloat = (decoded: Decoded): boolean =>
  csrInRegion(decoded) === sstatus && writes(decoded);

/** All of the instruction, or nothing and on to `slow`. */
export function executeCsr(step: Step, row: CsrRow, frame: StepFrame): Statement[] {
  const { registers } = frame;
  const { old } = frame.csr();
  const { decoded } = step;
  const register = row === sstatus ? statusRegister(row, frame) : plainRegister(row as Csr, frame);
  return [
    ...permission(decoded, row, frame),
    set(old, register.read),
    ...(writes(decoded) ? register.write(written(decoded, frame)) : []),
    ...(switchesFloat(decoded) ? frame.forgetFloat() : []),
    ...(decoded.rd === 0 ? [] : [registers.write(hartOffsets.x + 8 * decoded.rd, get(old))]),
  ];
}

function permission(decoded: Decoded, row: CsrRow, { base, csr, once, slow }: StepFrame): Statement[] {
  const { bank } = csr();
  const kind = kindOf(decoded);
  const privilege = lowestPrivilege(row.number);
  const intercepted = i64.and(i64.load(get(base), hartOffsets.intercepted), i64.const(1n << BigInt(kind)));
  return [
    ...once('bank', () => [
      set(bank, i32.load(get(base), hartOffsets.bank)),
      unlikely(branchIf(slow(), i32.eqz(get(bank)))),
      unlikely(branchIf(slow(), i32.load(get(base), hartOffsets.recording))),
    ]),
    ...once(`privilege${privilege}`, () => [
      unlikely(branchIf(slow(), i32.lt_u(i32.load(get(bank), hartOffsets.privilege), i32.const(privilege)))),
    ]),
    ...once(`intercepted${kind}`, () => [unlikely(branchIf(slow(), i64.ne(intercepted, i64.const(0))))]),
  ];
}

/** What the instruction writes, of `old` and its operand. */
function written(decoded: Decoded, { registers, csr }: StepFrame): Term<'i64'> {
  const { old } = csr();
  const flags = csrFlags(decoded);
  const x = (register: number): Term<'i64'> =>
    register === 0 ? i64.const(0) : registers.read(hartOffsets.x + 8 * register);
  const immediate = (flags & CsrFlag.immediate) !== 0;
  const operand = immediate ? i64.const(flags & CsrFlag.operand) : x(decoded.rs1);
  if (flags & CsrFlag.set) return i64.or(get(old), operand);
  if (flags & CsrFlag.clear) return i64.and(get(old), i64.xor(operand, i64.const(-1)));
  return operand;
}

/** How a CSR is read, and what a value for it does. */
interface Register {
  readonly read: Term<'i64'>;
  write(value: Term<'i64'>): Statement[];
}

function plainRegister(row: Csr, frame: StepFrame): Register {
  const { bank, old, value: wanted } = frame.csr();
  const at = csrOffset(row.slot);
  return {
    read: i64.load(get(bank), at),
    write: (value) => [
      set(wanted, value),
      i64.store(
        get(bank),
        legalized(
          row,
          () => get(old),
          () => get(wanted),
        ),
        at,
      ),
    ],
  };
}

function statusRegister(row: CsrRow, { base, csr, slow }: StepFrame): Register {
  const { bank, status, value: wanted } = csr();
  const mask = row.kind === 'view' ? row.mask : -1n;
  const at = csrOffset(Slot.mstatus);
  const floatState = i32.load(get(base), hartOffsets.floatState);
  return {
    read: after([set(status, statusOf(floatState, bank))], i64.and(shownStatus(status), i64.const(mask))),
    write: (value) => [
      set(wanted, i64.xor(get(status), value)),
      // Of what sstatus shows, only so much may change here; the rest is mstatus' as it was.
      unlikely(branchIf(slow(), has(get(wanted), mask & ~Mstatus.SD & ~harmless))),
      set(wanted, i64.xor(get(status), i64.and(get(wanted), i64.const(harmless)))),
      unlikely(branchIf(slow(), has(get(wanted), Mstatus.MPRV))),
      unlikely(
        branchIf(
          slow(),
          i32.and(
            has(get(wanted), Mstatus.SIE | Mstatus.MIE),
            i32.load(get(bank), hartOffsets.interruptWaits),
          ),
        ),
      ),
      i64.store(get(bank), get(wanted), at),
      i32.store(get(base), floatStateOf(wanted), hartOffsets.floatState),
    ],
  };
}

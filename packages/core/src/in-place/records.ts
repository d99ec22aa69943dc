import { type CsrRow, Slot, trapLevels } from '@trapline/isa';
import { csrOffset, type HartViews, hartOffsets } from '../hart-layout.ts';
import { type HartAccess, load32, load64, store32 } from '../interpreter/hart-access.ts';
import { slotField } from '../interpreter/slot.ts';
import type { FunctionBuilder, ModuleBuilder } from '../wasm/module.ts';
import { i32, i64 } from '../wasm/ops.ts';
import {
  call,
  type FunctionRef,
  get,
  giveBack,
  type Local,
  type Statement,
  set,
  type Term,
  when,
} from '../wasm/term.ts';
import { type Kind, kinds } from './kinds.ts';
import { mostRecords, RecordByte, RecordWord, recordWords } from './record-layout.ts';
import { statusOf } from './status.ts';

const slotOfRow = (row: CsrRow): number => (row.kind === 'view' ? row.parent.slot : row.slot);

/** The slot of the bank that an instruction of that kind is about. */
const slotOfKind = ({ name, csr }: Kind): number => {
  if (csr !== undefined && slotOfRow(csr) >= 0) return slotOfRow(csr);
  return name === 'ecall' ? trapLevels.supervisor.epc : Slot.mstatus;
};

/** The same by the number of the kind. */
const slots: readonly number[] = [0, ...kinds.map(slotOfKind)];

/** TypeScript's side: the instructions a hart executed in place, in the order in which it did. */
export class InPlaceRecords {
  /** All records, one after the other: `RecordWord`s, `recordWords` of them each. */
  readonly words: BigUint64Array;
  readonly halves: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #views: HartViews;

  constructor(views: HartViews) {
    const { buffer, byteOffset, byteLength } = views.records;
    this.#views = views;
    this.words = views.records;
    this.halves = new Uint32Array(buffer, byteOffset, byteLength / 4);
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Which kinds are recorded, while `on` says so. */
  choose(wanted: (kind: Kind) => boolean): void {
    kinds.forEach((kind, n) => {
      this.#views.recordedCsrs[n + 1] = wanted(kind) ? csrOffset(slots[n + 1]!) : 0;
    });
  }

  set on(value: boolean) {
    this.#views.recording[0] = Number(value);
  }

  get count(): number {
    return this.#views.recorded[0]!;
  }

  clear(): void {
    this.#views.recorded[0] = 0;
  }

  /** The slot of the bank that the instruction of a record is about. */
  slotOf(record: number): number {
    return slots[this.byteOf(record, RecordByte.kind)]!;
  }

  /** One of the `RecordByte`s of a record. */
  byteOf(record: number, byte: number): number {
    return this.#bytes[8 * (record * recordWords + RecordWord.instruction) + byte]!;
  }
}

interface Scope {
  readonly hart: HartAccess;
  readonly slot: Local<'i32'>;
  readonly bank: Local<'i32'>;
  readonly at: Local<'i32'>;
  readonly csr: Local<'i32'>;
  readonly target: Local<'i32'>;
}

/** What is written before and after: `suffix` says which. */
function snapshot({ hart, bank, at, csr, target }: Scope, suffix: '' | 'After'): Statement[] {
  const note = (word: 'pc' | 'target' | 'status' | 'csr' | 'cause' | 'tval', value: Term<'i64'>): Statement =>
    i64.store(get(at), value, 8 * RecordWord[`${word}${suffix}`]);
  const register = (slot: number): Term<'i64'> => i64.load(get(bank), csrOffset(slot));
  return [
    note('pc', load64(hart, 'pc')),
    note('target', i64.load(get(target), hart.base)),
    note('status', statusOf(load32(hart, 'floatState'), bank)),
    note('csr', i64.load(i32.add(get(bank), get(csr)))),
    note('cause', register(trapLevels.supervisor.cause)),
    note('tval', register(trapLevels.supervisor.tval)),
  ];
}

function recordAround(scope: Scope, perform: FunctionRef<readonly ['i32'], 'i32'>): Statement[] {
  const { hart, slot, bank, at, target } = scope;
  const instruction = 8 * RecordWord.instruction;
  const mode = (): Term<'i32'> => i32.load(get(bank), hartOffsets.privilege);
  const count = (): Term<'i32'> => load32(hart, 'recorded');
  return [
    set(bank, load32(hart, 'bank')),
    set(target, i32.load16_u(get(slot), slotField.rd)),
    set(
      at,
      i32.add(i32.mul(count(), i32.const(8 * recordWords)), i32.const(hart.base + hartOffsets.records)),
    ),
    i64.store(
      get(at),
      i64.sub(load64(hart, 'retiredLimit'), i64.extend_i32_s(load32(hart, 'left'))),
      8 * RecordWord.retired,
    ),
    i32.store(get(at), i32.load(get(slot), slotField.operand), instruction),
    i32.store(get(at), mode(), instruction + RecordByte.mode),
    i32.store8(get(at), i32.load8_u(get(slot), slotField.rm), instruction + RecordByte.kind),
    i32.store(get(at), load32(hart, 'trapped'), 8 * RecordWord.spent),
    ...snapshot(scope, ''),
    when(i32.eqz(call(perform, get(slot))), [giveBack(i32.const(0))]),
    i32.store8(get(at), mode(), instruction + RecordByte.modeAfter),
    ...snapshot(scope, 'After'),
    store32(hart, 'recorded', i32.add(count(), i32.const(1))),
    giveBack(i32.const(1)),
  ];
}

/** Defines `perform` with a record made of it where somebody wants one: what there is no room for is not performed. */
export function defineRecorded(
  module: ModuleBuilder,
  hart: HartAccess,
  perform: FunctionRef<readonly ['i32'], 'i32'>,
): FunctionRef<readonly ['i32'], 'i32'> {
  return module.function('system', ['i32'], 'i32', (fn: FunctionBuilder, slot) => {
    const scope: Scope = {
      hart,
      slot,
      bank: fn.local('i32'),
      at: fn.local('i32'),
      csr: fn.local('i32'),
      target: fn.local('i32'),
    };
    const kind = i32.load8_u(get(slot), slotField.rm);
    const csrs = hart.base + hartOffsets.recordedCsrs;
    const full = i32.ge_u(load32(hart, 'recorded'), i32.const(mostRecords));
    return [
      when(load32(hart, 'recording'), [
        set(scope.csr, i32.load(i32.shl(kind, i32.const(2)), csrs)),
        when(get(scope.csr), [when(full, [giveBack(i32.const(0))]), ...recordAround(scope, perform)]),
      ]),
      call(perform, get(slot)),
    ];
  });
}

import type { FirmwareHart } from '@trapline/core';
import { Slot, Touched } from '@trapline/isa';
import { fail, ok, type SbiResult } from './error.ts';
import { hartsOf } from './hart-mask.ts';
import type { SbiCall } from './platform.ts';

/** One SBI extension: its functions by number. */
export interface SbiExtension {
  readonly name: string;
  readonly id: bigint;
  readonly functions: readonly { readonly name: string; readonly call: (call: SbiCall) => SbiResult }[];
}

const ssip = 2n;
const pages = (bytes: bigint): bigint => (bytes + 4095n) >> 12n;
/** Above this many pages a remote fence takes everything: as correct, and bounded. */
const mostPages = 64n;

const raiseSoftware = (hart: FirmwareHart): void => {
  const { csrs } = hart.state;
  csrs.set(Slot.mip, csrs.get(Slot.mip) | ssip);
  hart.changed(Touched.interrupts);
};

export const setTimer = ({ hart, a }: SbiCall): SbiResult => {
  hart.state.csrs.set(Slot.stimecmp, a[0]);
  hart.changed(Touched.interrupts);
  return ok();
};

const toHarts = (act: (target: FirmwareHart, call: SbiCall) => void) => (call: SbiCall) => {
  const targets = hartsOf(call.platform, call.a[0], call.a[1]);
  if (targets === undefined) return fail('invalidParameter');
  for (const target of targets) act(target, call);
  return ok();
};

const remoteFence = (asid: (call: SbiCall) => number | undefined) =>
  toHarts((target, call) => {
    const [, , start, size] = call.a;
    const count = pages(size + (start & 0xfffn));
    if ((start === 0n && size === 0n) || count > mostPages) return target.fence(undefined, asid(call));
    for (let page = 0n; page < count; page++) target.fence((start & ~0xfffn) + page * 4096n, asid(call));
  });

const HartState = { started: 0n, stopped: 1n, suspended: 4n } as const;
const ram = (call: SbiCall, address: bigint): boolean => call.platform.memory.view(address, 2) !== undefined;
const retentive = 0n;
const nonRetentive = 0x8000_0000n;

const findHart = (call: SbiCall): FirmwareHart | undefined =>
  call.platform.harts.find((h) => BigInt(h.id) === call.a[0]);

const hartStart = (call: SbiCall): SbiResult => {
  const target = findHart(call);
  if (target === undefined) return fail('invalidParameter');
  if (!target.halted) return fail('alreadyAvailable');
  if (!ram(call, call.a[1])) return fail('invalidAddress');
  target.start(call.a[1], call.a[2]);
  return ok();
};

const hartStatus = (call: SbiCall): SbiResult => {
  const target = findHart(call);
  if (target === undefined) return fail('invalidParameter');
  if (target.halted) return ok(HartState.stopped);
  return ok(call.suspended.has(target) && target.waiting ? HartState.suspended : HartState.started);
};

const hartStop = ({ hart }: SbiCall): SbiResult => {
  hart.halt();
  return { ...ok(), placed: true };
};

const suspend = ({ hart, suspended }: SbiCall): void => {
  suspended.add(hart);
  hart.wait();
};

const hartSuspend = (call: SbiCall): SbiResult => {
  const kind = call.a[0] & 0xffff_ffffn;
  if (kind === retentive) {
    suspend(call);
    return ok();
  }
  if (kind !== nonRetentive) return fail(kind < 0x1000_0000n ? 'invalidParameter' : 'notSupported');
  if (!ram(call, call.a[1])) return fail('invalidAddress');
  call.hart.start(call.a[1], call.a[2]);
  suspend(call);
  return { ...ok(), placed: true };
};

const resets = { 0: 'shutdown', 1: 'coldReboot', 2: 'warmReboot' } as const;

const systemReset = ({ platform, a }: SbiCall): SbiResult => {
  const kind = resets[Number(a[0] & 0xffff_ffffn) as keyof typeof resets];
  const reason = a[1] & 0xffff_ffffn;
  if (kind === undefined || (reason > 1n && reason < 0xe000_0000n)) return fail('invalidParameter');
  platform.reset(kind, reason !== 0n);
  return ok();
};

const consoleBytes = (call: SbiCall): Uint8Array | undefined =>
  call.a[2] === 0n ? call.platform.memory.view(call.a[1], Number(call.a[0] & 0xffff_ffffn)) : undefined;

const consoleWrite = (call: SbiCall): SbiResult => {
  const bytes = consoleBytes(call);
  if (bytes === undefined) return fail('invalidParameter');
  for (const byte of bytes) call.platform.console.write(byte);
  return ok(BigInt(bytes.length));
};

const consoleRead = (call: SbiCall): SbiResult => {
  const into = consoleBytes(call);
  if (into === undefined) return fail('invalidParameter');
  let count = 0;
  while (count < into.length) {
    const byte = call.platform.console.read();
    if (byte === undefined) break;
    into[count++] = byte;
  }
  call.platform.memory.written(call.a[1], count);
  return ok(BigInt(count));
};

const consoleWriteByte = ({ platform, a }: SbiCall): SbiResult => {
  platform.console.write(Number(a[0] & 0xffn));
  return ok();
};

/** The extensions served besides BASE (SBI 2.0, the chapters of the same names). */
export const extensions: readonly SbiExtension[] = [
  { name: 'TIME', id: 0x54494d45n, functions: [{ name: 'set_timer', call: setTimer }] },
  { name: 'IPI', id: 0x735049n, functions: [{ name: 'send_ipi', call: toHarts(raiseSoftware) }] },
  {
    name: 'RFENCE',
    id: 0x52464e43n,
    functions: [
      // Code is coherent with stores on this machine: a remote fence.i has nothing left to do.
      { name: 'remote_fence_i', call: toHarts(() => {}) },
      { name: 'remote_sfence_vma', call: remoteFence(() => undefined) },
      { name: 'remote_sfence_vma_asid', call: remoteFence((call) => Number(call.a[4] & 0xffffn)) },
    ],
  },
  {
    name: 'HSM',
    id: 0x48534dn,
    functions: [
      { name: 'hart_start', call: hartStart },
      { name: 'hart_stop', call: hartStop },
      {
        name: 'hart_get_status',
        call: hartStatus,
      },
      { name: 'hart_suspend', call: hartSuspend },
    ],
  },
  { name: 'SRST', id: 0x53525354n, functions: [{ name: 'system_reset', call: systemReset }] },
  {
    name: 'DBCN',
    id: 0x4442434en,
    functions: [
      { name: 'console_write', call: consoleWrite },
      { name: 'console_read', call: consoleRead },
      { name: 'console_write_byte', call: consoleWriteByte },
    ],
  },
];

const legacyResult = (value: bigint): SbiResult => ({ error: value, value: 0n });

/** Legacy calls (SBI 2.0, "Legacy Extensions") old kernels print and stop with; they answer in a0 only. */
export const legacy: ReadonlyMap<bigint, (call: SbiCall) => SbiResult> = new Map([
  [0n, setTimer],
  [
    1n,
    ({ platform, a }: SbiCall) => {
      platform.console.write(Number(a[0] & 0xffn));
      return legacyResult(0n);
    },
  ],
  [2n, ({ platform }: SbiCall) => legacyResult(BigInt(platform.console.read() ?? -1))],
  [
    3n,
    ({ hart }: SbiCall) => {
      const { csrs } = hart.state;
      csrs.set(Slot.mip, csrs.get(Slot.mip) & ~ssip);
      hart.changed(Touched.interrupts);
      return legacyResult(0n);
    },
  ],
  [
    8n,
    ({ platform }: SbiCall) => {
      platform.reset('shutdown', false);
      return legacyResult(0n);
    },
  ],
]);

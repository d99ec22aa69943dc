import type { AddressReading } from './inspector.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** What the walks of an address come to, in a sentence. */
export function addressVerdict({ guest, hart, host, device }: AddressReading): string {
  const { pa, root, steps } = guest;
  if (root !== undefined && steps.length === 0)
    return `Under Sv${12 + 9 * root.levels} there is no such address, its upper bits differ from bit ${11 + 9 * root.levels}: an access is the guest\u2019s page fault.`;
  if (pa === undefined)
    return 'The guest\u2019s own table maps nothing here: an access is the guest\u2019s page fault.';
  if (guest.permits.length === 0)
    return `The guest\u2019s own table permits nothing here in its present mode: an access is the guest\u2019s page fault. ${whereIs(pa, host)}`;
  if (device !== undefined)
    return `Guest-physical ${hex(pa)} is the ${device || 'board'}${hart === undefined ? '.' : ': every access leaves the guest and is made by the monitor.'}`;
  if (host === undefined) return `Guest-physical ${hex(pa)} is neither memory nor a device of the board.`;
  if (hart === undefined) return `It is physical ${hex(pa)}.`;
  if (hart.pa === undefined)
    return `Guest-physical ${hex(pa)} lies at host-physical ${hex(host)}; no shadow entry leads there yet, so the next access fills it.`;
  return `Guest-physical ${hex(pa)} lies at host-physical ${hex(host)}, and the shadow leads ${hart.pa === host ? 'exactly there' : `to ${hex(hart.pa)}`}.`;
}

const whereIs = (pa: bigint, host: bigint | undefined): string =>
  host === undefined
    ? `The page is guest-physical ${hex(pa)}.`
    : `The page is guest-physical ${hex(pa)}, host-physical ${hex(host)}.`;

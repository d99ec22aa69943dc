import { type AddressReading, addressVerdict, type Machine } from '@trapline/machine';

/** An address walked, and the moment it was walked at. */
export interface WalkReport {
  readonly reading: AddressReading;
  readonly name: string | undefined;
  readonly hart: number;
  readonly mode: 'M' | 'S' | 'U';
  readonly pc: bigint;
  readonly pcName: string | undefined;
  readonly instructions: number;
  /** The guest's satp, or the one that was asked for. */
  readonly satp: bigint;
  readonly verdict: string;
}

const satpNumber = 0x180;
const modes = { 0: 'U', 1: 'S', 3: 'M' } as const;

/** Walks an address of a machine that stands still. */
export function readWalk(
  machine: Machine,
  {
    address,
    hart,
    satp,
  }: { readonly address: bigint; readonly hart: number; readonly satp?: bigint | undefined },
): WalkReport {
  const { symbols } = machine;
  const on = machine.harts[hart]!;
  const reading = machine.inspector.walk(hart, address, satp);
  return {
    reading,
    name: symbols.nameOf(address),
    hart,
    mode: modes[on.privilege],
    pc: on.pc,
    pcName: symbols.nameOf(on.pc),
    instructions: machine.instructions,
    satp: satp ?? on.peekCsr(satpNumber) ?? 0n,
    verdict: addressVerdict(reading),
  };
}

/** The report as one JSON object: addresses and entries are hexadecimal text. */
export function walkJson({ reading, ...moment }: WalkReport): string {
  const { va, guest, hart: shadow, host, device } = reading;
  return JSON.stringify({ address: va, ...moment, guest, shadow, host, device }, (_, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
  );
}

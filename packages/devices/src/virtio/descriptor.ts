import type { DmaMemory } from '@trapline/core';
import { DriverError } from './driver-error.ts';
import { GuestBuffer, guestView, type Segment } from './guest-buffer.ts';

/** Bytes of a descriptor in memory: le64 address, le32 length, le16 flags, le16 next. */
export const descriptorBytes = 16;
const Flag = { next: 1, write: 2, indirect: 4 } as const;
const maxChainBytes = 2 ** 32;

interface Descriptor extends Segment {
  readonly flags: number;
  readonly next: number;
}

/** A table of descriptors: the queue's own, or an indirect one. */
interface Table {
  readonly view: DataView;
  readonly entries: number;
  readonly indirect: boolean;
}

export interface ChainRequest {
  readonly memory: DmaMemory;
  readonly table: bigint;
  readonly queueSize: number;
  readonly head: number;
  readonly indirectAllowed: boolean;
}

/** What a chain holds: bytes for the device to read, then bytes for it to write. */
export interface ChainBuffers {
  readonly readable: GuestBuffer;
  readonly writable: GuestBuffer;
}

/**
 * Follows the chain at `head` (virtio 1.2, "The Virtqueue Descriptor Table" and "Indirect Descriptors").
 * Loops, chains longer than the queue, readable after writable, memory that is not RAM, and malformed or nested indirect
 * tables are driver errors. Empty descriptors are allowed and hold nothing.
 */
export function followChain(request: ChainRequest): ChainBuffers {
  const { memory, queueSize } = request;
  const readable: Segment[] = [];
  const writable: Segment[] = [];
  let count = 0;
  for (const descriptor of descriptors(request)) {
    if (++count > queueSize)
      throw new DriverError(`a chain is longer than the queue (${queueSize}) or loops`);
    const write = (descriptor.flags & Flag.write) !== 0;
    if (!write && writable.length > 0) throw new DriverError('a readable descriptor follows a writable one');
    if (descriptor.bytes === 0) continue;
    guestView(memory, descriptor.address, descriptor.bytes);
    (write ? writable : readable).push({ address: descriptor.address, bytes: descriptor.bytes });
  }
  const buffers = {
    readable: new GuestBuffer(memory, readable),
    writable: new GuestBuffer(memory, writable),
  };
  if (buffers.readable.bytes + buffers.writable.bytes > maxChainBytes)
    throw new DriverError('a chain holds more than 2^32 bytes');
  return buffers;
}

/** The data descriptors of a chain, in order: direct ones, then those of a table the last one may name. */
function* descriptors({
  memory,
  table,
  queueSize,
  head,
  indirectAllowed,
}: ChainRequest): Generator<Descriptor> {
  let current: Table = openTable(memory, table, queueSize * descriptorBytes, false);
  let index = head;
  for (;;) {
    const descriptor = readDescriptor(current, index);
    if (descriptor.flags & Flag.indirect) {
      if (!indirectAllowed)
        throw new DriverError('an indirect descriptor, but the feature was not negotiated');
      current = openIndirect(memory, current, descriptor);
      index = 0;
      continue;
    }
    yield descriptor;
    if (!(descriptor.flags & Flag.next)) return;
    index = descriptor.next;
  }
}

/** The write flag of a descriptor that names a table is ignored, as the specification asks of devices. */
function openIndirect(memory: DmaMemory, outer: Table, { address, bytes, flags }: Descriptor): Table {
  if (outer.indirect) throw new DriverError('an indirect descriptor inside an indirect table');
  if (flags & Flag.next) throw new DriverError('an indirect descriptor that also continues');
  if (bytes === 0 || bytes % descriptorBytes !== 0)
    throw new DriverError(`an indirect table of ${bytes} bytes: not a multiple of ${descriptorBytes}`);
  return openTable(memory, address, bytes, true);
}

function openTable(memory: DmaMemory, address: bigint, bytes: number, indirect: boolean): Table {
  const { buffer, byteOffset, byteLength } = guestView(memory, address, bytes);
  return { view: new DataView(buffer, byteOffset, byteLength), entries: bytes / descriptorBytes, indirect };
}

function readDescriptor({ view, entries }: Table, index: number): Descriptor {
  if (index >= entries) throw new DriverError(`descriptor ${index} of a table of ${entries}`);
  const at = index * descriptorBytes;
  return {
    address: view.getBigUint64(at, true),
    bytes: view.getUint32(at + 8, true),
    flags: view.getUint16(at + 12, true),
    next: view.getUint16(at + 14, true),
  };
}

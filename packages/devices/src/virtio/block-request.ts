import { DriverError } from './driver-error.ts';
import type { GuestBuffer } from './guest-buffer.ts';
import type { Chain } from './virt-queue.ts';

/** A block request as the driver wrote it (virtio 1.2, "Block Device", "Device Operation"). */
export interface BlockRequest {
  readonly type: number;
  /** In units of 512 bytes. */
  readonly sector: bigint;
  /** Data from the driver. */
  readonly dataOut: GuestBuffer;
  /** Room for data to the driver. */
  readonly dataIn: GuestBuffer;
  /** The one status byte. */
  readonly status: GuestBuffer;
}

const headerBytes = 16;
const statusBytes = 1;

/** Reads the request in `chain`, however it is cut into descriptors; one without a whole header or status is a driver error. */
export function parseBlockRequest({ readable, writable }: Chain): BlockRequest {
  if (readable.bytes < headerBytes)
    throw new DriverError(`a block request header of ${readable.bytes} bytes`);
  if (writable.bytes < statusBytes) throw new DriverError('a block request without a status byte');
  const header = new DataView(readable.read(headerBytes).buffer);
  const dataInBytes = writable.bytes - statusBytes;
  return {
    type: header.getUint32(0, true),
    sector: header.getBigUint64(8, true),
    dataOut: readable.slice(headerBytes),
    dataIn: writable.slice(0, dataInBytes),
    status: writable.slice(dataInBytes),
  };
}

import type { DiskBackend } from '@trapline/core';
import { type BlockRequest, parseBlockRequest } from './block-request.ts';
import { DriverError } from './driver-error.ts';
import type { GuestBuffer } from './guest-buffer.ts';
import type { Chain, VirtQueue } from './virt-queue.ts';
import type { VirtioDevice, VirtioTransport } from './virtio-device.ts';

export interface VirtioBlockOptions {
  /** Its size is rounded down to whole sectors of 512 bytes. */
  readonly disk: DiskBackend;
  /** What GET_ID answers: up to 20 ASCII characters. Default `trapline`. */
  readonly id?: string;
  /** Told of every disk failure; the guest sees an I/O error. */
  readonly onDiskError?: (error: unknown) => void;
}

const Feature = { segMax: 1n << 2n, readOnly: 1n << 5n, blockSize: 1n << 6n, flush: 1n << 9n } as const;
const RequestType = { in: 0, out: 1, flush: 4, getId: 8 } as const;
const Result = { ok: 0, ioError: 1, unsupported: 2 } as const;
type Result = (typeof Result)[keyof typeof Result];
type Operation = (chain: Chain, request: BlockRequest) => Result | Promise<Result>;

const sectorBytes = 512;
const idBytes = 20;
const queueSize = 256;
/** A request's header and status take two descriptors. */
const maxSegments = queueSize - 2;
const configBytes = 60;
/** Asynchronous transfers go in pieces of this many bytes, however a driver cut the buffers. */
const pieceBytes = 2 ** 20;

/**
 * A virtio block device (virtio 1.2, "Block Device") on any `DiskBackend`: IN, OUT, FLUSH and GET_ID. Several requests may be
 * in flight, and they finish in the disk's order. Without the FLUSH feature every write is flushed before it completes.
 *
 * It has no state of its own: the disk's contents are the host's to save, and requests in flight are in the queue's state.
 */
export class VirtioBlock implements VirtioDevice<null> {
  readonly name = 'virtio-blk';
  readonly deviceId = 2;
  readonly queueSizes = [queueSize];
  readonly features: bigint;
  readonly #disk: DiskBackend;
  readonly #sectors: number;
  readonly #id: Uint8Array;
  readonly #onDiskError: ((error: unknown) => void) | undefined;
  readonly #operations = new Map<number, Operation>([
    [RequestType.in, (chain, request) => this.#read(chain, request)],
    [RequestType.out, (chain, request) => this.#write(chain, request)],
    [RequestType.flush, () => this.#flush()],
    [RequestType.getId, (_, request) => this.#giveId(request)],
  ]);
  #transport: VirtioTransport | undefined;
  /** Writes whose pieces may not all have gone to the disk. */
  readonly #writes = new Set<Promise<unknown>>();

  constructor({ disk, id = 'trapline', onDiskError }: VirtioBlockOptions) {
    this.#disk = disk;
    this.#sectors = Math.floor(disk.bytes / sectorBytes);
    this.#id = Uint8Array.from({ length: idBytes }, (_, at) => (id.charCodeAt(at) || 0) & 0x7f);
    this.#onDiskError = onDiskError;
    this.features =
      Feature.segMax | Feature.blockSize | Feature.flush | (disk.readOnly ? Feature.readOnly : 0n);
  }

  config(): Uint8Array {
    const config = new DataView(new ArrayBuffer(configBytes));
    config.setBigUint64(0, BigInt(this.#sectors), true);
    config.setUint32(12, maxSegments, true);
    config.setUint32(20, sectorBytes, true);
    return new Uint8Array(config.buffer);
  }

  attach(transport: VirtioTransport): void {
    this.#transport = transport;
  }

  notify(queue: VirtQueue): void {
    for (const chain of queue.available()) this.#serve(chain, parseBlockRequest(chain));
  }

  reset(): void {}

  save(): null {
    return null;
  }

  restore(): void {}

  #serve(chain: Chain, request: BlockRequest): void {
    const succeed = (result: Result) => finish(chain, request, result);
    const fail = (error: unknown) => finish(chain, request, this.#failed(error));
    try {
      const result = this.#operations.get(request.type)?.(chain, request) ?? Result.unsupported;
      if (!(result instanceof Promise)) succeed(result);
      else
        void result.then(
          (later) => this.#transport?.run(() => succeed(later)),
          (error) => this.#transport?.run(() => fail(error)),
        );
    } catch (error) {
      fail(error);
    }
  }

  #failed(error: unknown): Result {
    if (error instanceof DriverError) throw error;
    this.#onDiskError?.(error);
    return Result.ioError;
  }

  /** Whole sectors, all on the disk, and no data in the wrong direction. */
  #allows({ sector }: BlockRequest, bytes: number, wrongWay: number): boolean {
    const end = sector * BigInt(sectorBytes) + BigInt(bytes);
    return wrongWay === 0 && bytes % sectorBytes === 0 && end <= BigInt(this.#sectors * sectorBytes);
  }

  #read(chain: Chain, request: BlockRequest): Result | Promise<Result> {
    const { dataIn, dataOut, sector } = request;
    if (!this.#allows(request, dataIn.bytes, dataOut.bytes)) return Result.ioError;
    let offset = Number(sector) * sectorBytes;
    if (!this.#disk.synchronous) return this.#readPieces(chain, dataIn.pieces(pieceBytes), offset);
    for (const segment of dataIn.segments) {
      const at = offset;
      dataIn.change(segment, (bytes) => void this.#disk.read(at, bytes));
      offset += segment.bytes;
    }
    return Result.ok;
  }

  /** Piece by piece, as the disk has them: at once, or in a promise. What comes after a reset changes nothing. */
  #readPieces(chain: Chain, pieces: Iterator<GuestBuffer>, start: number): Result | Promise<Result> {
    let offset = start;
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      const piece = next.value;
      const done = this.#lend(offset, piece.bytes, (parts) => {
        if (chain.live) piece.fill(parts);
      });
      offset += piece.bytes;
      if (done instanceof Promise)
        return done.then(() => (chain.live ? this.#readPieces(chain, pieces, offset) : Result.ioError));
    }
    return Result.ok;
  }

  /** The disk never gets hold of guest memory: by the time it answers, that may be the driver's again. */
  #lend(offset: number, bytes: number, use: (parts: readonly Uint8Array[]) => void): void | Promise<void> {
    const disk = this.#disk;
    if (disk.lend) return disk.lend(offset, bytes, use);
    const staging = new Uint8Array(bytes);
    const read = disk.read(offset, staging);
    if (read instanceof Promise) return read.then(() => use([staging]));
    use([staging]);
  }

  #write(chain: Chain, request: BlockRequest): Result | Promise<Result> {
    const { dataIn, dataOut, sector } = request;
    if (this.#disk.readOnly || !this.#allows(request, dataOut.bytes, dataIn.bytes)) return Result.ioError;
    let offset = Number(sector) * sectorBytes;
    if (!this.#disk.synchronous) return this.#tracked(this.#writeLater(chain, dataOut, offset));
    for (const segment of dataOut.segments) {
      this.#disk.write(offset, dataOut.view(segment));
      offset += segment.bytes;
    }
    return afterwards(this.#writeThrough());
  }

  async #writeLater(chain: Chain, dataOut: GuestBuffer, start: number): Promise<Result> {
    let offset = start;
    for (const piece of dataOut.pieces(pieceBytes)) {
      if (!chain.live) return Result.ioError;
      await this.#disk.write(offset, piece.read());
      offset += piece.bytes;
    }
    await this.#writeThrough();
    return Result.ok;
  }

  #tracked(write: Promise<Result>): Promise<Result> {
    const over = write.catch(() => undefined);
    this.#writes.add(over);
    void over.then(() => this.#writes.delete(over));
    return write;
  }

  /** After every write the driver asked for before. */
  #flush(): Result | Promise<Result> {
    if (this.#writes.size === 0) return afterwards(this.#disk.flush());
    return Promise.all(this.#writes).then(() => afterwards(this.#disk.flush()));
  }

  #writeThrough(): void | Promise<void> {
    if (!((this.#transport?.features ?? 0n) & Feature.flush)) return this.#disk.flush();
  }

  #giveId({ dataIn }: BlockRequest): Result {
    if (dataIn.bytes !== idBytes) return Result.ioError;
    dataIn.write(this.#id);
    return Result.ok;
  }
}

function afterwards(done: void | Promise<void>): Result | Promise<Result> {
  return done instanceof Promise ? done.then(() => Result.ok) : Result.ok;
}

/** The used length counts bytes valid from the start: a failed request with room for data has none. */
function finish(chain: Chain, { dataIn, status }: BlockRequest, result: Result): void {
  if (!chain.live) return;
  status.write(Uint8Array.of(result));
  const valid = result === Result.ok || dataIn.bytes === 0;
  chain.complete(valid ? dataIn.bytes + status.bytes : 0);
}

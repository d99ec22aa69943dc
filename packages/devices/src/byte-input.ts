import { ByteQueue } from './byte-queue.ts';

/** A serial device's receiving side, as the host sees it. */
export interface ByteReceiver {
  /** Takes bytes from the host, in order; gives how many fitted. The host keeps the rest. */
  receive(bytes: Uint8Array): number;
  /** Called when the guest made room after a `receive` that did not take everything. */
  onRoom: (() => void) | undefined;
}

/** Keeps what a receiver has no room for yet and hands it over as the guest reads. */
export class ByteInput {
  readonly #queue = new ByteQueue();
  readonly #receiver: ByteReceiver;

  constructor(receiver: ByteReceiver) {
    this.#receiver = receiver;
    receiver.onRoom = () => this.#deliver();
  }

  /** Bytes the receiver has not taken yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Queues `bytes` and delivers as many as fit. */
  push(bytes: Iterable<number>): void {
    this.#queue.push(bytes);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#queue.length > 0) {
      const offered = this.#queue.front();
      const taken = this.#receiver.receive(offered);
      this.#queue.drop(taken);
      if (taken < offered.length) return;
    }
  }
}

/** A serial device's receiving side, as the host sees it. */
export interface ByteReceiver {
  /** Takes bytes from the host, in order; gives how many fitted. The host keeps the rest. */
  receive(bytes: Uint8Array): number;
  /** Called when the guest made room after a `receive` that did not take everything. */
  onRoom: (() => void) | undefined;
}

/** Keeps what a receiver has no room for yet and hands it over as the guest reads. */
export class ByteInput {
  #waiting: number[] = [];
  readonly #receiver: ByteReceiver;

  constructor(receiver: ByteReceiver) {
    this.#receiver = receiver;
    receiver.onRoom = () => this.#deliver();
  }

  /** Bytes the receiver has not taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Queues `bytes` and delivers as many as fit. */
  push(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#waiting.push(byte & 0xff);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#waiting.length === 0) return;
    const taken = this.#receiver.receive(Uint8Array.from(this.#waiting));
    this.#waiting = this.#waiting.slice(taken);
  }
}

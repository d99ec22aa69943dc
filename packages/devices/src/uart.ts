import type { ByteSink, IrqLine, Persistent } from '@trapline/core';
import type { ByteReceiver } from './byte-input.ts';
import { MappedDevice } from './mapped-device.ts';
import { registerMap } from './register-map.ts';

export interface UartOptions {
  /** Where transmitted bytes go, at once. */
  readonly sink: ByteSink;
  readonly irq: IrqLine;
}

/** What a UART remembers. */
export interface UartState {
  readonly interruptEnable: number;
  readonly lineControl: number;
  readonly modemControl: number;
  readonly modemDeltas: number;
  readonly scratch: number;
  readonly divisor: number;
  readonly fifos: boolean;
  readonly trigger: number;
  readonly received: readonly number[];
  readonly overrun: boolean;
  /** The transmitter-empty interrupt is pending: IIR reports it. */
  readonly emptied: boolean;
  /** The guest read LSR since: the wire no longer carries it. */
  readonly emptiedSeen: boolean;
}

const Enable = { received: 1, emptied: 2, lineStatus: 4, modemStatus: 8 } as const;
const Identify = {
  none: 0x01,
  modemStatus: 0x00,
  emptied: 0x02,
  received: 0x04,
  timeout: 0x0c,
  lineStatus: 0x06,
} as const;
const LineStatus = { dataReady: 0x01, overrun: 0x02, transmitterIdle: 0x60 } as const;
const FifoControl = { enable: 1, clearReceived: 2 } as const;
const divisorAccess = 0x80;
const loopback = 0x10;
const fifosOn = 0xc0;
const fifoBytes = 16;
const triggerLevels = [1, 4, 8, 14] as const;
/** Without a loopback plug the line looks connected: DCD, DSR and CTS. */
const connected = 0xb0;

const powerOn: UartState = {
  interruptEnable: 0,
  lineControl: 0,
  modemControl: 0,
  modemDeltas: 0,
  scratch: 0,
  divisor: 12,
  fifos: false,
  trigger: 1,
  received: [],
  overrun: false,
  emptied: false,
  emptiedSeen: false,
};

/**
 * A 16550A serial port (8-bit registers, stride 1), transmitting in no time.
 *
 * One deliberate kindness: once the guest has read LSR, and so knows that the transmitter is empty, the wire stops
 * carrying the transmitter-empty interrupt, though IIR reports it until it is read or a byte is written. Drivers that never
 * read IIR (xv6 as of 2022) would otherwise be interrupted for ever by a level-triggered controller.
 */
export class Uart extends MappedDevice implements ByteReceiver, Persistent<UartState> {
  static readonly map = registerMap<Uart>([
    {
      at: 0,
      name: 'RBR/THR/DLL',
      bytes: 1,
      note: 'receive and transmit; divisor latch low while LCR.DLAB',
      read: (u) => (u.#divisorAccess ? u.#state.divisor & 0xff : u.#takeReceived()),
      write: (u, value) => (u.#divisorAccess ? u.#setDivisor(value, 0) : u.#transmit(value)),
    },
    {
      at: 1,
      name: 'IER/DLM',
      bytes: 1,
      note: 'interrupt enable; divisor latch high while LCR.DLAB',
      read: (u) => (u.#divisorAccess ? u.#state.divisor >> 8 : u.#state.interruptEnable),
      write: (u, value) => (u.#divisorAccess ? u.#setDivisor(value, 8) : u.#enableInterrupts(value)),
    },
    {
      at: 2,
      name: 'IIR/FCR',
      bytes: 1,
      note: 'interrupt identification (read), FIFO control (write)',
      read: (u) => u.#identify(),
      write: (u, value) => u.#controlFifos(value),
    },
    {
      at: 3,
      name: 'LCR',
      bytes: 1,
      note: 'line control',
      read: (u) => u.#state.lineControl,
      write: (u, value) => u.#set({ lineControl: value }),
    },
    {
      at: 4,
      name: 'MCR',
      bytes: 1,
      note: 'modem control',
      read: (u) => u.#state.modemControl,
      write: (u, value) => u.#controlModem(value & 0x1f),
    },
    { at: 5, name: 'LSR', bytes: 1, note: 'line status', read: (u) => u.#lineStatus() },
    { at: 6, name: 'MSR', bytes: 1, note: 'modem status', read: (u) => u.#modemStatus() },
    {
      at: 7,
      name: 'SCR',
      bytes: 1,
      note: 'scratch',
      read: (u) => u.#state.scratch,
      write: (u, value) => u.#set({ scratch: value }),
    },
  ]);

  readonly name = 'uart';
  readonly registers = Uart.map;
  onRoom: (() => void) | undefined;
  readonly #sink: ByteSink;
  readonly #irq: IrqLine;
  #state = powerOn;
  #refused = false;

  constructor({ sink, irq }: UartOptions) {
    super();
    this.#sink = sink;
    this.#irq = irq;
  }

  receive(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#room);
    this.#refused = taken.length < bytes.length;
    if (taken.length > 0) this.#set({ received: [...this.#state.received, ...taken] });
    return taken.length;
  }

  /** Back to power-on: what was received and not read is lost. */
  reset(): void {
    this.restore(powerOn);
    this.#offerRoom();
  }

  save(): UartState {
    return { ...this.#state, received: [...this.#state.received] };
  }

  restore(state: UartState): void {
    this.#set({ ...state, received: [...state.received] });
  }

  get #divisorAccess(): boolean {
    return (this.#state.lineControl & divisorAccess) !== 0;
  }

  get #capacity(): number {
    return this.#state.fifos ? fifoBytes : 1;
  }

  /** In loopback mode the serial input is disconnected. */
  get #room(): number {
    if (this.#state.modemControl & loopback) return 0;
    return Math.max(0, this.#capacity - this.#state.received.length);
  }

  #set(change: Partial<UartState>): void {
    this.#state = { ...this.#state, ...change };
    this.#irq.set(this.#wire());
  }

  #wire(): boolean {
    const source = this.#source();
    return source !== Identify.none && !(source === Identify.emptied && this.#state.emptiedSeen);
  }

  /** The pending interrupt of highest priority, as IIR encodes it. */
  #source(): number {
    const { interruptEnable: enabled, received, fifos, trigger, overrun, emptied, modemDeltas } = this.#state;
    if (enabled & Enable.lineStatus && overrun) return Identify.lineStatus;
    if (enabled & Enable.received && received.length > 0)
      return fifos && received.length < trigger ? Identify.timeout : Identify.received;
    if (enabled & Enable.emptied && emptied) return Identify.emptied;
    if (enabled & Enable.modemStatus && modemDeltas !== 0) return Identify.modemStatus;
    return Identify.none;
  }

  #identify(): number {
    const source = this.#source();
    if (source === Identify.emptied) this.#set({ emptied: false });
    return source | (this.#state.fifos ? fifosOn : 0);
  }

  #takeReceived(): number {
    const [byte = 0, ...rest] = this.#state.received;
    this.#set({ received: rest });
    this.#offerRoom();
    return byte;
  }

  #offerRoom(): void {
    if (!this.#refused || this.#room === 0) return;
    this.#refused = false;
    this.onRoom?.();
  }

  #transmit(byte: number): void {
    if (this.#state.modemControl & loopback) this.#loopBack(byte);
    else this.#sink.write(byte);
    this.#set({ emptied: true, emptiedSeen: false });
  }

  #loopBack(byte: number): void {
    const { received } = this.#state;
    if (received.length < this.#capacity) this.#set({ received: [...received, byte] });
    else this.#set({ overrun: true });
  }

  #setDivisor(value: number, shift: 0 | 8): void {
    const kept = this.#state.divisor & (0xff00 >> shift);
    this.#set({ divisor: kept | (value << shift) });
  }

  /** Enabling the transmitter-empty interrupt while the transmitter is empty raises it: drivers start sending that way. */
  #enableInterrupts(value: number): void {
    const interruptEnable = value & 0x0f;
    const newly = interruptEnable & ~this.#state.interruptEnable & Enable.emptied;
    this.#set(newly ? { interruptEnable, emptied: true, emptiedSeen: false } : { interruptEnable });
  }

  #controlFifos(value: number): void {
    const fifos = (value & FifoControl.enable) !== 0;
    const cleared = fifos !== this.#state.fifos || (value & FifoControl.clearReceived) !== 0;
    this.#set({
      fifos,
      trigger: fifos ? triggerLevels[(value >> 6) & 3]! : 1,
      received: cleared ? [] : this.#state.received,
    });
    this.#offerRoom();
  }

  #controlModem(value: number): void {
    const before = modemLines(this.#state.modemControl);
    const after = modemLines(value);
    const changed = (before ^ after) >> 4;
    // The ring indicator's delta (bit 2) records its trailing edge only.
    const deltas = (changed & 0b1011) | (changed & 0b0100 && before & 0x40 ? 0b0100 : 0);
    this.#set({ modemControl: value, modemDeltas: this.#state.modemDeltas | deltas });
    this.#offerRoom();
  }

  #lineStatus(): number {
    const { received, overrun } = this.#state;
    this.#set({ overrun: false, emptiedSeen: true });
    return (
      LineStatus.transmitterIdle |
      (received.length > 0 ? LineStatus.dataReady : 0) |
      (overrun ? LineStatus.overrun : 0)
    );
  }

  #modemStatus(): number {
    const status = modemLines(this.#state.modemControl) | this.#state.modemDeltas;
    this.#set({ modemDeltas: 0 });
    return status;
  }
}

/** CTS, DSR, RI and DCD as MSR bits 4..7; looped back they are RTS, DTR, OUT1 and OUT2. */
function modemLines(modemControl: number): number {
  if (!(modemControl & loopback)) return connected;
  const [dtr, rts, out1, out2] = [0, 1, 2, 3].map((bit) => (modemControl >> bit) & 1) as [
    number,
    number,
    number,
    number,
  ];
  return (rts << 4) | (dtr << 5) | (out1 << 6) | (out2 << 7);
}

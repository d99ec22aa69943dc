import { type MappedDevice, Plic, Uart } from '../src/index.ts';

// A hart's external interrupt pin and a terminal: anything with these methods will do.
const pin = { level: false, set: (level: boolean) => Object.assign(pin, { level }) };
const screen = { text: '', write: (byte: number) => (screen.text += String.fromCharCode(byte)) };

const plic = new Plic({ contexts: [pin] });
const uart = new Uart({ sink: screen, irq: plic.source(10) });

// A bus in one line: devices by base address.
const bus = new Map<number, MappedDevice>([
  [0x0c00_0000, plic],
  [0x1000_0000, uart],
]);
const store = (base: number, offset: number, bytes: 1 | 4, value: number) =>
  bus.get(base)?.write(offset, bytes, BigInt(value));
const load = (base: number, offset: number, bytes: 1 | 4) => Number(bus.get(base)?.read(offset, bytes));

// What a guest does: print, then wait for a key by interrupt.
for (const letter of 'ok') store(0x1000_0000, 0, 1, letter.charCodeAt(0));
store(0x0c00_0000, 4 * 10, 4, 1); // priority of source 10
store(0x0c00_0000, 0x2000, 4, 1 << 10); // enable it for context 0
store(0x1000_0000, 1, 1, 1); // UART: interrupt on received data

uart.receive(Uint8Array.of(0x21)); // the host's key press
const interrupted = pin.level; // true
const claimed = load(0x0c00_0000, 0x20_0004, 4); // 10
const key = load(0x1000_0000, 0, 1); // 0x21
store(0x0c00_0000, 0x20_0004, 4, claimed); // complete: the wire is low again

console.log(screen.text, interrupted, claimed, key, pin.level); // ok true 10 33 false

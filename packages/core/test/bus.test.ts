import { expect, test } from 'vitest';
import { Bus } from '../src/bus.ts';
import { CoreMemory } from '../src/memory.ts';
import type { Device } from '../src/ports.ts';

const device: Device = {
  name: 'echo',
  read: (offset, bytes) => BigInt(offset * 10 + bytes),
  write: (offset) => offset !== 8,
};
const make = (): Bus => new Bus(new CoreMemory({ bytes: 1 << 20 }));

test('RAM is found by physical address, whole accesses only', () => {
  const bus = make();
  const { offset } = bus.addRam(0x8000_0000, 0x2000);
  expect(bus.ram(0x8000_1ff8, 8)).toBe(offset + 0x1ff8);
  expect(bus.ram(0x8000_1ffc, 8)).toBe(-1);
  expect(bus.ram(0x7fff_fff8, 8)).toBe(-1);
  expect(bus.ram(2 ** 60, 8)).toBe(-1);
});

test('devices see offsets from their base; nothing there is a bus error', () => {
  const bus = make();
  bus.addDevice(0x1000_0000, 0x100, device);
  expect(bus.read(0x1000_0004, 2)).toBe(42n);
  expect(bus.write(0x1000_0008, 4, 1n)).toBe(false);
  expect(bus.write(0x1000_0010, 4, 1n)).toBe(true);
  expect(bus.read(0x1000_00fc, 8)).toBeUndefined();
  expect(bus.read(0x2000_0000, 1)).toBeUndefined();
});

test('ranges do not overlap, RAM is whole pages', () => {
  const bus = make();
  bus.addRam(0x8000_0000, 0x2000);
  expect(() => bus.addDevice(0x8000_1fff, 1, device)).toThrowError(/already mapped/);
  expect(() => bus.addRam(0x9000_0000, 0x1234)).toThrowError(/whole pages/);
});

test('what is removed is gone, and its memory is zero when it is used again', () => {
  const memory = new CoreMemory({ bytes: 1 << 16 });
  const bus = new Bus(memory);
  const { offset } = bus.addRam(0x8000_0000, 0x1000);
  memory.u8[offset] = 7;
  expect(bus.remove(0x8000_0000)).toBe(true);
  expect(bus.ram(0x8000_0000, 1)).toBe(-1);
  expect(memory.u8[bus.addRam(0x9000_0000, 0x1000).offset]).toBe(0);
});

test('memory runs out with a HostError, not with a surprise', () => {
  const bus = make();
  expect(() => bus.addRam(0x8000_0000, 1 << 24)).toThrowError(/no room/);
  expect(() => new CoreMemory({ bytes: 2 ** 33 })).toThrowError(/4 GiB/);
});

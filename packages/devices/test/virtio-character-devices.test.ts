import { beforeEach, describe, expect, it } from 'vitest';
import { ByteInput, VirtioConsole, VirtioRng } from '../src/index.ts';
import { type DriverQueue, room } from './driver.ts';
import { type Bench, bench, gaveUp } from './echo-device.ts';

const text = (s: string) => new TextEncoder().encode(s);

describe('virtio-console', () => {
  let b: Bench<VirtioConsole>;
  let sent: number[];
  let input: DriverQueue;
  let output: DriverQueue;

  beforeEach(() => {
    sent = [];
    b = bench(new VirtioConsole({ sink: { write: (byte) => sent.push(byte) }, columns: 100, rows: 40 }));
    [input, output] = b.driver.start().queues as [DriverQueue, DriverQueue];
  });

  it('sends what the guest queues', () => {
    output.add([text('hel'), text('lo')]);
    output.add([text('!')]);
    output.kick();
    expect(String.fromCharCode(...sent)).toBe('hello!');
    expect(output.takeUsed().map((used) => used.bytes)).toEqual([0, 0]);
  });

  it('fills receive buffers and keeps the rest waiting until there are more', () => {
    const host = new ByteInput(b.device);
    const [first, second] = [4, 100].map((bytes) => input.add([room(bytes)]).addresses[0]!);
    host.push(text('hello world'));
    expect(input.takeUsed().map((used) => used.bytes)).toEqual([4, 7]);
    expect(b.ram.peek(first!, 4)).toEqual(text('hell'));
    expect(b.ram.peek(second!, 7)).toEqual(text('o world'));
    expect(b.driver.takeInterrupts()).toBe(1);
    host.push(text('more'));
    expect(host.waiting).toBe(4);
    const { addresses } = input.add([room(10)]);
    input.kick();
    expect(host.waiting).toBe(0);
    expect(b.ram.peek(addresses[0]!, 4)).toEqual(text('more'));
    expect(b.ram.allDeclared).toBe(true);
  });

  it('takes nothing before the driver is ready', () => {
    b.driver.negotiate(~0n);
    expect(b.device.receive(text('x'))).toBe(0);
  });

  it('shows its size, and tells when it changes', () => {
    expect([b.slot.read(0x100, 2), b.slot.read(0x102, 2)]).toEqual([100n, 40n]);
    const generation = b.driver.read(0xfc);
    b.device.resize(132, 50);
    expect([b.slot.read(0x100, 2), b.slot.read(0x102, 2)]).toEqual([132n, 50n]);
    expect(b.driver.takeInterrupts()).toBe(2);
    expect(b.driver.read(0xfc)).not.toBe(generation);
  });

  it('has an emergency write that needs no set-up', () => {
    b.driver.write(0x70, 0);
    b.slot.write(0x108, 4, 0x1_41n);
    b.slot.write(0x100, 4, 0x42n);
    expect(sent).toEqual([0x41]);
  });

  it('a receive buffer without room stops the device', () => {
    input.add([text('readable')]);
    expect(b.device.receive(text('x'))).toBe(0);
    expect(gaveUp(b)).toBe(true);
  });

  it('a receive buffer outside RAM stops the device', () => {
    input.table([{ address: 4n, bytes: 4, flags: 2 }]);
    input.offer(0);
    expect(b.device.receive(text('x'))).toBe(0);
    expect(gaveUp(b)).toBe(true);
  });

  it('saves and restores', () => {
    const copy = bench(new VirtioConsole({ sink: { write: () => {} } }));
    copy.slot.restore(structuredClone(b.slot.save()));
    expect(copy.slot.read(0x100, 4)).toBe(b.slot.read(0x100, 4));
    expect(structuredClone(copy.slot.save())).toEqual(b.slot.save());
  });
});

describe('virtio-rng', () => {
  const start = () => {
    let next = 0;
    const entropy = {
      fill: (into: Uint8Array) => {
        for (const at of into.keys()) into[at] = ++next & 0xff;
      },
    };
    const b = bench(new VirtioRng({ entropy }));
    return { b, queue: b.driver.start().queues[0]! };
  };

  it('fills buffers from its entropy', () => {
    const { b, queue } = start();
    const { addresses } = queue.add([room(3), room(2)]);
    queue.kick();
    expect(queue.takeUsed()).toEqual([{ head: 0, bytes: 5 }]);
    expect(addresses.map((address, i) => [...b.ram.peek(address, 3 - i)])).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('gives at most 64 KiB at a time', () => {
    const { queue } = start();
    queue.add([room(100_000)]);
    queue.kick();
    expect(queue.takeUsed()[0]!.bytes).toBe(65_536);
  });

  it('a request without room stops the device', () => {
    const { b, queue } = start();
    queue.add([text('no')]);
    queue.kick();
    expect(gaveUp(b)).toBe(true);
  });
});

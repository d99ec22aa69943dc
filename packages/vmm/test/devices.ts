import type { BoardClock, Device, GuestHart } from '@trapline/core';

/** A device with something for every kind of access. All registers answer all widths. */
export interface TestPort {
  readonly device: Device;
  /** What was stored to register 0, once something was. */
  finished: number | undefined;
  /** What was stored to register 8. */
  readonly printed: number[];
  /** What SBI console reads get. */
  readonly input: number[];
  finish(value: number): void;
  reset(): void;
}

/** Registers by offset; anything else on the page is a bus error. */
export const Port = {
  finish: 0x00,
  print: 0x08,
  /** Counts its own reads: an access made twice shows. */
  counter: 0x10,
  /** Reads what was written, eight bytes from here. */
  scratch: 0x18,
  /** Level of MEIP of the hart whose number is value >> 1. */
  machineExternal: 0x20,
  supervisorExternal: 0x28,
} as const;

const inRegister = (at: number): number => at & 7;

export const testPort = (harts: () => readonly GuestHart[]): TestPort => {
  let counted = 0n;
  const scratch = new DataView(new ArrayBuffer(8));
  const readScratch = (at: number, bytes: number): bigint => {
    const all = scratch.getBigUint64(0, true) >> BigInt(8 * inRegister(at));
    return BigInt.asUintN(8 * bytes, all);
  };
  const writeScratch = (at: number, bytes: number, value: bigint): void => {
    for (let i = 0; i < bytes; i++)
      scratch.setUint8(inRegister(at) + i, Number((value >> BigInt(8 * i)) & 0xffn));
  };
  const port: TestPort = {
    finished: undefined,
    printed: [],
    input: [],
    finish: (value) => {
      port.finished = value;
      for (const hart of harts()) hart.requestStop();
    },
    reset: () => {
      port.finished = undefined;
      port.printed.length = 0;
      port.input.length = 0;
      port.input.push(...new TextEncoder().encode('typed'));
      counted = 0n;
      scratch.setBigUint64(0, 0n);
    },
    device: {
      name: 'port',
      read: (at, bytes) => {
        const register = at & ~7;
        if (register === Port.counter) return BigInt.asUintN(8 * bytes, ++counted * 0x0101_0101_0101_0101n);
        if (register === Port.scratch) return readScratch(at, bytes);
        return register <= Port.supervisorExternal ? 0n : undefined;
      },
      write: (at, bytes, value) => {
        const register = at & ~7;
        const hart = harts()[Number(value >> 1n) % harts().length];
        if (register === Port.finish) port.finish(Number(value));
        else if (register === Port.print) port.printed.push(Number(value));
        else if (register === Port.scratch) writeScratch(at, bytes, value);
        else if (register === Port.machineExternal) hart?.machineExternal.set((value & 1n) !== 0n);
        else if (register === Port.supervisorExternal) hart?.supervisorExternal.set((value & 1n) !== 0n);
        return register <= Port.supervisorExternal;
      },
    },
  };
  return port;
};

/** Enough of a CLINT for tests: msip from 0, mtimecmp from 0x4000, mtime at 0xbff8. */
export const clint = (harts: readonly GuestHart[], clock: BoardClock): Device => ({
  name: 'clint',
  read: (at) => (at === 0xbff8 ? clock.ticks() : 0n),
  write: (at, _bytes, value) => {
    if (at < 0x4000) harts[at >> 2]?.machineSoftware.set((value & 1n) !== 0n);
    else if (at === 0xbff8) clock.setTicks(value);
    else harts[(at - 0x4000) >> 3]?.machineTimer.setDeadline(value);
    return true;
  },
});

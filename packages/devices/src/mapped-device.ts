import type { Device } from '@trapline/core';
import type { AccessBytes, RegisterMap } from './register-map.ts';

/** A device whose whole bus face is a register map. */
export abstract class MappedDevice implements Device {
  abstract readonly name: string;
  /** The rows this device answers from; also its documentation and its trace names. */
  abstract readonly registers: RegisterMap<this>;

  read(offset: number, bytes: AccessBytes): bigint | undefined {
    return this.registers.read(this, offset, bytes);
  }

  write(offset: number, bytes: AccessBytes, value: bigint): boolean {
    return this.registers.write(this, offset, bytes, value);
  }

  /** What a trace calls the register at `offset`, or undefined where there is none. */
  registerAt(offset: number): string | undefined {
    return this.registers.nameAt(offset);
  }
}

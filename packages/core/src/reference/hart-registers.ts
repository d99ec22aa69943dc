import { Slot } from '@trapline/isa';
import { floatDirty, type HartViews } from '../hart-layout.ts';
import type { Registers } from './evaluate.ts';

/** The registers in a hart's area. */
export class HartRegisters implements Registers {
  private readonly views: HartViews;

  constructor(views: HartViews) {
    this.views = views;
  }

  get pc(): bigint {
    return this.views.pc[0]!;
  }

  set pc(value: bigint) {
    this.views.pc[0] = value;
  }

  readX(index: number): bigint {
    return this.views.x[index]!;
  }

  /** Writes to x0 are ignored. */
  writeX(index: number, value: bigint): void {
    if (index !== 0) this.views.x[index] = value;
  }

  readF(index: number): bigint {
    return this.views.f[index]!;
  }

  writeF(index: number, value: bigint): void {
    this.views.f[index] = value;
  }

  get floatEnabled(): boolean {
    return this.views.floatState[0] !== 0;
  }

  get roundingMode(): number {
    return Number((this.views.csrs[Slot.fcsr]! >> 5n) & 7n);
  }

  floatDirtied(flags: number): void {
    this.views.csrs[Slot.fcsr]! |= BigInt(flags);
    this.views.floatState[0] = floatDirty;
  }
}

import type { AccessBytes, Trap } from '@trapline/isa';
import { Slow, type SlowPath } from '../engine.ts';
import type { HartViews } from '../hart-layout.ts';
import type { CoreMemory } from '../memory.ts';
import type { MemoryPort } from './evaluate.ts';

/** A hart's own memory for the evaluator: the slow paths engines call. */
export class HartMemory implements MemoryPort {
  private readonly slow: SlowPath;
  private readonly views: HartViews;
  private readonly memory: CoreMemory;

  constructor(slow: SlowPath, views: HartViews, memory: CoreMemory) {
    this.slow = slow;
    this.views = views;
    this.memory = memory;
  }

  load(va: bigint, bytes: AccessBytes): bigint | Trap {
    return this.slow.loadSlow(va, bytes, false) === Slow.trap ? this.trap() : this.views.slowResult[0]!;
  }

  store(va: bigint, bytes: AccessBytes, value: bigint): Trap | undefined {
    return this.slow.storeSlow(va, bytes, value) === Slow.trap ? this.trap() : undefined;
  }

  modify(va: bigint, bytes: 4 | 8 | 16, next: (old: bigint) => bigint): bigint | Trap {
    const host = this.slow.resolveAtomic(va, bytes);
    if (host < 0) return this.trap();
    const old = this.get(host, bytes);
    this.put(host, bytes, next(old));
    return old;
  }

  loadReserved(va: bigint, bytes: 4 | 8): bigint | Trap {
    if (this.slow.loadReserved(va, bytes) === Slow.trap) return this.trap();
    return BigInt.asUintN(8 * bytes, this.views.slowResult[0]!);
  }

  storeConditional(va: bigint, bytes: 4 | 8, value: bigint): boolean | Trap {
    if (this.slow.storeConditional(va, bytes, value) === Slow.trap) return this.trap();
    return this.views.slowResult[0] === 0n;
  }

  private trap(): Trap {
    return { interrupt: false, cause: this.views.exitCause[0]!, tval: this.views.exitTval[0]! };
  }

  private get(host: number, bytes: 4 | 8 | 16): bigint {
    const { view } = this.memory;
    if (bytes === 4) return BigInt(view.getUint32(host, true));
    const low = view.getBigUint64(host, true);
    return bytes === 8 ? low : (view.getBigUint64(host + 8, true) << 64n) | low;
  }

  private put(host: number, bytes: 4 | 8 | 16, value: bigint): void {
    const { view } = this.memory;
    if (bytes === 4) view.setUint32(host, Number(value & 0xffff_ffffn), true);
    else view.setBigUint64(host, value, true);
    if (bytes === 16) view.setBigUint64(host + 8, value >> 64n, true);
  }
}

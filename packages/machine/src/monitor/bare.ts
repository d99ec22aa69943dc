import { createCore, type DmaMemory } from '@trapline/core';
import { ramBase } from '../board/virt.ts';
import type { GuestParts, GuestRequest } from '../create-machine.ts';
import { guestWorld, readWord } from '../inspect/world.ts';

/** The guest on the machine itself: nothing between it and the harts. */
export function bareGuest({ ramBytes, harts: count, clock, firmware, engine }: GuestRequest): GuestParts {
  const core = createCore({ harts: count, memoryBytes: ramBytes, ...engine });
  core.bus.addRam(ramBase, ramBytes);
  const harts = Array.from({ length: count }, (_, id) => core.createBareHart({ id, clock, firmware }));
  const memory: DmaMemory = {
    view: (address, bytes) => core.ram(address, bytes),
    written: (address, bytes) => core.physicalWrite(address, bytes),
  };
  return {
    harts,
    memory,
    addDevice: (address, bytes, device) => core.bus.addDevice(address, bytes, device),
    stats: () => ({
      exits: {},
      shadow: {},
      tlbMisses: harts.reduce((sum, { hart }) => sum + hart.slow.misses, 0),
      engine: { name: core.engine.name, ...core.engine.stats?.() },
    }),
    listenExits: () => () => {},
    recordExits: () => () => {},
    stopReason: () => undefined,
    worlds: (hart) => [guestWorld(harts[hart]!.hart, (address) => readWord(core.ram(address, 8)))],
    codePages: () => core.code.used,
    hostAddress: (address) => (core.ram(address, 1) ? address : undefined),
  };
}

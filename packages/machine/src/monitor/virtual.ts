import { HostError } from '@trapline/core';
import type { Policy } from '@trapline/vmm';
import type { GuestParts, GuestRequest } from '../create-machine.ts';

/** The guest deprivileged under the monitor. */
export function virtualGuest(_request: GuestRequest, _policy: 'shadow' | Policy): GuestParts {
  throw new HostError('monitor', 'the shadow monitor is not wired yet', { hint: 'Use --monitor none.' });
}

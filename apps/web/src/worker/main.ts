import type { MachineEvent } from '../machine/protocol.ts';
import { serve } from '../machine/rpc.ts';
import { Session } from './session.ts';

// The typings know `self` as a window; here it is the worker's global scope.
const scope = self as unknown as Parameters<typeof serve>[0];
serve(scope, new Session((event: MachineEvent) => scope.postMessage({ event })));

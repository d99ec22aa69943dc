export { HostError } from './host-error.ts';
export type * from './ports.ts';

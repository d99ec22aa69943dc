export type { Host, Input, Output } from './host.ts';
export { main, qemuMain } from './main.ts';

/**
 * The driver broke the protocol in a way the device cannot work around. Thrown by queues and devices while they serve a
 * driver, caught by the transport alone, which answers with DEVICE_NEEDS_RESET.
 */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}

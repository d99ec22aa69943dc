/** Feature bits that belong to every device (virtio 1.2, "Reserved Feature Bits"). */
export const Feature = {
  indirectDescriptors: 1n << 28n,
  eventIndex: 1n << 29n,
  version1: 1n << 32n,
} as const;

/** What the transport and the queue offer whatever the device. */
export const transportFeatures = Feature.indirectDescriptors | Feature.eventIndex | Feature.version1;

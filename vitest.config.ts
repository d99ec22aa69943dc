import { defineConfig } from 'vitest/config';

// Tests import the sources of every package through the "@trapline/source" export condition: no build is needed.
export default defineConfig({
  resolve: { conditions: ['@trapline/source'] },
  ssr: { resolve: { conditions: ['@trapline/source'] } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'docs/test/**/*.test.ts',
    ],
    setupFiles: ['./vitest.setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'packages/*/test/**/*.test.tsx'],
          exclude: ['**/test/vm/**', '**/test/all/**'],
          testTimeout: 20_000,
        },
      },
      // Boots a VM: one file at a time, so that two guests never share the two cores of a small machine.
      {
        test: {
          name: 'vm',
          include: ['packages/*/test/vm/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      // Puts every fault into every host, and boots hl02 twenty times: most of an hour. `make test-all` runs it too.
      {
        test: {
          name: 'all',
          include: ['packages/*/test/all/**/*.test.ts'],
          testTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

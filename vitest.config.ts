import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'packages/*/test/**/*.test.tsx'],
          exclude: ['**/test/vm/**'],
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
    ],
  },
});

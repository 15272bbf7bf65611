import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Every file fails that leaves something behind.
    setupFiles: ['test/support/leaks.ts'],
    globalSetup: ['test/support/run.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Real processes and real key generation share two cores in CI.
    maxWorkers: 2,
  },
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globals: false,
    coverage: { provider: 'v8', include: ['src/**/*.ts', 'adapters/**/*.ts'], reporter: ['text', 'json-summary'] },
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.redis.test.ts', 'test/**/*.browser.test.ts', 'test/**/*.nginx.test.ts', 'test/package/**'],
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.redis.test.ts', 'test/**/*.browser.test.ts', 'test/**/*.nginx.test.ts', 'test/package/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = fileURLToPath(new URL('./src', import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^express-jwt-bearer$/, replacement: `${source}/index.ts` },
      { find: /^express-jwt-bearer\/([\w-]+)$/, replacement: `${source}/$1/index.ts` },
    ],
  },
  test: {
    // Real servers take their time to start where many tests run at once.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/package/{consumers,places}.test.ts', 'test/consumers/**'],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      // Three lines that run in a process of their own, from the packed tarball.
      exclude: ['src/cli/main.ts'],
      reporter: ['text', 'html'],
      thresholds: { 100: true },
    },
    typecheck: {
      enabled: true,
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: 'test/tsconfig.json',
    },
  },
})

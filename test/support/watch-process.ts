import { afterEach, beforeEach, expect } from 'vitest'

/** Fails each test of the file that leaves a rejection or an exception to the process. */
export function watchProcess(): void {
  const stray: unknown[] = []
  const keep = (error: unknown) => stray.push(error)

  beforeEach(() => {
    stray.length = 0
    process.on('unhandledRejection', keep)
    process.on('uncaughtException', keep)
  })

  afterEach(async () => {
    // Rejections are reported after the microtasks of the turn in which they happen.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', keep)
    process.off('uncaughtException', keep)
    expect(stray).toEqual([])
  })
}

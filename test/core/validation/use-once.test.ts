import { describe, expect, test, vi } from 'vitest'
import { TokenReplayedError } from 'express-jwt-bearer'
import { useOnce } from '../../../src/core/validation/use-once.js'

const end = new Date(0)

describe('useOnce', () => {
  test('answers at once where the cache does', () => {
    expect(useOnce({ addIfAbsent: () => true }, 'Bearer', 'k', end)).toBe(true)
    expect(useOnce({ addIfAbsent: () => false }, 'Bearer', 'k', end)).toBe(false)
  })

  test('gives up on a cache that does not answer within 5 s', async () => {
    vi.useFakeTimers()
    try {
      const answer = Promise.resolve(
        useOnce({ addIfAbsent: () => new Promise(() => undefined) }, 'Bearer', 'k', end),
      )
      const outcome = answer.then(String, (error: unknown) => (error as Error).name)
      await vi.advanceTimersByTimeAsync(4_999)
      await expect(Promise.race([outcome, Promise.resolve('waiting')])).resolves.toBe('waiting')
      await vi.advanceTimersByTimeAsync(1)
      await expect(outcome).resolves.toBe('TimeoutError')
    } finally {
      vi.useRealTimers()
    }
  })

  test('does not let a cache blame the caller', async () => {
    const cause = new TokenReplayedError()
    const addIfAbsent = () => Promise.reject(cause)
    const answer = Promise.resolve(useOnce({ addIfAbsent }, 'Bearer', 'k', end))
    await expect(answer).rejects.toMatchObject({ name: 'Error', cause })
  })
})

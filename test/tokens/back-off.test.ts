import { describe, expect, test } from 'vitest'
import { createBackOff } from '../../src/tokens/back-off.js'
import { TokenRequestError } from '../../src/tokens/token-client.js'

describe('createBackOff', () => {
  function waiting() {
    let now = 1e12
    const backOff = createBackOff(() => now)
    const delay = backOff.failed('a', new TokenRequestError({ status: 503, retryAfter: 20 }))
    return {
      delay,
      left: (seconds: number) => {
        now = 1e12 + seconds * 1000
        return backOff.remaining('a')
      },
    }
  }

  test('counts down to the next attempt', () => {
    const { delay, left } = waiting()
    expect(delay).toBe(20)
    expect(left(0)).toBe(20)
    expect(left(5)).toBe(15)
    expect(left(20)).toBe(0)
  })

  test('never waits for longer than there was to wait, whatever the clock does', () => {
    const { left } = waiting()
    expect(left(-60)).toBe(20)
    expect(left(-61)).toBe(0)
    expect(left(-100_000)).toBe(0)
  })
})

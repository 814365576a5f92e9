import { describe, expect, test } from 'vitest'
import { createAnswerCache } from '../../src/introspection/answer-cache.js'

const settings = { maxEntries: 2, maxAge: 60, inactiveMaxAge: 5 }

function start(given: Partial<typeof settings> | undefined = {}) {
  let now = 1_000_000_000
  const cache = createAnswerCache({ ...settings, ...given }, () => now)
  return {
    cache,
    seconds: () => now / 1000,
    pass: (by: number) => {
      now += by * 1000
    },
  }
}

const token = (exp?: unknown) => ({
  payload: { sub: 'alice', ...(exp !== undefined && { exp }) } as unknown as { sub: string },
  issuer: undefined,
})

describe('the cache of answers', () => {
  test.each<[string, number | undefined, number]>([
    ['without exp, for 60 s', undefined, 60],
    ['with a late exp, for 60 s', 3600, 60],
    ['with an early exp, until then', 10, 10],
  ])('keeps an active token %s', (_case, lifetime, kept) => {
    const { cache, pass, seconds } = start()
    const active = token(lifetime === undefined ? undefined : seconds() + lifetime)
    cache.addActive('a', active)
    pass(kept - 0.001)
    expect(cache.get('a')).toBe(active)
    pass(0.001)
    expect(cache.get('a')).toBeUndefined()
  })

  test.each([
    ['is over', -1],
    ['ends now', 0],
  ])('keeps nothing of a token whose exp %s', (_case, lifetime) => {
    const { cache, seconds } = start()
    cache.addActive('a', token(seconds() + lifetime))
    expect(cache.get('a')).toBeUndefined()
  })

  test.each([['9999999999'], [null], [{}], [true]])(
    'keeps nothing of a token whose exp is no number: %s',
    (exp) => {
      const { cache } = start()
      cache.addActive('a', token(exp))
      expect(cache.get('a')).toBeUndefined()
    },
  )

  test('keeps an inactive token for 5 s', () => {
    const { cache, pass } = start()
    cache.addInactive('a')
    pass(4.999)
    expect(cache.get('a')).toBe('inactive')
    pass(0.001)
    expect(cache.get('a')).toBeUndefined()
  })

  test('keeps nothing longer because the clock jumps back', () => {
    const { cache, pass } = start()
    cache.addActive('a', token())
    cache.addInactive('b')
    pass(-61)
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined])
  })

  test('makes room, but never for inactive tokens among active ones', () => {
    const { cache } = start()
    cache.addActive('a', token())
    cache.addActive('b', token())
    for (let index = 0; index < 100; index += 1) cache.addInactive(`x${String(index)}`)
    expect([cache.get('a'), cache.get('b')]).not.toContain(undefined)
    expect(cache.get('x97')).toBeUndefined()
    expect(cache.get('x99')).toBe('inactive')
    cache.addActive('c', token())
    expect(cache.get('a')).toBeUndefined()
  })

  test('keeps nothing with ages of 0, and nothing at all when it is off', () => {
    const { cache } = start({ maxAge: 0, inactiveMaxAge: 0 })
    const off = createAnswerCache(undefined, Date.now)
    for (const one of [cache, off]) {
      one.addActive('a', token())
      one.addInactive('b')
      expect([one.get('a'), one.get('b')]).toEqual([undefined, undefined])
    }
  })
})

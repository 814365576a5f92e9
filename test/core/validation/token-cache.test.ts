import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createTokenCache } from '../../../src/core/validation/token-cache.js'
import { ValidatedToken } from '../../../src/core/validation/validated-token.js'

const key = {
  key: {} as never,
  kid: undefined,
  algorithms: new Set<string>(),
  certificate: undefined,
}

function tokenOf(raw: string, exp?: number) {
  const payload = exp === undefined ? {} : { exp }
  const rule = { acceptsAudience: () => true }
  return new ValidatedToken(raw, { alg: 'HS256' }, payload, key, { keys: [key] }, rule)
}

// As long as a real token, with an end of its own.
function rawOf(text: string) {
  return `${'h'.repeat(40)}.${text}.${createHmac('sha256', 'k').update(text).digest('base64url')}`
}

function cacheAt(start = 0, limits: { maxEntries?: number; maxAge?: number } = {}) {
  let now = start
  const cache = createTokenCache({ maxEntries: 3, maxAge: 300, ...limits, clock: () => now })
  return { cache, setTime: (milliseconds: number) => (now = milliseconds) }
}

describe('createTokenCache', () => {
  test.each([
    [-60_000, true],
    [-60_001, false],
    [-1e9, false],
    [1e9, false],
  ])('remembers a token when the clock goes by %d ms: %s', (step, isKnown) => {
    const { cache, setTime } = cacheAt(1e12)
    const token = tokenOf(rawOf('a'))
    cache.add(token)
    setTime(1e12 + step)
    expect(cache.get(token.raw) !== undefined).toBe(isKnown)
  })

  test('remembers nothing by a clock that gives no number', () => {
    const { cache, setTime } = cacheAt(1e12)
    const token = tokenOf(rawOf('a'))
    cache.add(token)
    setTime(NaN)
    expect(cache.get(token.raw)).toBeUndefined()
  })

  test('finds the very token that was added', () => {
    const { cache } = cacheAt()
    const token = tokenOf(rawOf('a'))
    cache.add(token)
    expect(cache.get(token.raw)).toBe(token)
    expect(cache.get(rawOf('b'))).toBeUndefined()
  })

  test.each([
    ['another payload before the same signature', (raw: string) => raw.replace('.a.', '.b.')],
    ['another header before the same signature', (raw: string) => `x${raw.slice(1)}`],
    ['text in front', (raw: string) => `x${raw}`],
    ['nothing but the end', (raw: string) => raw.slice(-32)],
    ['one character of the signature more', (raw: string) => `${raw}A`],
  ])('does not take for it %s', (_case, change) => {
    const { cache } = cacheAt()
    const { raw } = tokenOf(rawOf('a'))
    cache.add(tokenOf(raw))
    expect(change(raw)).not.toBe(raw)
    expect(cache.get(change(raw))).toBeUndefined()
    expect(cache.get(raw)).toBeDefined()
  })

  test('keeps the newer of two tokens with the same end', () => {
    const { cache } = cacheAt()
    const one = tokenOf(`one.${'s'.repeat(43)}`)
    const other = tokenOf(`other.${'s'.repeat(43)}`)
    cache.add(one)
    cache.add(other)
    expect(cache.get(one.raw)).toBeUndefined()
    expect(cache.get(other.raw)).toBe(other)
  })

  test('serves a token until just before it is maxAge old', () => {
    const { cache, setTime } = cacheAt(1_000_000)
    const { raw } = tokenOf(rawOf('a'))
    cache.add(tokenOf(raw))
    setTime(1_000_000 + 300_000 - 1)
    expect(cache.get(raw)).toBeDefined()
    setTime(1_000_000 + 300_000)
    expect(cache.get(raw)).toBeUndefined()
  })

  test('does not grow younger by being used', () => {
    const { cache, setTime } = cacheAt()
    const { raw } = tokenOf(rawOf('a'))
    cache.add(tokenOf(raw))
    setTime(299_000)
    expect(cache.get(raw)).toBeDefined()
    setTime(301_000)
    expect(cache.get(raw)).toBeUndefined()
  })

  test('remembers one in 64 where nobody has come twice, and another for each that is found', () => {
    const { cache } = cacheAt(0, { maxEntries: 1000 })
    const add = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => {
        const token = tokenOf(rawOf(String(from + index)))
        cache.add(token)
        return token.raw
      })
    const known = (raws: string[]) => raws.filter((raw) => cache.get(raw) !== undefined).length

    const all = add(0, 1000)
    const seldom = add(1000, 640)
    expect(known(seldom.slice(0, 63))).toBe(0)
    expect(known(seldom)).toBe(10)
    expect(known(add(2000, 60))).toBe(10)
    expect(known(all.slice(-500))).toBe(500)
    // Ten and 500 are paid for, and two of the other 90 are the 64th.
    expect(known(add(3000, 600))).toBe(512)
  })

  test('remembers everybody as long as there is room', () => {
    const { cache } = cacheAt(0, { maxEntries: 3000 })
    const raws = Array.from({ length: 3000 }, (_, index) => rawOf(String(index)))
    for (const raw of raws) cache.add(tokenOf(raw))
    expect(raws.every((raw) => cache.get(raw) !== undefined)).toBe(true)
  })

  test('forgets for good what is too old, also when the clock goes back', () => {
    const { cache, setTime } = cacheAt()
    const { raw } = tokenOf(rawOf('a'))
    cache.add(tokenOf(raw))
    setTime(300_000)
    expect(cache.get(raw)).toBeUndefined()
    setTime(0)
    expect(cache.get(raw)).toBeUndefined()
  })

  test('serves a token until just before its exp', () => {
    const { cache, setTime } = cacheAt()
    const { raw } = tokenOf(rawOf('a'), 100)
    cache.add(tokenOf(raw, 100))
    setTime(99_999)
    expect(cache.get(raw)).toBeDefined()
    setTime(100_000)
    expect(cache.get(raw)).toBeUndefined()
  })

  test('does not remember a token beyond its exp, which only the clock skew let through', () => {
    const { cache, setTime } = cacheAt(100_000)
    const { raw } = tokenOf(rawOf('a'), 100)
    cache.add(tokenOf(raw, 100))
    setTime(0)
    expect(cache.get(raw)).toBeUndefined()
  })

  test('holds maxEntries tokens and drops the one that was used the longest ago', () => {
    const { cache } = cacheAt()
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((text) => rawOf(text)) as [
      string,
      string,
      string,
      string,
    ]
    for (const raw of [a, b, c]) cache.add(tokenOf(raw))
    expect(cache.get(a)).toBeDefined()
    cache.add(tokenOf(d))
    expect([a, b, c, d].map((raw) => cache.get(raw) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test('forgets what it is told to', () => {
    const { cache } = cacheAt()
    const raw = rawOf('a')
    cache.add(tokenOf(raw))
    cache.delete(raw)
    cache.delete(rawOf('never seen'))
    expect(cache.get(raw)).toBeUndefined()
  })

  test('remembers nothing when it may hold nothing', () => {
    const { cache } = cacheAt(0, { maxEntries: 0, maxAge: 0 })
    const raw = rawOf('a')
    cache.add(tokenOf(raw))
    expect(cache.get(raw)).toBeUndefined()
  })
})

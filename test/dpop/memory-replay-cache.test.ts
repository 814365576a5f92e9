import { createMemoryReplayCache } from 'express-jwt-bearer/dpop'
import { replayCacheContract } from 'express-jwt-bearer/testing'
import { describe, expect, test, vi } from 'vitest'
import { setUpError } from '../support/tokens.js'

const at = (second: number) => new Date(second * 1000)

function cacheOf(maxEntries?: number) {
  const time = { now: 0 }
  const cache = createMemoryReplayCache({ maxEntries, clock: () => time.now * 1000 })
  return { time, add: (key: string, end: number) => cache.addIfAbsent(key, at(end)) }
}

describe('createMemoryReplayCache', () => {
  for (const each of replayCacheContract(() => {
    let ahead = 0
    return {
      subject: createMemoryReplayCache({ clock: () => Date.now() + ahead * 1000 }),
      passTime: (seconds) => void (ahead += seconds),
    }
  })) {
    test(each.name, () => each.run())
  }

  test('remembers until the very instant, whatever the order', () => {
    const { time, add } = cacheOf()
    const ends = [50, 10, 40, 20, 30, 60, 5, 55, 45, 35]
    for (const end of ends) expect(add(String(end), end)).toBe(true)
    for (time.now = 1; time.now < 70; time.now += 1) {
      for (const end of ends) {
        // An entry that has left is written anew, so that each is asked about at its last instants alone.
        if (time.now < end) expect(add(String(end), end)).toBe(false)
      }
    }
  })

  test('never forgets a live entry: it throws when it is full', () => {
    const { time, add } = cacheOf(2)
    expect(add('a', 30)).toBe(true)
    expect(add('b', 20)).toBe(true)
    expect(() => add('c', 30)).toThrow('"maxEntries"')
    expect(add('a', 30)).toBe(false)
    time.now = 19.999
    expect(() => add('c', 30)).toThrow('2 live entries')
    time.now = 20
    expect(add('c', 30)).toBe(true)
    expect(add('a', 30)).toBe(false)
  })

  test('keeps no entry that is over already', () => {
    const { time, add } = cacheOf(1)
    time.now = 10
    expect(add('a', 10)).toBe(true)
    expect(add('b', 11)).toBe(true)
  })

  test('stays cheap with many entries, live and over', () => {
    const { time, add } = cacheOf(20_000)
    const begin = performance.now()
    for (let index = 0; index < 20_000; index += 1) add(String(index), 100 + (index % 97))
    for (let index = 0; index < 20_000; index += 1) expect(() => add('more', 300)).toThrow()
    time.now = 1000
    for (let index = 0; index < 20_000; index += 1) add(`b${String(index)}`, 2000)
    expect(performance.now() - begin).toBeLessThan(5000)
  })

  test('looks the time up at each call', () => {
    const cache = createMemoryReplayCache()
    vi.useFakeTimers({ now: 1000 })
    try {
      expect(cache.addIfAbsent('a', at(2))).toBe(true)
      expect(cache.addIfAbsent('a', at(2))).toBe(false)
      vi.setSystemTime(2000)
      expect(cache.addIfAbsent('a', at(4))).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('takes no instant that is none, and forgets nothing by a clock that is none', () => {
    const { time, add } = cacheOf()
    expect(() => add('a', NaN)).toThrow(TypeError)
    add('b', 10)
    time.now = NaN
    expect(add('b', 10)).toBe(false)
  })

  test.each([
    [{ maxEntries: 0 }, 'maxEntries'],
    [{ maxEntires: 5 }, 'maxEntries'],
    [{ clock: 5 }, 'clock'],
  ])('refuses %o', (given, name) => {
    const error = setUpError(() => createMemoryReplayCache(given as never))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(error.message).toContain(name)
  })
})

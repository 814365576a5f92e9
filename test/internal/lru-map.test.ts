import { describe, expect, test } from 'vitest'
import { LruMap } from '../../src/internal/lru-map.js'

function mapOf(maxEntries: number, ...keys: string[]) {
  const map = new LruMap<string, string>(maxEntries)
  for (const key of keys) map.set(key, key.toUpperCase())
  return map
}

const held = (map: LruMap<string, string>, keys = ['a', 'b', 'c', 'd', 'e']) =>
  keys.filter((key) => map.get(key) !== undefined)

describe('LruMap', () => {
  test('gives back what was put in', () => {
    expect(mapOf(2, 'a').get('a')).toBe('A')
    expect(mapOf(2, 'a').get('b')).toBeUndefined()
  })

  test('holds as many entries as it may and drops the oldest', () => {
    expect(held(mapOf(3, 'a', 'b', 'c'))).toEqual(['a', 'b', 'c'])
    expect(held(mapOf(3, 'a', 'b', 'c', 'd', 'e'))).toEqual(['c', 'd', 'e'])
  })

  test.each([
    ['the oldest', 'a', ['a', 'c', 'd']],
    ['one in the middle', 'b', ['b', 'c', 'd']],
    ['the newest', 'c', ['b', 'c', 'd']],
  ])('counts a look at %s as a use of it', (_which, key, left) => {
    const map = mapOf(3, 'a', 'b', 'c')
    map.get(key)
    map.set('d', 'D')
    expect(held(map)).toEqual(left)
  })

  test('replaces a value, which counts as a use', () => {
    const map = mapOf(2, 'a', 'b')
    map.set('a', 'new')
    map.set('c', 'C')
    expect(held(map)).toEqual(['a', 'c'])
    expect(map.get('a')).toBe('new')
  })

  test.each([
    ['the oldest', 'a', ['c', 'd', 'e']],
    ['one in the middle', 'b', ['c', 'd', 'e']],
    ['the newest', 'c', ['b', 'd', 'e']],
    ['one it does not hold', 'x', ['c', 'd', 'e']],
  ])('goes on in order after %s was taken out', (_which, key, left) => {
    const map = mapOf(3, 'a', 'b', 'c')
    map.delete(key)
    expect(map.get(key)).toBeUndefined()
    map.set('d', 'D')
    map.set('e', 'E')
    expect(held(map)).toEqual(left)
  })

  test('can be emptied and filled again', () => {
    const map = mapOf(1, 'a')
    map.delete('a')
    map.delete('a')
    expect(held(map)).toEqual([])
    map.set('b', 'B')
    map.set('c', 'C')
    expect(held(map)).toEqual(['c'])
  })

  test('that may hold nothing holds nothing', () => {
    expect(held(mapOf(0, 'a', 'b'))).toEqual([])
  })

  test('uses the order of a plain list for any mixture of calls', () => {
    const map = new LruMap<string, number>(4)
    let list: [key: string, value: number][] = []
    // A fixed sequence without a pattern: the low bits of a linear congruential generator.
    let state = 1
    const draw = (below: number) => {
      state = (state * 1103515245 + 12345) % 2147483648
      return Math.floor((state / 2147483648) * below)
    }
    for (let step = 0; step < 5_000; step += 1) {
      const key = `key-${draw(7)}`
      const entry = list.find(([name]) => name === key)
      const others = list.filter(([name]) => name !== key)
      const action = draw(3)
      if (action === 0) {
        map.set(key, step)
        list = [...others, [key, step] as [string, number]].slice(-4)
      } else if (action === 1) {
        expect(map.get(key)).toBe(entry?.[1])
        if (entry !== undefined) list = [...others, entry]
      } else {
        map.delete(key)
        list = others
      }
    }
    for (const [key, value] of list) expect(map.get(key)).toBe(value)
  })
})

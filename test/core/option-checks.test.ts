import { describe, expect, test } from 'vitest'
import {
  checkNames,
  kindOf,
  readCount,
  readFlag,
  readFunction,
  readList,
  readSeconds,
  readText,
  readTexts,
  show,
} from '../../src/core/option-checks.js'
import { setUpError } from '../support/tokens.js'

describe('kindOf and show', () => {
  test.each<[unknown, string, string]>([
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [false, 'false', 'false'],
    [1.5, '1.5', '1.5'],
    [2n, '2', '2'],
    ['', 'an empty string', 'an empty string'],
    ['text', 'a string', '"text"'],
    ['a "quoted" text', 'a string', '"a \\"quoted\\" text"'],
    ['https://user:pw@a.test/b?c', 'a string', '"https://a.test/b"'],
    ['user:pw@a.test', 'a string', '"a.test"'],
    ['x'.repeat(81), 'a string', `"${'x'.repeat(80)}"`],
    [() => 1, 'a function', 'a function'],
    [[], 'an array', 'an array'],
    [{}, 'an object', 'an object'],
  ])('say what %o is', (value, kind, shown) => {
    expect(kindOf(value)).toBe(kind)
    expect(show(value)).toBe(shown)
  })
})

describe('the readers of options', () => {
  test('take undefined for the default', () => {
    expect(readFlag(undefined, 'x', true)).toBe(true)
    expect(readSeconds(undefined, 'x', 300, 3600)).toBe(300)
    expect(readCount(undefined, 'x', 9)).toBe(9)
    expect(readText(undefined, 'x')).toBeUndefined()
    expect(readTexts(undefined, 'x')).toEqual([])
    expect(readList(undefined, 'x')).toEqual([])
    expect(readFunction<(() => number) | undefined>(undefined, 'x')).toBeUndefined()
  })

  test('hand on what is right', () => {
    const work = () => 1
    expect(readFlag(false, 'x', true)).toBe(false)
    expect(readSeconds(0, 'x', 300, 3600)).toBe(0)
    expect(readSeconds(0.5, 'x', 300, 3600)).toBe(0.5)
    expect(readCount(1, 'x', 9)).toBe(1)
    expect(readText(' a ', 'x')).toBe(' a ')
    expect(readTexts('a', 'x')).toEqual(['a'])
    expect(readTexts(['a', 'b'], 'x')).toEqual(['a', 'b'])
    expect(readList(['a'], 'x')).toEqual(['a'])
    expect(readFunction(work, 'x')).toBe(work)
  })

  test('refuse a hole in a list', () => {
    expect(setUpError(() => readTexts(['a', undefined], 'x')).message).toBe(
      '"x[1]" must be a non-empty string, got undefined',
    )
  })
})

describe('checkNames', () => {
  test('accepts known names and none', () => {
    expect(() => {
      checkNames({ a: 1 }, ['a', 'b'], '"x"')
    }).not.toThrow()
    expect(() => {
      checkNames({}, ['a'], '"x"')
    }).not.toThrow()
  })

  test('names what it does not know, and what was meant', () => {
    expect(
      setUpError(() => {
        checkNames({ A: 1 }, ['a'], '"x"')
      }).message,
    ).toBe('"A" is not a member of "x"; did you mean "a"?')
    expect(
      setUpError(() => {
        checkNames({ c: 1 }, ['a', 'b'], '"x"')
      }).message,
    ).toBe('"c" is not a member of "x"; known are a, b')
  })

  test('never quotes a text that stands in the place of an object', () => {
    expect(
      setUpError(() => {
        checkNames('secret', ['a'], '"x"')
      }).message,
    ).toBe('"x" must be an object, got a string')
  })
})

import { describe, expect, test, vi } from 'vitest'
import { andThen, attempt, isPromise } from '../../src/internal/maybe-promise.js'

const thenable = { then: (resolve: (value: number) => unknown) => resolve(1) }

describe('isPromise', () => {
  test.each<[string, unknown, boolean]>([
    ['a promise', Promise.resolve(), true],
    ['an object with a then function', thenable, true],
    ['an object with a then of another kind', { then: 1 }, false],
    ['null', null, false],
    ['nothing', undefined, false],
    ['a text', 'then', false],
  ])('knows %s', (_case, value, expected) => {
    expect(isPromise(value)).toBe(expected)
  })
})

describe('andThen', () => {
  test('goes on at once with what is there, and later with what is not', async () => {
    expect(andThen(1, (value) => value + 1)).toBe(2)
    const later = andThen(Promise.resolve(1), (value: number) => value + 1)
    expect(isPromise(later)).toBe(true)
    expect(await later).toBe(2)
  })
})

describe('attempt', () => {
  const failure = new Error('no')
  test.each<[string, () => unknown, unknown]>([
    ['a value', () => 1, 1],
    ['a value that comes later', () => Promise.resolve(1), 1],
    [
      'a throw',
      () => {
        throw failure
      },
      'recovered',
    ],
    ['a rejection', () => Promise.reject(failure), 'recovered'],
  ])('hands on %s', async (_case, work, expected) => {
    const recover = vi.fn(() => 'recovered')
    expect(await attempt(work, recover)).toBe(expected)
    expect(recover.mock.calls).toEqual(expected === 'recovered' ? [[failure]] : [])
  })
})

import { describe, expect, test } from 'vitest'
import { readRetryAfter } from '../../src/internal/retry-after.js'

const now = Date.parse('2030-01-01T00:00:00Z')

describe('readRetryAfter', () => {
  test.each<[string, string | null | undefined, number | undefined]>([
    ['seconds', '120', 120],
    ['no time at all', '0', 0],
    ['a date ahead', 'Tue, 01 Jan 2030 00:01:00 GMT', 60],
    ['a date that has passed', 'Mon, 31 Dec 2029 23:00:00 GMT', 0],
    ['a text', 'soon', undefined],
    ['a negative number', '-', undefined],
    ['more than a number holds', '9'.repeat(400), undefined],
    ['an empty text', '', undefined],
    ['null', null, undefined],
    ['nothing', undefined, undefined],
  ])('reads %s', (_what, value, seconds) => {
    expect(readRetryAfter(value, now)).toBe(seconds)
  })
})

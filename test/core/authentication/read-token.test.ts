import { describe, expect, test } from 'vitest'
import {
  readToken,
  type AuthenticationRequest,
} from '../../../src/core/authentication/read-token.js'

const nothingKnown = new Map<string, unknown>()

function outcome(request: AuthenticationRequest): unknown {
  const read = readToken(request, nothingKnown)
  return read instanceof Error ? read.code : read
}

const malformed = 'ERR_BEARER_REQUEST_INVALID'

describe('readToken', () => {
  test.each([
    ['the usual form', 'Bearer abc', 'abc'],
    ['a lower-case scheme', 'bearer abc', 'abc'],
    ['an upper-case scheme', 'BEARER abc', 'abc'],
    ['several spaces', 'Bearer   abc', 'abc'],
    ['space around the value', ' \tBearer abc\t ', 'abc'],
    ['every character of b64token', 'Bearer aZ09-._~+/==', 'aZ09-._~+/=='],
  ])('reads the token from %s', (_case, authorization, expected) => {
    expect(outcome({ headers: { authorization } })).toBe(expected)
  })

  test.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic abc'],
    ['a scheme that starts with the same letters', 'BearerX abc'],
    ['a scheme with a hyphen', 'Bearer-Token abc'],
    ['an empty Bearer', 'Bearer'],
    ['an empty Bearer with spaces', 'Bearer   '],
    ['an empty Bearer with a tab', 'Bearer\t'],
    ['the word elsewhere', 'Basic Bearer abc'],
  ])('finds no credentials in %s', (_case, authorization) => {
    expect(outcome({ headers: { authorization } })).toBeUndefined()
  })

  test.each([
    ['two tokens', 'Bearer abc def'],
    ['a tab after the scheme', 'Bearer\tabc'],
    ['a tab after the space', 'Bearer \tabc'],
    ['a comma after the scheme', 'Bearer, abc'],
    ['a comma after the token', 'Bearer abc,'],
    ['two joined headers', 'Bearer abc, Bearer def'],
    ['parameters', 'Bearer token="abc"'],
    ['a quoted token', 'Bearer "abc"'],
    ['padding in the middle', 'Bearer a=b'],
    ['padding alone', 'Bearer ='],
    ['a letter outside ASCII', 'Bearer abcé'],
    ['a letter outside ASCII after the scheme', 'Beareré'],
    ['a no-break space after the token', 'Bearer abc\u00a0'],
    ['a no-break space after the scheme', 'Bearer\u00a0abc'],
    ['a line break', 'Bearer abc\ndef'],
    ['a line break at the end', 'Bearer abc\n'],
    ['a zero byte', 'Bearer abc\0'],
    ['a percent sign', 'Bearer abc%20'],
    ['a colon', 'Bearer:abc'],
  ])('refuses %s', (_case, authorization) => {
    expect(outcome({ headers: { authorization } })).toBe(malformed)
  })

  const one = { authorization: 'Bearer abc' }
  test.each<[string, AuthenticationRequest, string | undefined]>([
    [
      'one raw line',
      { headers: one, rawHeaders: ['Host', 'a', 'Authorization', 'Bearer abc'] },
      'abc',
    ],
    [
      'two raw lines',
      { headers: one, rawHeaders: ['Authorization', 'Bearer abc', 'AUTHORIZATION', 'Bearer abc'] },
      malformed,
    ],
    [
      'a raw line of another scheme first',
      {
        headers: { authorization: 'Basic x' },
        rawHeaders: ['authorization', 'Basic x', 'authorization', 'Bearer abc'],
      },
      malformed,
    ],
    [
      'a raw value that spells the name',
      { headers: one, rawHeaders: ['X-Name', 'authorization', 'Authorization', 'Bearer abc'] },
      'abc',
    ],
    [
      'one distinct line',
      { headers: one, headersDistinct: { authorization: ['Bearer abc'] } },
      'abc',
    ],
    [
      'two distinct lines',
      { headers: one, headersDistinct: { authorization: ['Bearer abc', 'Basic x'] } },
      malformed,
    ],
    ['no distinct line', { headers: {}, headersDistinct: {} }, undefined],
    ['an array of one', { headers: { authorization: ['Bearer abc'] } }, 'abc'],
    ['an array of two', { headers: { authorization: ['Bearer abc', 'Bearer abc'] } }, malformed],
    ['an empty array', { headers: { authorization: [] } }, undefined],
  ])('counts header lines: %s', (_case, request, expected) => {
    expect(outcome(request)).toBe(expected)
  })

  test('leaves alone what Node would put together for every request', () => {
    const request = {
      headers: { authorization: 'Bearer abc' },
      rawHeaders: ['Authorization', 'Bearer abc'],
      get headersDistinct(): never {
        throw new Error('asked')
      },
    }
    expect(outcome(request)).toBe('abc')
  })

  test.each([
    ['spaces inside', `Bearer a${' '.repeat(100_000)}b`],
    ['spaces in front', `${' '.repeat(100_000)}x`],
    ['padding', `Bearer a${'='.repeat(100_000)}b`],
    ['token characters', `Bearer ${'a'.repeat(100_000)}é`],
  ])('takes linear time for a flood of %s', (_case, authorization) => {
    const start = performance.now()
    readToken({ headers: { authorization } }, nothingKnown)
    expect(performance.now() - start).toBeLessThan(500)
  })

  test.each([
    ['a known token', 'Bearer a b', 'a b', 'a b'],
    ['a known token behind another spelling of the scheme', 'bearer abc', 'abc', 'abc'],
    ['a known token with more behind it', 'Bearer abc def', 'abc', malformed],
  ])('looks at the characters once: %s', (_case, authorization, known, expected) => {
    const read = readToken({ headers: { authorization } }, new Map([[known, true]]))
    expect(read instanceof Error ? read.code : read).toBe(expected)
  })
})

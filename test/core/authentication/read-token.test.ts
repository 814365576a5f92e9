import { describe, expect, test } from 'vitest'
import {
  grammars,
  readToken,
  type AuthenticationRequest,
  type CredentialsGrammar,
} from '../../../src/core/authentication/read-token.js'

const nothingKnown = new Map<string, unknown>()

function outcome(
  request: AuthenticationRequest,
  known: { get(token: string): unknown } = nothingKnown,
  accepted: readonly CredentialsGrammar[] = [grammars.Bearer],
): unknown {
  const read = readToken(request, known, accepted, { credentials: undefined })
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
    outcome({ headers: { authorization } })
    expect(performance.now() - start).toBeLessThan(500)
  })

  test.each([
    ['a known token', 'Bearer a b', 'a b', 'a b'],
    ['a known token behind another spelling of the scheme', 'bearer abc', 'abc', 'abc'],
    ['a known token with more behind it', 'Bearer abc def', 'abc', malformed],
  ])('looks at the characters once: %s', (_case, authorization, known, expected) => {
    expect(outcome({ headers: { authorization } }, new Map([[known, true]]))).toBe(expected)
  })

  const both = [grammars.Bearer, grammars.DPoP]

  test.each([
    ['DPoP', [grammars.DPoP], 'DPoP abc', 'abc', 'DPoP'],
    ['DPoP in small letters', [grammars.DPoP], 'dpop  abc', 'abc', 'DPoP'],
    ['DPoP where nobody asks for it', [grammars.Bearer], 'DPoP abc', undefined, undefined],
    ['Bearer where DPoP alone is read', [grammars.DPoP], 'Bearer abc', undefined, undefined],
    ['DPoP where both are read', both, 'DPoP abc', 'abc', 'DPoP'],
    ['Bearer where both are read', both, 'Bearer abc', 'abc', 'Bearer'],
    ['a scheme that starts like DPoP', both, 'DPoP-x abc', undefined, undefined],
    ['an empty DPoP', both, 'DPoP ', undefined, undefined],
    ['a tab after DPoP', both, 'DPoP\tabc', malformed, 'DPoP'],
    ['two tokens after DPoP', both, 'DPoP a b', malformed, 'DPoP'],
    ['a comma after DPoP', both, 'DPoP abc, DPoP abc', malformed, 'DPoP'],
    ['two tokens after Bearer', both, 'Bearer a b', malformed, 'Bearer'],
    [
      'malformed Bearer where DPoP alone is read',
      [grammars.DPoP],
      'Bearer a b',
      undefined,
      undefined,
    ],
  ])('says with which credentials the caller came: %s', (_case, accepted, header, token, word) => {
    const walk = { credentials: undefined }
    const read = readToken({ headers: { authorization: header } }, nothingKnown, accepted, walk)
    expect(read instanceof Error ? read.code : read).toBe(token)
    expect(walk.credentials).toBe(word)
  })

  test('refuses several lines whatever their schemes', () => {
    const authorization = ['Bearer abc', 'DPoP abc']
    expect(outcome({ headers: { authorization } }, nothingKnown, [grammars.DPoP])).toBe(malformed)
  })
})

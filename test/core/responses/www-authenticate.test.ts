import { describe, expect, test } from 'vitest'
import { formatChallenge } from '../../../src/core/responses/www-authenticate.js'

describe('formatChallenge', () => {
  test.each([
    ['nothing', {}, 'Bearer'],
    ['empty texts', { realm: '', error: '', scope: '' }, 'Bearer'],
    ['a realm', { realm: 'api' }, 'Bearer realm="api"'],
    [
      'everything, in one order',
      {
        scope: 'a b',
        errorUri: 'https://x.test/?a=1',
        errorDescription: 'd',
        error: 'e',
        realm: 'r',
      },
      'Bearer realm="r", error="e", error_description="d", error_uri="https://x.test/?a=1", scope="a b"',
    ],
    ['quotes', { errorDescription: 'say "no"' }, 'Bearer error_description="say no"'],
    ['a backslash at the end', { errorDescription: 'path\\' }, 'Bearer error_description="path"'],
    [
      'line breaks',
      { errorDescription: 'a\r\nX-Evil: 1\n\nb' },
      'Bearer error_description="aX-Evil: 1b"',
    ],
    ['a tab and a null', { errorDescription: 'a\tb\0c' }, 'Bearer error_description="abc"'],
    ['letters outside ASCII', { realm: 'Größe 中 🙂' }, 'Bearer realm="Gre  "'],
    ['nothing but forbidden characters', { realm: '🙂"\\', error: 'e' }, 'Bearer error="e"'],
    ['the edges of what is allowed', { realm: ' !#[]~' }, 'Bearer realm=" !#[]~"'],
    ['the characters next to the edges', { realm: '\x1f"\\\x7f' }, 'Bearer'],
    [
      'a space in a URI',
      { errorUri: 'https://x.test/a b' },
      'Bearer error_uri="https://x.test/ab"',
    ],
    ['a space in a scope', { scope: 'a b' }, 'Bearer scope="a b"'],
    ['an age', { maxAge: 0 }, 'Bearer max_age="0"'],
    ['an age that is none', { maxAge: NaN }, 'Bearer'],
    ['an age before the sign-in', { maxAge: -1 }, 'Bearer'],
    ['an age in parts of a second', { maxAge: 0.5 }, 'Bearer'],
  ])('writes %s', (_what, parameters, expected) => {
    expect(formatChallenge(parameters)).toBe(expected)
  })
})

import { describe, expect, test } from 'vitest'
import { hasJwtForm, isBearerToken } from '../../../src/core/validation/token-form.js'
import { encode } from '../../support/tokens.js'

const header = encode({ alg: 'ES256' })

describe('hasJwtForm', () => {
  test.each<[string, string, boolean]>([
    ['a header and two parts', `${header}.b.c`, true],
    ['empty parts', `${header}..`, true],
    ['plain base64, which careless decoders read', `${btoa('{"alg":"a>>>"}')}.b.c`, true],
    ['two parts', `${header}.b`, false],
    ['four parts', `${header}.b.c.d`, false],
    ['an encrypted token', `${header}.b.c.d.e`, false],
    ['no part', header, false],
    ['nothing', '', false],
    ['no header', '.b.c', false],
    ['a header without alg', `${encode({})}.b.c`, false],
    ['an alg that is no text', `${encode({ alg: null })}.b.c`, false],
    ['a text for a header', `${encode('"alg"')}.b.c`, false],
    ['null for a header', `${encode('null')}.b.c`, false],
    ['a header that is no JSON', `${encode('{alg')}.b.c`, false],
  ])('tells a JWT by its form: %s', (_case, token, expected) => {
    expect(hasJwtForm(token)).toBe(expected)
  })

  test('takes no longer for long tokens than they are long', () => {
    const began = performance.now()
    for (const token of ['.'.repeat(1e6), 'a'.repeat(1e6), `${encode('['.repeat(1e5))}.b.c`]) {
      expect(hasJwtForm(token)).toBe(false)
    }
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('isBearerToken', () => {
  test.each<[string, boolean]>([
    ['aA0-._~+/=', true],
    ['a==', true],
    ['', false],
    ['=', false],
    ['a=b', false],
    ['a b', false],
    ['a\n', false],
    ['ä', false],
  ])('knows what RFC 6750 allows: %j', (token, expected) => {
    expect(isBearerToken(token)).toBe(expected)
  })
})

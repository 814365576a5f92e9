import type { JwtBearerOptions } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'
import { ask } from '../support/ask.js'

const issuer = await createTestIssuer({ alg: 'ES256' })
const options: JwtBearerOptions = {
  ...issuer.options,
  tokenValidationParameters: {
    ...issuer.options.tokenValidationParameters,
    validTypes: ['at+jwt'],
  },
}
const invalid = '401 Bearer error="invalid_token"'

describe('RFC 9068', () => {
  // Section, rule, claims, header, answer with `validTypes: ['at+jwt']`.
  test.each<[section: string, rule: string, claims: object, header: object, answer: string]>([
    ['4', 'typ at+jwt is accepted', {}, { typ: 'at+jwt' }, '200 test-user'],
    ['4', 'typ application/at+jwt is accepted', {}, { typ: 'application/at+jwt' }, '200 test-user'],
    [
      '4',
      'media types are compared without regard to case',
      {},
      { typ: 'AT+JWT' },
      '200 test-user',
    ],
    ['4', 'any other typ is refused', {}, { typ: 'JWT' }, invalid],
    ['4', 'a missing typ is refused', {}, { typ: undefined }, invalid],
    [
      '4',
      'iss must be the expected one exactly',
      { iss: `${issuer.issuer}/` },
      {},
      `${invalid}, error_description="The issuer is invalid"`,
    ],
    [
      '4',
      'aud must name this API',
      { aud: 'api://other' },
      {},
      `${invalid}, error_description="The audience is invalid"`,
    ],
    [
      '4',
      'aud may be a list that names this API',
      { aud: ['x', issuer.audience] },
      {},
      '200 test-user',
    ],
    [
      '4',
      'aud is required',
      { aud: undefined },
      {},
      `${invalid}, error_description="The audience is invalid"`,
    ],
    [
      '4',
      'exp is required',
      { exp: undefined },
      {},
      `${invalid}, error_description="The token has no expiration"`,
    ],
    [
      '4',
      'exp must lie in the future',
      { exp: 1000000000 },
      {},
      `${invalid}, error_description="The token expired at '2001-09-09T01:46:40.000Z'"`,
    ],
  ])('section %s: %s', async (_section, _rule, claims, header, expected) => {
    const token = await issuer.token({ ...claims }, { header: { ...header } })
    expect(await ask(options, `Bearer ${token}`)).toBe(expected)
  })

  test('section 4: alg none is refused', async () => {
    expect(await ask(options, `Bearer ${await issuer.unsigned()}`)).toBe(invalid)
  })

  test('section 2.2.3.1: roles of a token are the roles of its caller', async () => {
    const token = await issuer.token({ roles: ['Admin'] })
    expect(await ask(options, `Bearer ${token}`, { roles: 'Admin' })).toBe('200 test-user')
  })
})

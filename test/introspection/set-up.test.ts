import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { jwtBearer, symmetricKey, type JwtBearerOptions } from 'express-jwt-bearer'
import { introspection, type IntrospectionOptions } from 'express-jwt-bearer/introspection'
import { issuer, secret as signingSecret, setUpError } from '../support/tokens.js'
import { client } from './fixture.js'

const introspectionEndpoint = `${issuer}/introspect`
const all: Partial<IntrospectionOptions> = { tokens: 'all', introspectionEndpoint }
const hidden = 'hidden-in-an-address'
const valid = { validIssuer: issuer }

function build(options: object = {}, scheme: object = {}) {
  return jwtBearer({
    ...{ authority: issuer, audience: 'api' },
    ...scheme,
    introspection: introspection({ ...client, ...options }),
  })
}

describe('a set-up of introspection()', () => {
  test.each<[string, object, object, string]>([
    ['no clientId', { clientId: undefined }, {}, '"clientId" is missing'],
    ['an empty clientId', { clientId: ' ' }, {}, '"clientId" must be a non-empty string'],
    ['neither secret nor function', { clientSecret: undefined }, {}, '"clientSecret" is missing'],
    ['an empty secret', { clientSecret: '' }, {}, 'got an empty string'],
    ['a secret that is no text', { clientSecret: Buffer.from('x') }, {}, 'got an object'],
    ['a placeholder', { clientSecret: 'REPLACE_WITH_SECRET' }, {}, 'placeholder'],
    ['another placeholder', { clientSecret: 'your-client-secret' }, {}, 'placeholder'],
    ['one repeated character', { clientSecret: 'xxxxxxxx' }, {}, 'one repeated character'],
    ['another authentication', { clientAuthentication: 'none' }, {}, '"clientAuthentication"'],
    ['an authentication that is none', { clientAuthentication: 5 }, {}, 'got 5'],
    ['other tokens', { tokens: 'jwt' }, {}, '"tokens" must be "opaque" or "all", got "jwt"'],
    ['a cache that is none', { cache: true }, {}, '"cache" must be an object'],
    ['an unknown member of the cache', { cache: { maxage: 5 } }, {}, 'did you mean "maxAge"?'],
    ['a cache for too long', { cache: { maxAge: 3601 } }, {}, 'not milliseconds?'],
    ['an inactive one for too long', { cache: { inactiveMaxAge: 301 } }, {}, 'at most 300'],
    ['no entries', { cache: { maxEntries: 0 } }, {}, '"cache.maxEntries"'],
    ['a timeout in milliseconds', { timeout: 5000 }, {}, '"timeout" must be at most 300'],
    ['a length of none', { maxTokenLength: 0 }, {}, '"maxTokenLength"'],
    ['a clock that is none', { clock: 5 }, {}, '"clock" must be a function'],
    ['a fetch that is none', { fetch: {} }, {}, '"fetch" must be a function'],
    ['a flag that is none', { requireHttpsMetadata: 'no' }, {}, '"requireHttpsMetadata"'],
    ['an unknown option', { endpoint: 'x' }, {}, '"endpoint" is not a member'],
    ['an address over http:', { introspectionEndpoint: 'http://a.test/i' }, {}, 'in the clear'],
    [
      'an address over http:, whatever the scheme allows',
      { introspectionEndpoint: 'http://a.test/i', requireHttpsMetadata: true },
      { requireHttpsMetadata: false },
      'in the clear',
    ],
    ['an address that is none', { introspectionEndpoint: 'introspect' }, {}, 'is not a URL'],
    ['an address with blanks', { introspectionEndpoint: ' https://a.test' }, {}, 'white space'],
    ['an unfilled address', { introspectionEndpoint: 'https://{tenant}/i' }, {}, '{tenant}'],
    [
      'an address with a password',
      {
        introspectionEndpoint: `https://me:${hidden}@a.test/i?x=${hidden}`,
      },
      {},
      'user name or password',
    ],
    ['another protocol', { introspectionEndpoint: 'ftp://a.test/i' }, {}, 'neither https:'],
    [
      'no address and no metadata',
      {},
      {
        authority: undefined,
        tokenValidationParameters: { ...valid, issuerSigningKey: symmetricKey(signingSecret) },
      },
      '"introspectionEndpoint" is missing',
    ],
    [
      'a key set without metadata',
      {},
      { authority: undefined, jwksUri: `${issuer}/jwks`, tokenValidationParameters: valid },
      '"introspectionEndpoint" is missing',
    ],
    [
      'opaque tokens alone and no key for the others',
      { introspectionEndpoint },
      { authority: undefined, tokenValidationParameters: valid },
      'no key source: set "authority"',
    ],
    [
      'no key, which offers another way',
      { introspectionEndpoint },
      { authority: undefined, tokenValidationParameters: valid },
      '"tokens": "all"',
    ],
    [
      'several issuers',
      {},
      {
        authority: undefined,
        audience: undefined,
        issuers: [{ authority: issuer, audience: 'a' }],
      },
      'cannot stand beside "issuers"',
    ],
    [
      'all tokens and algorithms',
      all,
      parameters({ validAlgorithms: ['RS256'] }),
      '"tokens": "all"',
    ],
    ['all tokens and types', all, parameters({ validTypes: ['at+jwt'] }), 'validTypes'],
    ['all tokens and a key', all, parameters({ issuerSigningKey: 'x' }), 'issuerSigningKey'],
    ['all tokens and keys', all, parameters({ issuerSigningKeys: [] }), 'issuerSigningKeys'],
    [
      'all tokens and a resolver',
      all,
      parameters({ issuerSigningKeyResolver: () => undefined }),
      'issuerSigningKeyResolver',
    ],
    [
      'all tokens and a key set',
      all,
      { authority: undefined, jwksUri: `${issuer}/jwks`, tokenValidationParameters: valid },
      '"jwksUri"',
    ],
    ['all tokens and no issuer', all, { authority: undefined }, 'validIssuer" is missing'],
    ['no audience', {}, { audience: undefined }, '"audience" is missing'],
  ])('is refused: %s', (_case, options, scheme, message) => {
    const error = setUpError(() => build(options, scheme))
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(message)
    expect(error.message).not.toContain(client.clientSecret)
    expect(error.message).not.toContain(hidden)
  })

  test.each<[string, unknown]>([
    ['its options', client],
    ['null', null],
    ['a function', () => undefined],
    ['true', true],
  ])('is refused where jwtBearer() gets something else: %s', (_case, option) => {
    const error = setUpError(() =>
      jwtBearer({ authority: issuer, audience: 'api', introspection: option as never }),
    )
    expect(error.message).toContain('"introspection" takes what introspection()')
    expect(error.message).not.toContain(client.clientSecret)
  })

  test.each<[string, object, object]>([
    ['the least there can be', {}, {}],
    ['undefined for every default', everything(undefined), { introspection: undefined }],
    ['all tokens without a key', all, { authority: undefined, tokenValidationParameters: valid }],
    [
      'a function in place of a secret',
      { clientSecret: undefined, clientAuthentication: () => ({}) },
      {},
    ],
    [
      'an address over http: where it may be',
      { introspectionEndpoint: 'http://a.test/i' },
      { requireHttpsMetadata: false },
    ],
    [
      'the same by its own leave',
      { introspectionEndpoint: 'http://a.test/i', requireHttpsMetadata: false },
      {},
    ],
    ['no memory', { cache: false }, {}],
    ['the longest that can be', { timeout: 300, cache: { maxAge: 3600, inactiveMaxAge: 300 } }, {}],
    ['a secret that resembles a placeholder', { clientSecret: 'not-your-secret-xxxxxxxx' }, {}],
  ])('is accepted: %s', (_case, options, scheme) => {
    expect(() => build(options, scheme)).not.toThrow()
  })

  test('shows no secret when logged', () => {
    const made = introspection(client)
    const shown = `${inspect(made, { depth: 9, showHidden: true })}${JSON.stringify(made)}`
    expect(shown).toContain('opaque')
    expect(shown).not.toContain(client.clientSecret)
  })
})

function parameters(given: NonNullable<JwtBearerOptions['tokenValidationParameters']>) {
  return { tokenValidationParameters: given }
}

function everything(value: undefined): Partial<Record<keyof IntrospectionOptions, undefined>> {
  return {
    ...{ introspectionEndpoint: value, clientAuthentication: value, tokens: value, cache: value },
    ...{ timeout: value, maxTokenLength: value, clock: value, fetch: value },
    requireHttpsMetadata: value,
  }
}

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  ClaimTypes,
  ConfigurationError,
  jwtBearer,
  symmetricKey,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { resolveScheme } from '../../../src/core/authentication/scheme.js'
import type { TokenRules } from '../../../src/core/authentication/token-rules.js'
import {
  audience,
  hs256,
  issuer,
  judge,
  now,
  options,
  secret,
  setUpError,
} from '../../support/tokens.js'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = symmetricKey(secret)
const parameters = { validIssuer: issuer, issuerSigningKey: key }

const start = (given: unknown) => setUpError(() => jwtBearer(given as JwtBearerOptions))
const withOption = (name: string, value: unknown) =>
  start({ audience, tokenValidationParameters: parameters, [name]: value })
const withParameter = (name: string, value: unknown) =>
  start({ audience, tokenValidationParameters: { ...parameters, [name]: value } })

describe('the start-up checks of jwtBearer()', () => {
  test.each<[string, unknown, string]>([
    ['no options', undefined, 'the options of jwtBearer() must be an object, got undefined'],
    ['null', null, 'the options of jwtBearer() must be an object, got null'],
    ['a text', 'https://issuer.test', 'the options of jwtBearer() must be an object, got a string'],
    ['an array', [], 'the options of jwtBearer() must be an object, got an array'],
    [
      'a misspelt option',
      { Audience: audience },
      '"Audience" is not a member of the options of jwtBearer(); did you mean "audience"?',
    ],
    [
      'an unknown option',
      { secret },
      '"secret" is not a member of the options of jwtBearer(); it is called "tokenValidationParameters.issuerSigningKey: symmetricKey(…)" here',
    ],
    [
      'a misspelt parameter',
      { tokenValidationParameters: { validissuer: issuer } },
      '"validissuer" is not a member of "tokenValidationParameters"; did you mean "validIssuer"?',
    ],
    [
      'an unknown parameter',
      { tokenValidationParameters: { audience } },
      '"audience" is not a member of "tokenValidationParameters"; it belongs at the top, in the options of jwtBearer()',
    ],
    [
      'a misspelt event',
      { audience, tokenValidationParameters: parameters, events: { OnChallenge: () => undefined } },
      '"OnChallenge" is not a member of "events"; did you mean "onChallenge"?',
    ],
    [
      'an unknown event',
      { audience, tokenValidationParameters: parameters, events: { onError: () => undefined } },
      '"onError" is not a member of "events"; known are onMessageReceived, ',
    ],
    [
      'parameters that are null',
      { tokenValidationParameters: null },
      '"tokenValidationParameters" must be an object, got null',
    ],
    [
      'parameters that are a text',
      { tokenValidationParameters: secret },
      '"tokenValidationParameters" must be an object, got a string',
    ],
    [
      'events that are null',
      { audience, tokenValidationParameters: parameters, events: null },
      '"events" must be an object, got null',
    ],
    [
      'events that are a function',
      { audience, tokenValidationParameters: parameters, events: () => undefined },
      '"events" must be an object, got a function',
    ],
    [
      'no key source',
      { audience, tokenValidationParameters: { validIssuer: issuer } },
      'no key source: set "authority", "metadataAddress" or "jwksUri" to fetch the issuer\'s keys, or "tokenValidationParameters.issuerSigningKey" to a key',
    ],
    ['no key source at all', {}, 'no key source'],
    [
      'an empty list of keys',
      { audience, tokenValidationParameters: { validIssuer: issuer, issuerSigningKeys: [] } },
      'no key source',
    ],
    [
      'no issuer',
      { audience, tokenValidationParameters: { issuerSigningKey: key } },
      '"tokenValidationParameters.validIssuer" is missing, so no token could be accepted; set it to the "iss" of your tokens, or "tokenValidationParameters.validateIssuer" to false',
    ],
    [
      'an empty list of issuers',
      { audience, tokenValidationParameters: { issuerSigningKey: key, validIssuers: [] } },
      '"tokenValidationParameters.validIssuer" is missing',
    ],
    [
      'no audience',
      { tokenValidationParameters: parameters },
      '"audience" is missing, so no token would be meant for this API; set "audience" or "tokenValidationParameters.validAudience", or "tokenValidationParameters.validateAudience" to false',
    ],
    [
      'an empty list of audiences',
      { audience: [], tokenValidationParameters: parameters },
      '"audience" is missing',
    ],
    [
      'secrets and public keys mixed',
      {
        audience,
        tokenValidationParameters: { validIssuer: issuer, issuerSigningKeys: [key, rsa.publicKey] },
      },
      '"tokenValidationParameters.issuerSigningKeys" mixes shared secrets and public keys; use two jwtBearer() with a "scheme" each',
    ],
    [
      'a secret and a set of public keys mixed',
      {
        audience,
        tokenValidationParameters: {
          ...parameters,
          issuerSigningKeys: [{ keys: [rsa.publicKey.export({ format: 'jwk' })] }],
        },
      },
      'mixes shared secrets and public keys',
    ],
    [
      'a cache of used tokens without lifetimes',
      {
        audience,
        tokenValidationParameters: {
          ...parameters,
          tokenReplayCache: { addIfAbsent: () => true },
          validateLifetime: false,
        },
      },
      '"tokenValidationParameters.tokenReplayCache" forgets tokens once they expire, so "tokenValidationParameters.validateLifetime" must not be false',
    ],
    [
      'a cache of used tokens beside a function that judges lifetimes',
      {
        audience,
        tokenValidationParameters: {
          ...parameters,
          tokenReplayCache: { addIfAbsent: () => true },
          lifetimeValidator: () => true,
        },
      },
      '"tokenValidationParameters.tokenReplayCache" forgets tokens once they expire, so "tokenValidationParameters.lifetimeValidator" cannot stand beside it',
    ],
  ])('refuse %s', (_case, given, message) => {
    const error = start(given)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(message)
    expect(error.message).not.toContain(secret)
  })

  test.each<[string, unknown, string]>([
    ['scheme', '', 'a non-empty string, got an empty string'],
    ['scheme', ' ', 'a non-empty string, got " "'],
    ['scheme', 5, 'a non-empty string, got 5'],
    ['scheme', null, 'a non-empty string, got null'],
    ['realm', '', 'a non-empty string, got an empty string'],
    ['realm', ['a'], 'a non-empty string, got an array'],
    ['audience', '', 'a non-empty string, got an empty string'],
    ['audience', 5n, 'a non-empty string, got 5'],
    ['audience', null, 'a non-empty string, got null'],
    ['audience[1]', ['a', ''], 'a non-empty string, got an empty string'],
    ['audience[0]', [undefined], 'a non-empty string, got undefined'],
    ['saveToken', 'false', 'true or false, got "false"'],
    ['saveToken', 0, 'true or false, got 0'],
    ['saveToken', null, 'true or false, got null'],
    ['includeErrorDetails', 'yes', 'true or false, got "yes"'],
    ['maxTokenLength', 0, 'a whole number of at least 1, got 0'],
    ['maxTokenLength', -1, 'a whole number of at least 1, got -1'],
    ['maxTokenLength', 1.5, 'a whole number of at least 1, got 1.5'],
    ['maxTokenLength', Infinity, 'a whole number of at least 1, got Infinity'],
    ['maxTokenLength', '16384', 'a whole number of at least 1, got "16384"'],
    ['clock', now, `a function, got ${String(now)}`],
    ['clock', null, 'a function, got null'],
    ['clock', new Date(now), 'a function, got an object'],
  ])('refuse %s %o', (name, value, rule) => {
    const error = withOption(name.replace(/\[\d\]/, ''), value)
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toBe(`"${name}" must be ${rule}`)
  })

  const switches = [
    'validateIssuer',
    'validateAudience',
    'validateLifetime',
    'requireExpirationTime',
    'ignoreTrailingSlashWhenValidatingAudience',
    'validateIssuerSigningKey',
    'tryAllIssuerSigningKeys',
  ]
  const functions = [
    'issuerValidator',
    'audienceValidator',
    'lifetimeValidator',
    'issuerSigningKeyResolver',
  ]
  const texts = ['validIssuer', 'validAudience', 'nameClaimType']
  const lists = ['validIssuers', 'validAudiences', 'validTypes', 'validAlgorithms']
  const durations = ['clockSkew', 'maxTokenAge']
  test.each<[string, unknown, string]>([
    ...switches.flatMap((name): [string, unknown, string][] => [
      [name, 'false', 'must be true or false, got "false"'],
      [name, null, 'must be true or false, got null'],
    ]),
    ...functions.flatMap((name): [string, unknown, string][] => [
      [name, true, 'must be a function, got true'],
      [name, secret, 'must be a function, got a string'],
      [name, null, 'must be a function, got null'],
    ]),
    ...texts.flatMap((name): [string, unknown, string][] => [
      [name, '', 'must be a non-empty string, got an empty string'],
      [name, ['a'], 'must be a non-empty string, got an array'],
      [name, null, 'must be a non-empty string, got null'],
    ]),
    ...lists.flatMap((name): [string, unknown, string][] => [
      [name, 'a', 'must be an array of strings, got "a"'],
      [name, null, 'must be an array of strings, got null'],
      [`${name}[0]`, [''], 'must be a non-empty string, got an empty string'],
      [`${name}[1]`, ['HS256', 5], 'must be a non-empty string, got 5'],
    ]),
    ...durations.flatMap((name): [string, unknown, string][] => [
      [name, -1, 'must be a non-negative number of seconds, got -1'],
      [name, NaN, 'must be a non-negative number of seconds, got NaN'],
      [name, Infinity, 'must be a non-negative number of seconds, got Infinity'],
      [name, '300', 'must be a non-negative number of seconds, got "300"'],
      [name, null, 'must be a non-negative number of seconds, got null'],
    ]),
    ['roleClaimType', '', 'must be a non-empty string, got an empty string'],
    ['roleClaimType', null, 'must be a non-empty string, got null'],
    ['roleClaimType', [], 'must not be empty; leave it out for the usual names'],
    ['roleClaimType[1]', ['role', 5], 'must be a non-empty string, got 5'],
    ['validTypes', [], 'must not be empty; leave it out to accept access tokens of any type'],
    ['validAlgorithms', [], 'must not be empty; leave it out to accept what the keys allow'],
    [
      'validAlgorithms',
      ['none'],
      'holds "none", which is no algorithm that can be verified; use for example "RS256"',
    ],
    [
      'validAlgorithms',
      ['HS256', 'hs256'],
      'holds "hs256", which is no algorithm that can be verified',
    ],
    [
      'validAlgorithms',
      ['HS256', 'RS256'],
      'mixes HS256 with public-key algorithms; use two jwtBearer() with a "scheme" each',
    ],
    [
      'validAlgorithms',
      ['HS256', 'HS512'],
      'holds HS512, but the secret is shorter than its hash (RFC 7518 section 3.2) or the algorithm is not for a secret',
    ],
    [
      'validAlgorithms',
      ['RS256'],
      'holds RS256, but the secret is shorter than its hash (RFC 7518 section 3.2) or the algorithm is not for a secret',
    ],
    ['issuerSigningKeys', key, 'must be an array of keys'],
    ['issuerSigningKeys', null, 'must be an array of keys'],
    ['tokenReplayCache', null, 'must be an object with addIfAbsent(), got null'],
    [
      'tokenReplayCache',
      new Map(),
      'must be an object with addIfAbsent(), and lacks addIfAbsent()',
    ],
    ['tokenReplayCache', secret, 'must be an object with addIfAbsent(), got a string'],
    [
      'claimsSchema',
      null,
      'must be a Standard Schema such as zod, valibot and arktype make, got null',
    ],
    [
      'claimsSchema',
      { sub: 'string' },
      'must be a Standard Schema such as zod, valibot and arktype make, got an object',
    ],
    ['claimsSchema', { '~standard': {} }, 'must be a Standard Schema'],
    ['claimsSchema', { '~standard': null }, 'must be a Standard Schema'],
  ])('refuse tokenValidationParameters.%s %o', (name, value, rule) => {
    const error = withParameter(name.replace(/\[\d\]/, ''), value)
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(`"tokenValidationParameters.${name}" ${rule}`)
    expect(error.message).not.toContain(secret)
  })

  test.each([
    'onMessageReceived',
    'onTokenValidated',
    'onAuthenticationFailed',
    'onChallenge',
    'onForbidden',
  ])('refuse the event %s that is no function', (name) => {
    for (const [value, kind] of [
      ['text', 'a string'],
      [null, 'null'],
      [{}, 'an object'],
    ] as const) {
      expect(withOption('events', { [name]: value }).message).toBe(
        `"events.${name}" must be a function, got ${kind}`,
      )
    }
  })

  test('refuse an algorithm that no public key given is for, and accept it beside one that is', () => {
    const given = (validAlgorithms: string[]) =>
      options({ issuerSigningKey: rsa.publicKey, validAlgorithms })
    expect(setUpError(() => jwtBearer(given(['ES256']))).message).toBe(
      '"tokenValidationParameters.validAlgorithms" holds ES256, but no key given is for it',
    )
    expect(() => jwtBearer(given(['ES256', 'RS256']))).not.toThrow()
  })

  test('refuse mixed algorithms even where a function finds the keys', () => {
    const issuerSigningKeyResolver = () => undefined
    const given = (validAlgorithms: string[]) =>
      options({ issuerSigningKey: undefined, issuerSigningKeyResolver, validAlgorithms })
    expect(setUpError(() => jwtBearer(given(['HS256', 'RS256']))).message).toContain('mixes HS256')
    expect(() => jwtBearer(given(['ES256']))).not.toThrow()
  })

  test('quote no more of a long text than it takes to find it', () => {
    expect(withOption('saveToken', 'x'.repeat(500)).message).toHaveLength(
      '"saveToken" must be true or false, got ""'.length + 80,
    )
  })

  test.each<[string, object]>([
    [
      'no issuer where issuers do not count',
      { validAudience: audience, validIssuer: undefined, validateIssuer: false },
    ],
    [
      'no issuer where a function judges it',
      { validAudience: audience, validIssuer: undefined, issuerValidator: () => true },
    ],
    [
      'several issuers',
      { validAudience: audience, validIssuer: undefined, validIssuers: [issuer] },
    ],
    ['no audience where audiences do not count', { validateAudience: false }],
    ['no audience where a function judges it', { audienceValidator: () => true }],
    ['several audiences', { validAudiences: [audience] }],
    ['no clock skew', { validAudience: audience, clockSkew: 0 }],
  ])('accept %s', async (_case, more) => {
    const given = { clock: () => now, tokenValidationParameters: { ...parameters, ...more } }
    expect(await judge(given as never, hs256())).toBe('success')
  })
})

describe('the start-up checks of addresses and issuers', () => {
  const authority = 'https://issuer.test'

  test.each<[string, object, string]>([
    ['an authority without TLS', { authority: 'http://issuer.test' }, '"authority"'],
    [
      'a metadata address without TLS',
      { metadataAddress: 'http://issuer.test/m' },
      '"metadataAddress"',
    ],
    [
      'a key address without TLS',
      { jwksUri: 'http://issuer.test/k', tokenValidationParameters: { validIssuer: issuer } },
      '"jwksUri"',
    ],
    ['an authority that is no address', { authority: 'issuer' }, '"authority"'],
    ['an empty authority', { authority: '' }, '"authority" must be a non-empty string'],
    [
      'a switch of another type',
      { authority, requireHttpsMetadata: 'no' },
      '"requireHttpsMetadata" must be true or false',
    ],
    [
      'two sources of keys',
      { authority, jwksUri: 'https://issuer.test/k' },
      '"jwksUri" takes the place of the metadata',
    ],
    [
      'a key address without an issuer',
      { jwksUri: 'https://issuer.test/k' },
      '"tokenValidationParameters.validIssuer" is missing',
    ],
    [
      'an interval below zero',
      { authority, refreshInterval: -1 },
      '"refreshInterval" must be a non-negative number of seconds, got -1',
    ],
    [
      'an interval of another type',
      { authority, backchannelTimeout: '5' },
      '"backchannelTimeout" must be a non-negative number of seconds',
    ],
    [
      'a fetch that is no function',
      { authority, fetch: true },
      '"fetch" must be a function, got true',
    ],
    [
      'a secret beside an authority',
      { authority, tokenValidationParameters: { issuerSigningKey: key } },
      "is a shared secret and the issuer's published keys are not",
    ],
  ])('refuse %s', (_case, given, message) => {
    const error = start({ audience, ...given })
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(message)
  })

  test.each<[string, unknown, string]>([
    ['a text', 'https://issuer.test', '"issuers" must be an array or a function'],
    ['null', null, '"issuers" must be an array or a function, got null'],
    [
      'an issuer with parameters that are null',
      [{ authority, audience, tokenValidationParameters: null }],
      '"tokenValidationParameters" must be an object, got null',
    ],
    [
      'an issuer with a misspelt option',
      [{ authority, Audience: audience }],
      'did you mean "audience"?',
    ],
    [
      'an issuer without a name',
      [{ audience, tokenValidationParameters: { issuerSigningKey: key, validateIssuer: false } }],
      'does not say which "iss" its tokens carry',
    ],
  ])('refuse issuers that are %s', (_case, issuers, message) => {
    const error = start({ issuers })
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(message)
  })

  test('refuse options at the top that belong into each issuer', () => {
    expect(start({ audience, issuers: [{ authority, audience }] }).message).toContain(
      '"audience" belongs into each of "issuers"',
    )
  })

  test('accept an address without TLS where that is asked for', () => {
    const given = { audience, authority: 'http://127.0.0.1:1', requireHttpsMetadata: false }
    expect(() => jwtBearer(given)).not.toThrow()
  })

  test('keep a password out of the message', () => {
    const { message } = start({ audience, authority: 'http://user:pass-word@issuer.test' })
    expect(message).not.toContain('pass-word')
  })

  test.each(['pass-word', 'p@ss-word', 'p/ss-word', 'p@ss\nss-word'])(
    'refuse an address with a password, which no fetch would take, and keep %j out of the message',
    (password) => {
      const error = start({ audience, authority: `https://user:${password}@issuer.test` })
      expect(error.code).toBe('ERR_CONFIGURATION')
      expect(error.message).toContain('"authority" ')
      expect(error.message).not.toContain('ss-word')
    },
  )

  test.each(['https://user@issuer.test', 'https://:secret@issuer.test'])(
    'refuse half of a user and password in an address: %s',
    (authority) => {
      expect(start({ audience, authority }).message).toBe(
        '"authority" holds a user name or password; send credentials by a "fetch" of your own, got "https://issuer.test"',
      )
    },
  )
})

describe('the defaults of jwtBearer()', () => {
  const undefinedParameters = Object.fromEntries(
    [
      'validateIssuer',
      'validIssuers',
      'issuerValidator',
      'validateAudience',
      'validAudience',
      'validAudiences',
      'ignoreTrailingSlashWhenValidatingAudience',
      'audienceValidator',
      'validateLifetime',
      'requireExpirationTime',
      'clockSkew',
      'lifetimeValidator',
      'issuerSigningKeys',
      'issuerSigningKeyResolver',
      'validateIssuerSigningKey',
      'tryAllIssuerSigningKeys',
      'validAlgorithms',
      'validTypes',
      'tokenReplayCache',
      'maxTokenAge',
      'nameClaimType',
      'roleClaimType',
      'claimsSchema',
    ].map((name) => [name, undefined]),
  )
  const undefinedOptions = Object.fromEntries(
    ['scheme', 'saveToken', 'includeErrorDetails', 'realm', 'maxTokenLength', 'clock'].map(
      (name) => [name, undefined],
    ),
  )
  const base = { audience, tokenValidationParameters: parameters }
  const spelled = {
    ...base,
    ...undefinedOptions,
    tokenValidationParameters: { ...undefinedParameters, ...parameters },
    events: Object.fromEntries(
      [
        'onMessageReceived',
        'onTokenValidated',
        'onAuthenticationFailed',
        'onChallenge',
        'onForbidden',
      ].map((name) => [name, undefined]),
    ),
  }

  test.each<[string, JwtBearerOptions<never>]>([
    ['left out', base],
    ['given as empty objects', { ...base, events: {} }],
    ['given as undefined', { ...spelled, events: undefined }],
    ['given as undefined at every level', spelled],
  ])('are the same when they are %s', (_case, given) => {
    const scheme = resolveScheme(given)
    const rules = scheme.rulesFor(() => undefined, { headers: {} })
    expect(scheme.options).toBe(given)
    expect(scheme).toMatchObject({
      name: 'Bearer',
      events: {},
      saveToken: true,
      includeErrorDetails: true,
      realm: undefined,
      maxTokenLength: 16_384,
    })
    expect(rules).toMatchObject({
      manager: undefined,
      principal: {
        scheme: 'Bearer',
        nameClaimType: 'name',
        roleClaimType: ['role', 'roles', ClaimTypes.Role],
      },
      validation: {
        algorithms: new Set(['HS256', 'HS384']),
        tryAllIssuerSigningKeys: true,
        validateIssuerSigningKey: false,
        clockSkew: 300,
        clock: expect.any(Function) as unknown,
      },
    })
    expect((rules as TokenRules).validation.checks).toHaveLength(5)
  })

  test.each([
    ['left out', { tokenValidationParameters: undefined }],
    ['an empty object', { tokenValidationParameters: {} }],
  ])('ask for a key source when the parameters are %s', (_case, given) => {
    expect(start(given).message).toContain('no key source')
  })

  test('keep the object of an event as its this', async () => {
    const events = {
      seen: '',
      onMessageReceived() {
        this.seen = 'received'
      },
    }
    const { seen, ...rest } = events
    const own = Object.assign(Object.create({ seen }) as { seen: string }, rest)
    await judge(options({}, { events: own }), hs256())
    expect(own.seen).toBe('received')
  })
})

import * as valibot from 'valibot'
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { jwtBearer, type JwtBearerOptions, type TokenReplayCache } from 'express-jwt-bearer'
import {
  audience,
  authenticate,
  claimsOf,
  hs256,
  issuer,
  judge,
  keyOptions,
  marker,
  options,
  seconds,
  sign,
} from '../../support/tokens.js'

type Parameters = NonNullable<JwtBearerOptions<never>['tokenValidationParameters']>

const ok = 'success'

describe('the lifetime check', () => {
  const expired = 'ERR_TOKEN_EXPIRED'
  const early = 'ERR_TOKEN_NOT_YET_VALID'
  const invalid = 'ERR_TOKEN_LIFETIME_INVALID'
  const missing = 'ERR_TOKEN_LIFETIME_MISSING'

  test.each<[string, object, Parameters, string]>([
    ['an expiry one second within the skew', { exp: seconds - 299 }, {}, ok],
    ['an expiry at the end of the skew', { exp: seconds - 300 }, {}, expired],
    ['an expiry a second ahead without skew', { exp: seconds + 1 }, { clockSkew: 0 }, ok],
    ['an expiry right now without skew', { exp: seconds }, { clockSkew: 0 }, expired],
    ['a fraction of a second left', { exp: seconds + 0.001 }, { clockSkew: 0 }, ok],
    ['a start at the end of the skew', { nbf: seconds + 300 }, {}, ok],
    ['a start one second beyond the skew', { nbf: seconds + 301 }, {}, early],
    ['a start right now without skew', { nbf: seconds }, { clockSkew: 0 }, ok],
    ['a start a second ahead without skew', { nbf: seconds + 1 }, { clockSkew: 0 }, early],
    ['a start at the expiry', { nbf: seconds + 9, exp: seconds + 9 }, {}, ok],
    ['a start after the expiry', { nbf: seconds + 10, exp: seconds + 9 }, {}, invalid],
    ['no expiry', { exp: undefined }, {}, missing],
    ['no expiry where none is required', { exp: undefined }, { requireExpirationTime: false }, ok],
    [
      'a start ahead where no expiry is required',
      { exp: undefined, nbf: seconds + 301 },
      { requireExpirationTime: false },
      early,
    ],
    ['an expiry beyond all dates', { exp: 1e20 }, {}, ok],
    ['a start beyond all dates', { exp: 1e20, nbf: 1e20 }, {}, early],
    ['an expiry before all dates', { exp: -1e20 }, {}, expired],
    ['an expiry of zero', { exp: 0 }, {}, expired],
    ['a negative start', { nbf: -1 }, {}, ok],
    ['an issue in the future', { iat: seconds + 99_999 }, {}, ok],
    [
      'an expiry in the past where lifetimes do not count',
      { exp: 1 },
      { validateLifetime: false },
      ok,
    ],
    ['no expiry where lifetimes do not count', { exp: undefined }, { validateLifetime: false }, ok],
  ])('judges %s', async (_case, claims, parameters, expected) => {
    expect(await judge(options(parameters), hs256({ ...claims }))).toBe(expected)
  })

  test.each([
    ['an expiry', { exp: seconds + 9 }, expired],
    ['a start', { exp: undefined, nbf: 0 }, early],
  ])('lets no token with %s in by a clock that gives no number', async (_case, claims, code) => {
    const given = options({ requireExpirationTime: false })
    const token = hs256(claims)
    expect(await judge({ ...given, clock: () => seconds * 1000 }, token)).toBe(ok)
    expect(await judge({ ...given, clock: () => NaN }, token)).toBe(code)
  })

  test('tells when the token expired and when it starts', async () => {
    const late = await authenticate(options(), hs256({ exp: seconds - 900 }))
    expect(late).toMatchObject({ error: { expiredAt: new Date((seconds - 900) * 1000) } })
    const soon = await authenticate(options(), hs256({ nbf: seconds + 900 }))
    expect(soon).toMatchObject({ error: { validFrom: new Date((seconds + 900) * 1000) } })
  })

  test('keeps instants beyond all dates within what a Date can hold', async () => {
    const result = await authenticate(options(), hs256({ exp: 1e20, iat: -1e20 }))
    expect(result).toMatchObject({ expiresAt: new Date(8.64e15), issuedAt: new Date(-8.64e15) })
    const refused = await authenticate(options(), hs256({ exp: -1e20 }))
    expect(refused).toMatchObject({ error: { expiredAt: new Date(-8.64e15) } })
  })
})

describe('maxTokenAge', () => {
  test.each<[string, object, Parameters, string]>([
    ['an age one second within limit and skew', { iat: seconds - 359 }, {}, ok],
    ['an age at the end of limit and skew', { iat: seconds - 360 }, {}, 'ERR_TOKEN_EXPIRED'],
    ['an age within the limit without skew', { iat: seconds - 59 }, { clockSkew: 0 }, ok],
    [
      'an age at the limit without skew',
      { iat: seconds - 60 },
      { clockSkew: 0 },
      'ERR_TOKEN_EXPIRED',
    ],
    ['an issue at the end of the skew', { iat: seconds + 300 }, {}, ok],
    ['an issue beyond the skew', { iat: seconds + 301 }, {}, 'ERR_TOKEN_NOT_YET_VALID'],
    ['an issue now without skew', { iat: seconds }, { clockSkew: 0 }, ok],
    [
      'an issue in a second without skew',
      { iat: seconds + 1 },
      { clockSkew: 0 },
      'ERR_TOKEN_NOT_YET_VALID',
    ],
    [
      'an issue in the future where lifetimes do not count',
      { iat: seconds + 9999 },
      { validateLifetime: false },
      'ERR_TOKEN_NOT_YET_VALID',
    ],
    ['a token that does not say when it was issued', { iat: undefined }, {}, 'ERR_TOKEN_EXPIRED'],
    [
      'an old token where lifetimes do not count',
      { iat: 1 },
      { validateLifetime: false },
      'ERR_TOKEN_EXPIRED',
    ],
  ])('judges %s', async (_case, claims, parameters, expected) => {
    const limited = options({ maxTokenAge: 60, ...parameters })
    expect(await judge(limited, hs256({ ...claims }))).toBe(expected)
  })
})

describe('the audience check', () => {
  const refused = 'ERR_TOKEN_AUDIENCE_INVALID'

  test.each<[string, unknown, Parameters, string]>([
    ['the audience', audience, {}, ok],
    ['another audience', 'api://another', {}, refused],
    ['an audience that starts alike', `${audience}2`, {}, refused],
    ['another case', audience.toUpperCase(), {}, refused],
    ['one of several', ['api://another', audience], {}, ok],
    ['several others', ['api://another', 'api://third'], {}, refused],
    ['none', undefined, {}, refused],
    ['an empty list', [], {}, refused],
    ['null', null, {}, refused],
    ['an object', { [audience]: true }, {}, refused],
    ['a nested list', [[audience]], {}, refused],
    ['a number among texts', [1, audience], {}, ok],
    ['a slash more than expected', `${audience}/`, {}, ok],
    ['two slashes more than expected', `${audience}//`, {}, refused],
    ['a slash less than expected', 'api://slashed', { validAudience: 'api://slashed/' }, ok],
    ['a slash as expected', 'api://slashed/', { validAudience: 'api://slashed/' }, ok],
    [
      'a slash more where slashes count',
      `${audience}/`,
      { ignoreTrailingSlashWhenValidatingAudience: false },
      refused,
    ],
    [
      'no slash more where slashes count',
      audience,
      { ignoreTrailingSlashWhenValidatingAudience: false },
      ok,
    ],
    ['an empty audience where a slash is expected', '', { validAudience: '/' }, refused],
    ['the one of the parameters', 'api://more', { validAudience: 'api://more' }, ok],
    [
      'one of the list of the parameters',
      'api://b',
      { validAudiences: ['api://a', 'api://b'] },
      ok,
    ],
    ['another one where audiences do not count', 'api://another', { validateAudience: false }, ok],
    ['none where audiences do not count', undefined, { validateAudience: false }, ok],
  ])('judges %s', async (_case, aud, parameters, expected) => {
    expect(await judge(options(parameters), hs256({ aud }))).toBe(expected)
  })

  test('accepts each of several audiences', async () => {
    const several = options({}, { audience: ['api://a', 'api://b'] })
    expect(await judge(several, hs256({ aud: 'api://b' }))).toBe(ok)
    expect(await judge(several, hs256())).toBe(refused)
  })
})

describe('the issuer check', () => {
  const refused = 'ERR_TOKEN_ISSUER_INVALID'

  test.each<[string, unknown, Parameters, string]>([
    ['the issuer', issuer, {}, ok],
    ['a slash more', `${issuer}/`, {}, refused],
    ['another case', issuer.toUpperCase(), {}, refused],
    ['another issuer', 'https://another.test', {}, refused],
    ['none', undefined, {}, refused],
    ['an empty one', '', {}, refused],
    ['a list with the issuer', [issuer], {}, refused],
    ['null', null, {}, refused],
    [
      'one of several',
      'https://b.test',
      { validIssuers: ['https://a.test', 'https://b.test'] },
      ok,
    ],
    [
      'another one where issuers do not count',
      'https://another.test',
      { validateIssuer: false },
      ok,
    ],
    ['none where issuers do not count', undefined, { validateIssuer: false }, ok],
    ['a list where issuers do not count', [issuer], { validateIssuer: false }, refused],
    ['null where issuers do not count', null, { validateIssuer: false }, refused],
    ['a number before a validator', 1, { issuerValidator: () => true }, refused],
    ['none before a validator', undefined, { issuerValidator: (iss) => iss === '' }, ok],
  ])('judges %s', async (_case, iss, parameters, expected) => {
    expect(await judge(options(parameters), hs256({ iss }))).toBe(expected)
  })
})

describe('the type check', () => {
  const refused = 'ERR_TOKEN_TYPE_INVALID'

  test.each<[string, unknown, string[] | undefined, string]>([
    ['no type', undefined, undefined, ok],
    ['the usual type', 'JWT', undefined, ok],
    ['an access token', 'at+jwt', undefined, ok],
    ['a type nobody knows', 'x', undefined, ok],
    ['a DPoP proof', 'dpop+jwt', undefined, refused],
    ['a DPoP proof in other letters', 'Application/DPoP+JWT', undefined, refused],
    ['a logout notice', 'logout+jwt', undefined, refused],
    ['a security event', 'secevent+jwt', undefined, refused],
    ['an answer of an introspection', 'token-introspection+jwt', undefined, refused],
    ['a type that is no text', 1, undefined, refused],
    ['a type that is null', null, undefined, refused],
    ['the accepted type', 'at+jwt', ['at+jwt'], ok],
    ['the accepted type in full', 'application/at+jwt', ['at+jwt'], ok],
    ['the accepted type in other letters', 'AT+JWT', ['application/at+jwt'], ok],
    ['another type', 'JWT', ['at+jwt'], refused],
    ['another type with a slash', 'text/at+jwt', ['at+jwt'], refused],
    ['no type where one is asked for', undefined, ['at+jwt'], refused],
    ['a proof where proofs are asked for', 'dpop+jwt', ['dpop+jwt'], ok],
  ])('judges %s', async (_case, typ, validTypes, expected) => {
    expect(await judge(options({ validTypes }), hs256({}, { typ }))).toBe(expected)
  })
})

describe('a validator of the user', () => {
  const kinds: [name: string, code: string, claims: object, rest: Parameters][] = [
    [
      'issuerValidator',
      'ERR_TOKEN_ISSUER_INVALID',
      { iss: 'https://another.test' },
      { validIssuer: undefined },
    ],
    ['audienceValidator', 'ERR_TOKEN_AUDIENCE_INVALID', { aud: 'api://another' }, {}],
    ['lifetimeValidator', 'ERR_TOKEN_LIFETIME_INVALID', { exp: 1 }, {}],
  ]
  const answers: [string, () => unknown, boolean][] = [
    ['true', () => true, true],
    ['true, later', () => Promise.resolve(true), true],
    ['false', () => false, false],
    ['false, later', () => Promise.resolve(false), false],
    ['something truthy', () => 'yes', false],
    ['something truthy, later', () => Promise.resolve(1), false],
    ['nothing', () => undefined, false],
    [
      'a throw',
      () => {
        throw new Error('no')
      },
      false,
    ],
    ['a rejection', () => Promise.reject(new Error('no')), false],
  ]

  test.each(
    kinds.flatMap(([name, code, claims, rest]) =>
      answers.map(([kind, answer, accepted]) => ({
        name,
        code,
        claims,
        rest,
        kind,
        answer,
        accepted,
      })),
    ),
  )(
    'takes the place of the check: $name that answers $kind',
    async ({ name, code, claims, rest, answer, accepted }) => {
      const given = options({ ...rest, [name]: answer })
      expect(await judge(given, hs256({ ...claims }))).toBe(accepted ? ok : code)
    },
  )

  test.each(kinds)('runs even where its check is off: %s', async (name, code) => {
    const off = { validateIssuer: false, validateAudience: false, validateLifetime: false }
    expect(await judge(options({ ...off, [name]: () => false }), hs256())).toBe(code)
  })

  test('gets what it judges, and the token', async () => {
    const issuerValidator = vi.fn(() => true)
    const audienceValidator = vi.fn(() => true)
    const lifetimeValidator = vi.fn(() => true)
    const raw = hs256({ nbf: seconds - 9, aud: [audience, 1, 'b'] })
    await judge(options({ issuerValidator, audienceValidator, lifetimeValidator }), raw)
    const token = expect.objectContaining({ raw, header: { alg: 'HS256' } }) as unknown
    expect(issuerValidator).toHaveBeenCalledWith(issuer, token)
    expect(audienceValidator).toHaveBeenCalledWith([audience, 'b'], token)
    expect(lifetimeValidator).toHaveBeenCalledWith(seconds - 9, seconds + 3600, token)
  })

  test('can make no audience and no issuer needed', async () => {
    const given = options(
      { validIssuer: undefined, issuerValidator: () => true, audienceValidator: () => true },
      { audience: undefined },
    )
    expect(await judge(given, hs256({ aud: undefined }))).toBe(ok)
  })

  test('keeps what it threw as the cause', async () => {
    const cause = new Error('the data base is gone')
    const issuerValidator = () => {
      throw cause
    }
    const result = await authenticate(options({ issuerValidator }), hs256())
    expect(result).toMatchObject({ error: { cause } })
  })
})

describe('claimsSchema', () => {
  const refused = 'ERR_TOKEN_CLAIM_INVALID'
  const vendor = (validate: (value: unknown) => unknown) =>
    ({ '~standard': { version: 1, vendor: 'test', validate } }) as never

  test.each<[string, never, string]>([
    ['a zod schema that fits', z.object({ sub: z.string() }) as never, ok],
    ['a zod schema that does not fit', z.object({ tenant: z.string() }) as never, refused],
    [
      'an asynchronous zod schema that fits',
      z.object({ sub: z.string().refine((sub) => Promise.resolve(sub === 'alice')) }) as never,
      ok,
    ],
    [
      'an asynchronous zod schema that does not fit',
      z.object({ sub: z.string().refine(() => Promise.resolve(false)) }) as never,
      refused,
    ],
    ['a valibot schema that fits', valibot.object({ sub: valibot.string() }) as never, ok],
    [
      'a valibot schema that does not fit',
      valibot.object({ sub: valibot.number() }) as never,
      refused,
    ],
    [
      'a schema that is a function',
      Object.assign(
        () => undefined,
        vendor((value) => ({ value })),
      ),
      ok,
    ],
    [
      'a schema that throws',
      vendor(() => {
        throw new Error('no')
      }),
      refused,
    ],
    ['a schema that rejects', vendor(() => Promise.reject(new Error('no'))), refused],
    ['a schema that puts out no object', vendor(() => ({ value: 'text' })), refused],
    ['a schema that puts out null', vendor(() => ({ value: null })), refused],
    ['a schema that puts out nothing', vendor(() => ({})), refused],
    [
      'a schema with issues beside its value',
      vendor((value) => ({ value, issues: ['x'] })),
      refused,
    ],
  ])('judges with %s', async (_case, claimsSchema, expected) => {
    expect(await judge(options({ claimsSchema }), hs256())).toBe(expected)
  })

  test('puts out the claims, while names, roles and scopes still come from the token', async () => {
    const schema = z.object({
      exp: z.number().transform((exp) => new Date(exp * 1000)),
      tags: z.array(z.string()).readonly(),
    })
    const token = hs256({ name: 'Alice', roles: ['Admin'], scope: 'a b', tags: ['x'] })
    const result = await authenticate(options({ claimsSchema: schema as never }), token)
    if (result.kind !== 'success') throw new Error('refused')
    const { principal } = result
    expect(principal.claims).toEqual({ exp: new Date((seconds + 3600) * 1000), tags: ['x'] })
    expect(principal.name).toBe('Alice')
    expect(principal.isInRole('Admin')).toBe(true)
    expect(principal.scopes).toEqual(['a', 'b'])
    expect(principal.findFirst('sub')).toBe('alice')
  })

  test('gives claims that are frozen below a top that the schema has frozen', async () => {
    const claimsSchema = z.object({ inner: z.object({ list: z.array(z.number()) }) }).readonly()
    const given = options({ claimsSchema: claimsSchema as never })
    const result = await authenticate(given, hs256({ inner: { list: [1] } }))
    if (result.kind !== 'success') throw new Error('refused')
    const inner = result.principal.claims['inner'] as { list: number[] }
    expect([inner, inner.list].every(Object.isFrozen)).toBe(true)
  })

  test.each<[string, () => object]>([
    [
      'a part that leads back to the top',
      () => {
        const circle: Record<string, unknown> = {}
        circle['self'] = circle
        return circle
      },
    ],
    ['a frozen top over a part that is not', () => Object.freeze({ inner: { list: [1] } })],
    ['a part that cannot be frozen', () => ({ when: new Date(0) })],
    [
      'ten thousand levels',
      () => JSON.parse(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`) as object,
    ],
  ])('may put out %s, for the first request and the next', async (_case, make) => {
    const middleware = jwtBearer(options({ claimsSchema: vendor(() => ({ value: make() })) }))
    const headers = { authorization: `Bearer ${hs256()}` }
    for (let count = 0; count < 2; count += 1) {
      const result = await middleware.authenticate({ headers })
      expect(result.kind).toBe('success')
      expect(result.kind === 'success' && Object.isFrozen(result.principal.claims)).toBe(true)
    }
  })

  test('tells no one what it found wrong', async () => {
    const claimsSchema = z.object({ sub: z.literal('bob') }) as never
    const result = await authenticate(options({ claimsSchema }), hs256({ sub: marker }))
    expect(JSON.stringify(result) + String((result as { error: Error }).error.stack)).not.toContain(
      marker,
    )
  })
})

describe('tokenReplayCache', () => {
  function memory() {
    const entries = new Map<string, Date>()
    const addIfAbsent = (key: string, expiresAt: Date) => {
      if (entries.has(key)) return false
      entries.set(key, expiresAt)
      return true
    }
    return { entries, addIfAbsent }
  }

  test('lets each token in once', async () => {
    const cache = memory()
    const given = options({ tokenReplayCache: cache })
    const [one, two] = [hs256({ jti: '1' }), hs256({ jti: '2' })]
    expect(await judge(given, one)).toBe(ok)
    expect(await judge(given, two)).toBe(ok)
    expect(await judge(given, one)).toBe('ERR_TOKEN_REPLAYED')
    expect(await judge(given, two)).toBe('ERR_TOKEN_REPLAYED')
  })

  test('keeps hashes until the token is over, clock skew counted', async () => {
    const cache = memory()
    const token = hs256({ sub: marker })
    await judge(options({ tokenReplayCache: cache, clockSkew: 10 }), token)
    const [[key, expiresAt]] = [...cache.entries] as [[string, Date]]
    expect(key).toMatch(/^[\w-]{43}$/)
    expect(expiresAt).toEqual(new Date((seconds + 3610) * 1000))
  })

  test('counts a token once for each scheme', async () => {
    const tokenReplayCache = memory()
    const token = hs256()
    expect(await judge(options({ tokenReplayCache }, { scheme: 'A' }), token)).toBe(ok)
    expect(await judge(options({ tokenReplayCache }, { scheme: 'B' }), token)).toBe(ok)
    expect(await judge(options({ tokenReplayCache }, { scheme: 'A' }), token)).toBe(
      'ERR_TOKEN_REPLAYED',
    )
  })

  test('knows a second signature over the same content', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const given = keyOptions({ issuerSigningKey: publicKey, tokenReplayCache: memory() })
    const [one, two] = [1, 2].map(() => sign({ alg: 'ES256' }, claimsOf(), privateKey)) as [
      string,
      string,
    ]
    expect(one).not.toBe(two)
    expect(await judge(given, one)).toBe(ok)
    expect(await judge(given, two)).toBe('ERR_TOKEN_REPLAYED')
  })

  test.each<[string, TokenReplayCache['addIfAbsent'], string]>([
    ['true', () => true, ok],
    ['true, later', () => Promise.resolve(true), ok],
    ['false', () => false, 'ERR_TOKEN_REPLAYED'],
    ['false, later', () => Promise.resolve(false), 'ERR_TOKEN_REPLAYED'],
    ['something truthy', () => 'OK' as never, 'ERR_TOKEN_REPLAYED'],
    ['nothing', () => undefined as never, 'ERR_TOKEN_REPLAYED'],
    [
      'a throw, which is no fault of the caller',
      () => {
        throw new TypeError('down')
      },
      'TypeError',
    ],
    [
      'a rejection, which is no fault of the caller',
      () => Promise.reject(new TypeError('down')),
      'TypeError',
    ],
  ])('goes by the answer of the cache: %s', async (_case, addIfAbsent, expected) => {
    expect(await judge(options({ tokenReplayCache: { addIfAbsent } }), hs256())).toBe(expected)
  })

  test('is asked last, so that a refused token uses nothing up', async () => {
    const addIfAbsent = vi.fn(() => true)
    const claimsSchema = z.object({ tenant: z.string() }) as never
    await judge(options({ tokenReplayCache: { addIfAbsent }, claimsSchema }), hs256())
    expect(addIfAbsent).not.toHaveBeenCalled()
  })

  test('refuses a token that never expires', async () => {
    const given = options({ tokenReplayCache: memory(), requireExpirationTime: false })
    expect(await judge(given, hs256({ exp: undefined }))).toBe('ERR_TOKEN_LIFETIME_MISSING')
  })
})

import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import {
  createPrincipal,
  getAuthentication,
  jwtBearer,
  symmetricKey,
  type AuthenticateResult,
  type JwtBearerOptions,
  type TokenValidationParameters,
} from 'express-jwt-bearer'
import { makeKey, startIssuer } from '../../support/issuer-server.js'

const secret = 'correct horse battery staple, and then some more of it'
const issuer = 'https://issuer.example'
const audience = 'api://orders'
const start = 1_700_000_000_000

function encode(value: object) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signed(claims: object = {}, key = secret, header: object = { alg: 'HS256' }) {
  const exp = start / 1000 + 3600
  const text = `${encode(header)}.${encode({ iss: issuer, aud: audience, sub: 'alice', exp, ...claims })}`
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

function setUp(
  parameters: TokenValidationParameters<never> = {},
  options: JwtBearerOptions<never> = {},
) {
  let now = start
  const middleware = jwtBearer({
    audience,
    clock: () => now,
    ...options,
    tokenValidationParameters: {
      validIssuer: issuer,
      issuerSigningKey: symmetricKey(secret),
      ...parameters,
    },
  })
  return {
    call: callerOf(middleware),
    setTime: (seconds: number) => (now = start + seconds * 1000),
  }
}

function callerOf(middleware: ReturnType<typeof jwtBearer>) {
  return (token: string) =>
    middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
}

function codeOf(result: AuthenticateResult) {
  return result.kind === 'failure' ? (result.error as { code?: string }).code : result.kind
}

function principalOf(result: AuthenticateResult) {
  if (result.kind !== 'success') throw new Error(`expected a caller, got ${result.kind}`)
  return result.principal
}

// Tells hits from misses: the schema is the one function that a hit does not run.
function counting() {
  const seen = vi.fn()
  const claimsSchema = z.looseObject({}).superRefine(() => {
    seen()
  })
  return { claimsSchema, seen } as unknown as { claimsSchema: never; seen: typeof seen }
}

describe('the token cache', () => {
  test('spares a known token everything that cannot have changed', async () => {
    const { claimsSchema, seen } = counting()
    const { call } = setUp({ claimsSchema })
    const token = signed()
    for (let times = 0; times < 3; times += 1) expect(codeOf(await call(token))).toBe('success')
    expect(seen).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['tokenCache: false', { tokenCache: false }],
    ['no age', { tokenCache: { maxAge: 0 } }],
  ] as const)('checks every token anew with %s', async (_case, options) => {
    const { claimsSchema, seen } = counting()
    const { call } = setUp({ claimsSchema }, options)
    const token = signed()
    for (let times = 0; times < 3; times += 1) expect(codeOf(await call(token))).toBe('success')
    expect(seen).toHaveBeenCalledTimes(3)
  })

  test.each([[{}], [undefined], [{ maxEntries: undefined, maxAge: undefined }]])(
    'is on with %j',
    async (tokenCache) => {
      const { claimsSchema, seen } = counting()
      const { call } = setUp({ claimsSchema }, { tokenCache })
      const token = signed()
      await call(token)
      await call(token)
      expect(seen).toHaveBeenCalledTimes(1)
    },
  )

  test('never remembers a failure', async () => {
    let fails = true
    const { claimsSchema, seen } = counting()
    const { call } = setUp({ claimsSchema, audienceValidator: () => !fails })
    const token = signed()
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_AUDIENCE_INVALID')
    fails = false
    expect(codeOf(await call(token))).toBe('success')
    expect(codeOf(await call(token))).toBe('success')
    expect(seen).toHaveBeenCalledTimes(1)
  })

  test('does not take a bad signature for the good token that was just seen', async () => {
    const { call } = setUp()
    const good = signed()
    const bad = signed({}, `${secret} but another`)
    expect(codeOf(await call(good))).toBe('success')
    expect(codeOf(await call(bad))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(codeOf(await call(good))).toBe('success')
  })

  test('does not take for a known token another content with its signature', async () => {
    const { call } = setUp()
    const good = signed()
    const [header, , signature] = good.split('.')
    const forged = `${String(header)}.${encode({ iss: issuer, aud: audience, sub: 'admin', exp: 9e9 })}.${String(signature)}`
    await call(good)
    expect(codeOf(await call(forged))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(principalOf(await call(good)).subject).toBe('alice')
  })

  test('keeps a token that an event refuses apart from the next one', async () => {
    let refused = true
    const { call } = setUp(
      {},
      {
        events: {
          onTokenValidated: (context) => {
            if (refused) context.fail('revoked')
          },
        },
      },
    )
    const token = signed()
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_REJECTED')
    refused = false
    expect(codeOf(await call(token))).toBe('success')
    refused = true
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_REJECTED')
  })

  test('is not shared by two schemes that trust the same key', async () => {
    const token = signed()
    const open = setUp({ validateAudience: false }, { audience: undefined, scheme: 'Open' })
    const strict = setUp({}, { audience: 'api://billing', scheme: 'Strict' })
    expect(codeOf(await open.call(token))).toBe('success')
    expect(codeOf(await strict.call(token))).toBe('ERR_TOKEN_AUDIENCE_INVALID')
  })

  test('is not shared by two middlewares of the same scheme name', async () => {
    const token = signed()
    const open = setUp({ validateAudience: false }, { audience: undefined })
    const strict = setUp({}, { audience: 'api://billing' })
    expect(codeOf(await open.call(token))).toBe('success')
    expect(codeOf(await strict.call(token))).toBe('ERR_TOKEN_AUDIENCE_INVALID')
  })

  test('judges a known token by the rules that the issuers function gives now', async () => {
    let wanted = audience
    const options: JwtBearerOptions = {
      clock: () => start,
      issuers: () => ({
        audience: wanted,
        tokenValidationParameters: {
          validIssuer: issuer,
          issuerSigningKey: symmetricKey(secret),
        },
      }),
    }
    const call = callerOf(jwtBearer(options))
    const token = signed()
    expect(codeOf(await call(token))).toBe('success')
    wanted = 'api://billing'
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_AUDIENCE_INVALID')
    wanted = audience
    expect(codeOf(await call(token))).toBe('success')
  })
})

describe('a known token', () => {
  test('is refused once it expires', async () => {
    const { call, setTime } = setUp({ clockSkew: 0 })
    const token = signed({ exp: start / 1000 + 100 })
    expect(codeOf(await call(token))).toBe('success')
    setTime(99)
    expect(codeOf(await call(token))).toBe('success')
    setTime(100)
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_EXPIRED')
  })

  test('is checked anew in its last minutes, when only the clock skew keeps it alive', async () => {
    const { claimsSchema, seen } = counting()
    const { call, setTime } = setUp({ claimsSchema })
    const token = signed({ exp: start / 1000 + 100 })
    await call(token)
    setTime(101)
    expect(codeOf(await call(token))).toBe('success')
    expect(codeOf(await call(token))).toBe('success')
    expect(seen).toHaveBeenCalledTimes(3)
    setTime(400)
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_EXPIRED')
  })

  test('is refused while the clock is before its nbf', async () => {
    const { call, setTime } = setUp({ clockSkew: 0 })
    const token = signed({ nbf: start / 1000 })
    expect(codeOf(await call(token))).toBe('success')
    setTime(-1)
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_NOT_YET_VALID')
  })

  test('is refused once it is older than maxTokenAge', async () => {
    const { call, setTime } = setUp({ clockSkew: 0, maxTokenAge: 60 })
    const token = signed({ iat: start / 1000 })
    expect(codeOf(await call(token))).toBe('success')
    setTime(59)
    expect(codeOf(await call(token))).toBe('success')
    setTime(60)
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_EXPIRED')
  })

  test('is checked anew after maxAge', async () => {
    const { claimsSchema, seen } = counting()
    const { call, setTime } = setUp({ claimsSchema }, { tokenCache: { maxAge: 10 } })
    const token = signed()
    await call(token)
    setTime(9)
    await call(token)
    expect(seen).toHaveBeenCalledTimes(1)
    setTime(10)
    await call(token)
    expect(seen).toHaveBeenCalledTimes(2)
  })

  test('is refused when it is used again where each token works once', async () => {
    const used = new Set<string>()
    const addIfAbsent = (key: string) => used.size < used.add(key).size
    const { call } = setUp({ tokenReplayCache: { addIfAbsent } })
    const token = signed()
    expect(codeOf(await call(token))).toBe('success')
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_REPLAYED')
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_REPLAYED')
    expect(codeOf(await call(signed({ jti: 'another' })))).toBe('success')
  })

  test.each([
    ['issuerValidator', 'ERR_TOKEN_ISSUER_INVALID'],
    ['audienceValidator', 'ERR_TOKEN_AUDIENCE_INVALID'],
    ['lifetimeValidator', 'ERR_TOKEN_LIFETIME_INVALID'],
  ])('is shown to %s each time', async (name, code) => {
    const answers = [true, true, false, true]
    const validator = vi.fn(() => answers.shift() === true)
    const { call } = setUp({ [name]: validator })
    const token = signed()
    const codes: unknown[] = []
    for (let times = 0; times < 4; times += 1) codes.push(codeOf(await call(token)))
    expect(codes).toEqual(['success', 'success', code, 'success'])
    expect(validator).toHaveBeenCalledTimes(4)
  })

  test('has its roles and scopes read once for all requests', async () => {
    const { call } = setUp()
    const token = signed({ roles: ['Customer'], scope: 'orders.read' })
    const first = principalOf(await call(token))
    const expected = { roles: first.roles, scopes: first.scopes }
    const second = principalOf(await call(token))
    expect(expected).toEqual({ roles: ['Customer'], scopes: ['orders.read'] })
    expect(second.roles).toBe(expected.roles)
    expect(second.scopes).toBe(expected.scopes)
  })

  test('has its roles read by roleClaimType each time', async () => {
    const answers = [['Admin'], [], ['Admin']]
    const { call } = setUp({ roleClaimType: () => answers.shift() ?? [] })
    const token = signed()
    const found: unknown[] = []
    for (let times = 0; times < 3; times += 1) found.push(principalOf(await call(token)).roles)
    expect(found).toEqual([['Admin'], [], ['Admin']])
  })

  test('runs through both events of the walk each time', async () => {
    const events = { onMessageReceived: vi.fn(), onTokenValidated: vi.fn() }
    const { call } = setUp({}, { events })
    const token = signed()
    for (let times = 0; times < 3; times += 1) await call(token)
    expect(events.onMessageReceived).toHaveBeenCalledTimes(3)
    expect(events.onTokenValidated).toHaveBeenCalledTimes(3)
  })

  test('is refused when the key resolver no longer returns its key', async () => {
    const resolver = vi.fn((): unknown => symmetricKey(secret))
    const shared = symmetricKey(secret)
    resolver.mockImplementation(() => shared)
    const { call } = setUp({
      issuerSigningKey: undefined,
      issuerSigningKeyResolver: resolver as never,
    })
    const token = signed()
    expect(codeOf(await call(token))).toBe('success')
    expect(codeOf(await call(token))).toBe('success')
    expect(resolver).toHaveBeenCalledTimes(2)
    resolver.mockImplementation(() => symmetricKey(`${secret} but another`))
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    resolver.mockImplementation(() => null)
    expect(codeOf(await call(token))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    resolver.mockImplementation(() => shared)
    expect(codeOf(await call(token))).toBe('success')
  })

  test('is refused after the refresh that removes its key from the published ones', async () => {
    const published = await startIssuer()
    let now = Date.now()
    try {
      const { claimsSchema, seen } = counting()
      const middleware = jwtBearer({
        ...published.options,
        clock: () => now,
        tokenValidationParameters: { claimsSchema },
      })
      const call = callerOf(middleware)
      const token = await published.token()
      expect(codeOf(await call(token))).toBe('success')

      const next = await makeKey()
      published.publish(next)
      now += 31_000
      expect(codeOf(await call(token))).toBe('success')
      expect(seen).toHaveBeenCalledTimes(1)
      expect(codeOf(await call(await published.token({}, next)))).toBe('success')
      expect(codeOf(await call(token))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    } finally {
      await published.stop()
    }
  })

  test('stays known through a refresh that keeps its key', async () => {
    const published = await startIssuer()
    let now = Date.now()
    try {
      const { claimsSchema, seen } = counting()
      const kept = await makeKey()
      published.publish(kept)
      const middleware = jwtBearer({
        ...published.options,
        clock: () => now,
        tokenValidationParameters: { claimsSchema },
      })
      const call = callerOf(middleware)
      const token = await published.token({}, kept)
      expect(codeOf(await call(token))).toBe('success')

      const next = await makeKey()
      published.publish(kept, next)
      now += 31_000
      expect(codeOf(await call(await published.token({}, next)))).toBe('success')
      expect(codeOf(await call(token))).toBe('success')
      expect(seen).toHaveBeenCalledTimes(2)
    } finally {
      await published.stop()
    }
  })
})

describe('what a handler does to its caller', () => {
  test('never reaches another request with the same token', async () => {
    const { call } = setUp()
    const token = signed({ roles: ['Customer'], address: { city: 'Bergen' } })
    const first = await call(token)
    const { claims } = principalOf(first) as { claims: Record<string, unknown> }
    expect(() => (claims['sub'] = 'admin')).toThrow(TypeError)
    expect(() => (claims['address'] as { city: string }).city.concat()).not.toThrow()
    expect(() => ((claims['address'] as { city: string }).city = 'Oslo')).toThrow(TypeError)
    expect(() => (claims['roles'] as string[]).push('Admin')).toThrow(TypeError)
    expect(() => (principalOf(first).roles as string[]).push('Admin')).toThrow(TypeError)
    Object.assign(principalOf(first), { note: 'mine' })
    if (first.kind === 'success') first.properties['mark'] = 'mine'

    const second = await call(token)
    expect(principalOf(second)).not.toBe(principalOf(first))
    expect(principalOf(second).toJSON()).toMatchObject({ subject: 'alice', roles: ['Customer'] })
    expect(principalOf(second)).not.toHaveProperty('note')
    expect(second).toMatchObject({ properties: {} })
    expect((second as { properties: object }).properties).not.toHaveProperty('mark')
  })

  test('never reaches another request through the header or the security token', async () => {
    const attempts: unknown[] = []
    const { call } = setUp(
      {},
      {
        events: {
          onTokenValidated: ({ securityToken }) => {
            attempts.push(Object.isFrozen(securityToken), Object.isFrozen(securityToken.payload))
          },
        },
      },
    )
    const result = await call(signed())
    expect(attempts).toEqual([true, true])
    expect(Object.isFrozen((result as { header: object }).header)).toBe(true)
  })

  test.each([
    ['a Date', () => new Date(0), (value: Date) => value.setTime(1e12)],
    ['a Map', () => new Map([['a', 1]]), (value: Map<string, number>) => value.delete('a')],
    ['a Set', () => new Set(['a']), (value: Set<string>) => value.delete('a')],
    ['bytes', () => new Uint8Array(2), (value: Uint8Array) => value.fill(7)],
    [
      'an object of a class',
      () =>
        new (class Account {
          limit = 1
        })(),
      (value: { limit: number }) => (value.limit = 2),
    ],
    ['a Date in a list', () => [new Date(0)], ([value]: Date[]) => value?.setTime(1e12)],
  ] as readonly [string, () => unknown, (value: never) => unknown][])(
    'never reaches another request through %s that the schema put out',
    async (_case, make, change) => {
      const claimsSchema = z.looseObject({}).transform((claims) => ({ ...claims, extra: make() }))
      const { call } = setUp({ claimsSchema: claimsSchema as never })
      const token = signed()
      const { extra } = principalOf(await call(token)).claims
      change(extra as never)
      expect(principalOf(await call(token)).claims['extra']).toEqual(make())
    },
  )

  test('never reaches another request by replacing the caller in onTokenValidated', async () => {
    let replaces = true
    const { call } = setUp(
      {},
      {
        events: {
          onTokenValidated: (context) => {
            if (replaces) context.principal = createPrincipal({ sub: 'admin' })
          },
        },
      },
    )
    const token = signed()
    expect(principalOf(await call(token)).subject).toBe('admin')
    replaces = false
    expect(principalOf(await call(token)).subject).toBe('alice')
  })
})

describe('the middleware', () => {
  function runThrough(middleware: ReturnType<typeof jwtBearer>, token: string) {
    const req = { headers: { authorization: `Bearer ${token}` } }
    const next = vi.fn()
    middleware(req as never, {} as never, next)
    return { req, next }
  }

  function ecToken(privateKey: KeyObject) {
    const text = `${encode({ alg: 'ES256' })}.${encode({ iss: issuer, aud: audience, exp: 9e9 })}`
    const signature = sign('sha256', Buffer.from(text), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    return `${text}.${signature.toString('base64url')}`
  }

  test('calls next() before it returns for a known token', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const middleware = jwtBearer({
      audience,
      tokenValidationParameters: { validIssuer: issuer, issuerSigningKey: publicKey },
    })
    const token = ecToken(privateKey)
    const first = runThrough(middleware, token)
    await vi.waitFor(() => {
      expect(first.next).toHaveBeenCalledWith()
    })
    const { req, next } = runThrough(middleware, token)
    expect(next).toHaveBeenCalledExactlyOnceWith()
    expect(getAuthentication(req).kind).toBe('success')
  })

  test.each([
    ['a new token with a shared secret', signed({ exp: 9e9 }), 'success'],
    ['a token that is no token', 'garbage', 'failure'],
  ])('calls next() before it returns for %s', (_case, token, kind) => {
    const middleware = jwtBearer({
      audience,
      tokenValidationParameters: {
        validIssuer: issuer,
        issuerSigningKey: symmetricKey(secret),
      },
    })
    const { req, next } = runThrough(middleware, token)
    expect(next).toHaveBeenCalledExactlyOnceWith()
    expect(getAuthentication(req).kind).toBe(kind)
  })

  test('waits for a handler that is asynchronous', async () => {
    const middleware = jwtBearer({
      audience,
      events: { onTokenValidated: () => Promise.resolve() },
      tokenValidationParameters: {
        validIssuer: issuer,
        issuerSigningKey: symmetricKey(secret),
      },
    })
    const { next } = runThrough(middleware, signed({ exp: 9e9 }))
    expect(next).not.toHaveBeenCalled()
    await vi.waitFor(() => {
      expect(next).toHaveBeenCalledExactlyOnceWith()
    })
  })

  test('keeps no more than maxEntries of 50,000 different tokens', () => {
    const collect = garbageCollector()
    const middleware = jwtBearer({
      audience,
      clock: () => start,
      tokenCache: { maxEntries: 1000 },
      tokenValidationParameters: {
        validIssuer: issuer,
        issuerSigningKey: symmetricKey(secret),
      },
    })
    let made = 0
    const passed = () => undefined
    const used = (count: number) => {
      for (const end = made + count; made < end; made += 1) {
        const req = { headers: { authorization: `Bearer ${signed({ jti: String(made) })}` } }
        middleware(req as never, {} as never, passed)
        if (getAuthentication(req).kind !== 'success') throw new Error('a good token was refused')
      }
      collect()
      return process.memoryUsage().heapUsed
    }
    const full = used(5_000)
    const later = used(45_000)
    // Each token is some 300 bytes of text and as much again once it is decoded.
    expect(later - full).toBeLessThan(5e6)
  }, 30_000)
})

// Vitest starts its workers without --expose-gc.
function garbageCollector() {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

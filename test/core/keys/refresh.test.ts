import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Readable } from 'node:stream'
import { jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { json, makeKey, startIssuer, status, type IssuerKey } from '../../support/issuer-server.js'

let issuer: Awaited<ReturnType<typeof startIssuer>>
let now: number
const messages = new Map<string, unknown[]>()
const names = ['metadata-refreshed', 'metadata-refresh-failed'].map(
  (name) => `express-jwt-bearer:${name}`,
)
const note = (message: unknown, name: string | symbol) => {
  messages.set(String(name), [...(messages.get(String(name)) ?? []), message])
}
const last = (name: string) => messages.get(`express-jwt-bearer:metadata-${name}`)?.at(-1)

beforeEach(async () => {
  issuer = await startIssuer()
  now = Date.now()
  messages.clear()
  for (const name of names) subscribe(name, note)
})

afterEach(async () => {
  for (const name of names) unsubscribe(name, note)
  await issuer.stop()
})

function bearer(options: JwtBearerOptions = {}) {
  const middleware = jwtBearer({ ...issuer.options, clock: () => now, ...options })
  const ask = (token: string) =>
    middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
  async function judge(token: string) {
    const result = await ask(token)
    return result.kind === 'failure' ? (result.error as Error & { code: string }).code : result.kind
  }
  return { ...middleware, ask, judge }
}

const seconds = (count: number) => {
  now += count * 1000
}
const token = (claims: object = {}, key?: IssuerKey) =>
  issuer.token({ exp: Math.floor(now / 1000) + 100_000, ...claims }, key)
const forged = async (kid: string) =>
  token({ jti: String(Math.random()) }, { ...(await makeKey()), kid })

describe('a key set without one usable key', () => {
  test.each<[string, unknown[], string]>([
    ['is empty', [], 'it is empty'],
    [
      'holds no signing key',
      [{ kty: 'RSA', use: 'enc' }],
      'the JWK is not meant for signatures ("use" is not "sig")',
    ],
    [
      'holds what is no key',
      [null, 5, 'x', {}],
      'it cannot be read as a key; the JWK cannot be read as a key',
    ],
    [
      'holds a shared secret',
      [{ kty: 'oct', k: Buffer.alloc(32, 'ab').toString('base64url') }],
      'a shared secret has no place in a published set',
    ],
  ])('%s: ready() rejects, and a caller gets 503', async (_what, keys, reason) => {
    issuer.routes.set('/jwks', json({ keys }))
    const { ready, judge } = bearer()
    await expect(ready()).rejects.toMatchObject({
      code: 'ERR_METADATA_UNAVAILABLE',
      message: `The keys of ${issuer.url}/ cannot be fetched: ${issuer.url}/jwks holds no key that can verify a signature: ${reason}`,
    })
    expect(await judge(await token())).toBe('ERR_METADATA_UNAVAILABLE')
  })

  test('leaves the known keys where they are', async () => {
    const { judge } = bearer({ automaticRefreshInterval: 60 })
    const good = await token()
    expect(await judge(good)).toBe('success')
    issuer.routes.set('/jwks', json({ keys: [] }))
    seconds(61)
    expect(await judge(good)).toBe('success')
    await vi.waitFor(() => {
      expect(last('refresh-failed')).toBeDefined()
    })
    expect(await judge(good)).toBe('success')
    expect(await judge(await token())).toBe('success')
  })

  test('is enough with one usable key among others', async () => {
    const key = await makeKey()
    issuer.routes.set('/jwks', json({ keys: [null, { kty: 'X', kid: 'strange' }, key.jwk] }))
    const { ready, judge } = bearer()
    await ready()
    expect(await judge(await token({}, key))).toBe('success')
    expect(last('refreshed')).toMatchObject({
      keyIds: [key.kid],
      skippedKeys: [
        { kid: undefined, reason: 'it cannot be read as a key' },
        { kid: 'strange', reason: 'the JWK cannot be read as a key' },
      ],
    })
  })

  test('never costs the others: a key that nests deeper than the stack goes', async () => {
    const key = await makeKey()
    const deep = `{"kty":"EC","kid":"deep","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    issuer.routes.set('/jwks', (_, response) => {
      response.end(`{"keys":[${deep},${JSON.stringify(key.jwk)}]}`)
    })
    const { judge } = bearer()
    expect(await judge(await token({}, key))).toBe('success')
    // Newer versions of Node write such a key down; it is refused for its coordinates then.
    expect(last('refreshed')).toMatchObject({
      skippedKeys: [{ kid: 'deep', reason: expect.stringMatching(/cannot be read/) as string }],
    })
  })
})

describe('a new key under an old name', () => {
  const renamed = async () => makeKey('ES256', 'same')

  test('judges the very request that brings it', async () => {
    const [old, fresh] = [await renamed(), await renamed()]
    issuer.publish(old)
    const { judge } = bearer()
    expect(await judge(await token({}, old))).toBe('success')
    issuer.publish(fresh)
    expect(await judge(await token({}, fresh))).toBe('success')
    expect(await judge(await token({}, old))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    expect(issuer.keyFetches()).toBe(2)
  })

  test('is not looked for where that is turned off', async () => {
    const [old, fresh] = [await renamed(), await renamed()]
    issuer.publish(old)
    const { judge } = bearer({ refreshOnIssuerKeyNotFound: false })
    expect(await judge(await token({}, old))).toBe('success')
    issuer.publish(fresh)
    expect(await judge(await token({}, fresh))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    expect(issuer.keyFetches()).toBe(1)
  })

  test('is looked for once per interval, however many signatures are forged', async () => {
    const old = await renamed()
    issuer.publish(old)
    const { judge } = bearer({ refreshInterval: 30 })
    expect(await judge(await token({}, old))).toBe('success')
    const forgeries = await Promise.all(Array.from({ length: 50 }, () => forged('same')))
    const outcomes = await Promise.all(forgeries.map(judge))
    expect(new Set(outcomes)).toEqual(new Set(['ERR_TOKEN_SIGNATURE_INVALID']))
    expect(await judge(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    expect(issuer.keyFetches()).toBe(2)
    seconds(29.999)
    await judge(await forged('same'))
    expect(issuer.keyFetches()).toBe(2)
    seconds(0.001)
    await judge(await forged('same'))
    expect(issuer.keyFetches()).toBe(3)
  })

  test('has a budget that unknown keys do not spend, nor the other way round', async () => {
    const old = await renamed()
    issuer.publish(old)
    const { judge } = bearer()
    expect(await judge(await token({}, old))).toBe('success')
    expect(await judge(await forged('unknown'))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(issuer.keyFetches()).toBe(2)
    const fresh = await renamed()
    issuer.publish(fresh)
    expect(await judge(await token({}, fresh))).toBe('success')
    expect(issuer.keyFetches()).toBe(3)
    const { judge: another } = bearer()
    expect(await another(await token({}, fresh))).toBe('success')
    expect(await another(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    const next = await makeKey()
    issuer.publish(fresh, next)
    expect(await another(await token({}, next))).toBe('success')
  })

  test('is looked for behind the requests of an issuer that hung', async () => {
    const old = await renamed()
    issuer.publish(old)
    const { judge } = bearer({ backchannelTimeout: 0.1 })
    expect(await judge(await token({}, old))).toBe('success')
    issuer.routes.set('/jwks', () => undefined)
    expect(await judge(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    const fresh = await renamed()
    issuer.publish(fresh)
    seconds(30)
    expect(await judge(await token({}, fresh))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    await vi.waitFor(async () => {
      expect(await judge(await token({}, fresh))).toBe('success')
    })
  })

  test('is no reason for a 503 where the name is that of a key of the options', async () => {
    const own = await renamed()
    const { judge } = bearer({ tokenValidationParameters: { issuerSigningKey: own.jwk } })
    await issuer.stop()
    expect(await judge(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    seconds(1)
    expect(await judge(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    await issuer.restart()
  })

  test('is no reason for a 503 while the issuer is away', async () => {
    const old = await renamed()
    issuer.publish(old)
    const { judge } = bearer()
    expect(await judge(await token({}, old))).toBe('success')
    await issuer.stop()
    expect(await judge(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    expect(await judge(await forged('same'))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    expect(await judge(await token({}, old))).toBe('success')
    await issuer.restart()
    const fresh = await renamed()
    issuer.publish(fresh)
    seconds(30)
    expect(await judge(await token({}, fresh))).toBe('success')
  })
})

describe('Retry-After of the issuer', () => {
  const rest = async (code: number, value: string, keys: boolean) => {
    const { ask, judge, ready } = bearer({ automaticRefreshInterval: 60 })
    const good = await token()
    if (keys) {
      await ready()
      seconds(61)
    }
    issuer.routes.set('/jwks', status(code, { 'Retry-After': value }))
    await judge(good)
    await vi.waitFor(() => {
      expect(last('refresh-failed')).toBeDefined()
    })
    const unknown = await token({}, await makeKey())
    const result = await ask(unknown)
    const { retryAfter } = (result as unknown as { error: { retryAfter: number } }).error
    const fetches = issuer.keyFetches()
    seconds(retryAfter - 0.001)
    await judge(unknown)
    expect(issuer.keyFetches()).toBe(fetches)
    seconds(0.001)
    await judge(unknown)
    expect(issuer.keyFetches()).toBe(fetches + 1)
    return retryAfter
  }

  test.each<[string, number, string, boolean, number]>([
    ['of 503 with known keys', 503, '120', true, 120],
    ['of 429 with known keys', 429, '120', true, 120],
    ['up to 300 seconds with known keys', 503, '301', true, 300],
    ['of 503 without keys', 503, '59', false, 59],
    ['up to 60 seconds without keys', 429, '61', false, 60],
    ['not of 500', 500, '120', false, 1],
    ['not below the pause there would be anyway', 503, '0', false, 1],
    ['not when nobody can read it', 503, 'soon', false, 1],
  ])('is heeded %s', async (_what, code, value, keys, expected) => {
    expect(await rest(code, value, keys)).toBe(expected)
  })

  test('is heeded as a date', async () => {
    now = Math.floor(now / 1000) * 1000
    expect(await rest(503, new Date(now + 40_000).toUTCString(), false)).toBe(40)
  })
})

describe('discovery', () => {
  const path = '/realms/shop'
  const places = [
    `${path}/.well-known/openid-configuration`,
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
  ]
  let tenant: typeof issuer

  beforeEach(async () => {
    tenant = await startIssuer({ path })
    tenant.routes.delete(String(places[0]))
  })

  afterEach(() => tenant.stop())

  test.each([0, 1, 2])('finds the document at place %d of three', async (place) => {
    tenant.routes.set(
      String(places[place]),
      json({ issuer: tenant.url, jwks_uri: `${tenant.origin}/jwks` }),
    )
    expect(await bearer(tenant.options).judge(await tenant.token())).toBe('success')
    expect(tenant.requests).toEqual([...places.slice(0, place + 1), '/jwks'])
  })

  test('names every address when there is none', async () => {
    await expect(bearer(tenant.options).ready()).rejects.toThrow(
      places.map((place) => `${tenant.origin}${place} answered 404`).join('; '),
    )
    expect(tenant.requests).toEqual(places)
  })

  test('asks an authority without a path at two places', async () => {
    issuer.routes.clear()
    await expect(bearer().ready()).rejects.toThrow('answered 404')
    expect(issuer.requests).toEqual([
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ])
  })

  test.each<[string, number, number]>([
    ['500 at the first', 0, 500],
    ['429 at the first', 0, 429],
    ['503 at the second', 1, 503],
    ['429 at the second', 1, 429],
  ])('ends at once with %s', async (_what, place, code) => {
    tenant.routes.set(String(places[place]), status(code))
    tenant.routes.set(
      String(places[2]),
      json({ issuer: tenant.url, jwks_uri: `${tenant.origin}/jwks` }),
    )
    await expect(bearer(tenant.options).ready()).rejects.toThrow(
      `${tenant.origin}${String(places[place])} answered ${String(code)}`,
    )
    expect(tenant.requests).toEqual(places.slice(0, place + 1))
  })

  test('ends at once without an answer', async () => {
    tenant.routes.set(String(places[0]), (request) => request.socket.destroy())
    await expect(bearer(tenant.options).ready()).rejects.toThrow(
      `${tenant.origin}${String(places[0])}: fetch failed`,
    )
    expect(tenant.requests).toEqual(places.slice(0, 1))
  })
})

describe('a failed refresh', () => {
  test('names the address that gave no answer in time', async () => {
    issuer.routes.set('/jwks', () => undefined)
    await expect(bearer({ backchannelTimeout: 0.1 }).ready()).rejects.toThrow(
      `The keys of ${issuer.url}/ cannot be fetched: ${issuer.url}/jwks: no answer within 0.1 s`,
    )
  })

  test.each([500, 404, 302])(
    'names the address that answered %d, without its query',
    async (code) => {
      const jwksUri = `${issuer.url}/jwks?key=secret`
      issuer.routes.set('/jwks?key=secret', status(code, { Location: '/elsewhere' }))
      const given = {
        authority: undefined,
        jwksUri,
        tokenValidationParameters: { validIssuer: issuer.url },
      }
      const error = await bearer(given)
        .ready()
        .then(
          () => undefined,
          (thrown: unknown) => thrown as Error,
        )
      expect(error?.message).toBe(
        `The keys of ${issuer.url}/jwks cannot be fetched: ${issuer.url}/jwks answered ${String(code)}`,
      )
      expect(JSON.stringify([error, error?.stack, last('refresh-failed')])).not.toContain('secret')
    },
  )

  test.each<[string, () => unknown, string]>([
    [
      'an error that quotes the address',
      () => new Error('request to https://user:secret@issuer.test/jwks?secret failed'),
      'request to https://issuer.test/jwks failed',
    ],
    [
      'an error that carries its request',
      () => Object.assign(new Error('away'), { config: { url: 'https://secret@issuer.test' } }),
      'away',
    ],
    [
      'an error with such a cause',
      () => new Error('away', { cause: new Error('https://issuer.test/?secret') }),
      'away',
    ],
    ['a text', () => 'secret', 'fetch threw something that is no error'],
  ])('keeps to itself what is secret in %s', async (_what, thrown, reason) => {
    const fetch = vi.fn(globalThis.fetch).mockRejectedValue(thrown())
    const { inspect } = await import('node:util')
    const error = await bearer({ fetch })
      .ready()
      .then(
        () => undefined,
        (failure: unknown) => failure,
      )
    expect(inspect(error, { depth: 9 })).not.toContain('secret')
    expect(inspect(error)).toContain(reason)
  })
})

describe('a fetch of another library', () => {
  const answer = (address: string, body: () => unknown, code = 200) =>
    Promise.resolve({
      status: code,
      redirected: false,
      headers: new Headers(),
      url: address,
      body: body(),
    } as Response)
  const documents = async (address: string) => (await fetch(address)).text()

  test.each<[string, (text: string) => unknown]>([
    ['a stream of Node’s', (text) => Readable.from([Buffer.from(text)])],
    ['a stream of texts', (text) => Readable.from(text.match(/.{1,7}/g) ?? [])],
  ])('may have %s for a body', async (_what, bodyOf) => {
    const other = async (input: unknown) => {
      const text = await documents(String(input))
      return answer(String(input), () => bodyOf(text))
    }
    expect(await bearer({ fetch: other }).judge(await token())).toBe('success')
  })

  test('may have a stream of Node’s that is not read, and breaks afterwards', async () => {
    const body = new Readable({ read: () => undefined })
    const other = (input: unknown) => answer(String(input), () => body, 503)
    await expect(bearer({ fetch: other }).ready()).rejects.toThrow('answered 503')
    expect(body.destroyed).toBe(true)
    body.emit('error', new Error('broken'))
  })

  test('may have a stream of Node’s that is too long', async () => {
    const long = () => Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(100_000, ' ')))
    const bodies: Readable[] = []
    const other = (input: unknown) => {
      bodies.push(long())
      return answer(String(input), () => bodies.at(-1))
    }
    await expect(bearer({ fetch: other }).ready()).rejects.toThrow('more than 1 MiB')
    expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  test('may have a body that cannot be cancelled', async () => {
    const body = { cancel: () => Promise.reject(new Error('locked')) }
    const other = (input: unknown) => answer(String(input), () => body, 503)
    await expect(bearer({ fetch: other }).ready()).rejects.toThrow('answered 503')
  })

  test('may have a body that breaks', async () => {
    const body = new Readable({
      read() {
        this.destroy(new Error('broken'))
      },
    })
    const other = (input: unknown) => answer(String(input), () => body)
    await expect(bearer({ fetch: other }).ready()).rejects.toThrow('broken')
  })
})

describe('a clock that jumps back', () => {
  test.each([
    [-60, 1],
    [-61, 2],
    [-100_000, 2],
  ])('by %d seconds costs as many fetches as %d all in all', async (step, fetches) => {
    const { judge } = bearer()
    const good = await token()
    expect(await judge(good)).toBe('success')
    seconds(step)
    for (let time = 0; time < 5; time += 1) expect(await judge(good)).toBe('success')
    await vi.waitFor(() => {
      expect(issuer.keyFetches()).toBe(fetches)
    })
    for (let time = 0; time < 5; time += 1) expect(await judge(good)).toBe('success')
    expect(issuer.keyFetches()).toBe(fetches)
  })

  test('does not make old keys serve for longer', async () => {
    const { judge } = bearer({ lastKnownGoodLifetime: 100, tokenCache: false })
    const good = await token({ exp: Math.floor(now / 1000) + 10_000_000 })
    expect(await judge(good)).toBe('success')
    await issuer.stop()
    seconds(-100_000)
    expect(await judge(good)).toBe('success')
    await vi.waitFor(() => {
      expect(last('refresh-failed')).toBeDefined()
    })
    seconds(99)
    expect(await judge(good)).toBe('success')
    seconds(1)
    expect(await judge(good)).toBe('ERR_METADATA_UNAVAILABLE')
    await issuer.restart()
  })

  test('does not lose the time that an outage has lasted', async () => {
    const { judge } = bearer({ automaticRefreshInterval: 60, lastKnownGoodLifetime: 100 })
    const good = await token({ exp: Math.floor(now / 1000) + 10_000_000 })
    expect(await judge(good)).toBe('success')
    await issuer.stop()
    const fail = async () => {
      const before = messages.get('express-jwt-bearer:metadata-refresh-failed')?.length ?? 0
      expect(await judge(good)).toBe('success')
      await vi.waitFor(() => {
        expect(messages.get('express-jwt-bearer:metadata-refresh-failed')).toHaveLength(before + 1)
      })
    }
    seconds(60)
    await fail()
    seconds(60)
    await fail()
    seconds(-100_000)
    await fail()
    seconds(39)
    expect(await judge(good)).toBe('success')
    seconds(1)
    expect(await judge(good)).toBe('ERR_METADATA_UNAVAILABLE')
    await issuer.restart()
  })

  test('never makes Retry-After longer than the pause, and lets the next attempt go ahead', async () => {
    issuer.routes.set('/jwks', status(500))
    const { ask, judge } = bearer()
    const good = await token()
    await judge(good)
    const waits = async () =>
      ((await ask(good)) as unknown as { error: { retryAfter: number } }).error.retryAfter
    expect(await waits()).toBe(1)
    seconds(-50)
    expect(await waits()).toBe(1)
    seconds(-50)
    const fetches = issuer.keyFetches()
    expect(await waits()).toBeLessThanOrEqual(2)
    expect(issuer.keyFetches()).toBe(fetches + 1)
  })

  test('gives unknown keys their budget back', async () => {
    const { judge } = bearer({ refreshInterval: 3600 })
    expect(await judge(await token())).toBe('success')
    expect(await judge(await forged('unknown'))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(issuer.keyFetches()).toBe(2)
    seconds(-59)
    expect(await judge(await forged('unknown'))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(issuer.keyFetches()).toBe(2)
    seconds(-59)
    const next = await makeKey()
    issuer.publish(next)
    expect(await judge(await token({}, next))).toBe('success')
  })
})

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { createConfigurationManager } from '../../../src/core/keys/configuration-manager.js'
import {
  audience,
  json,
  makeKey,
  silence,
  startIssuer,
  status,
} from '../../support/issuer-server.js'

let issuer: Awaited<ReturnType<typeof startIssuer>>
let now: number

beforeEach(async () => {
  issuer = await startIssuer()
  now = Date.now()
})

afterEach(() => issuer.stop())

function bearer(options: JwtBearerOptions = {}) {
  const middleware = jwtBearer({ ...issuer.options, clock: () => now, ...options })
  /** The outcome for a token: `success`, or the error's code. */
  async function judge(token: string) {
    const result = await middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
    return result.kind === 'failure' ? (result.error as Error & { code: string }).code : result.kind
  }
  return { ...middleware, judge }
}

const seconds = (count: number) => {
  now += count * 1000
}
/** The next refresh that fails behind the requests' backs. */
const refreshFailure = () =>
  new Promise<void>((resolve) => {
    const name = 'express-jwt-bearer:metadata-refresh-failed'
    const listener = () => {
      unsubscribe(name, listener)
      // A turn later, when the attempt is over in every respect.
      setImmediate(resolve)
    }
    subscribe(name, listener)
  })

describe('the first fetch', () => {
  test('waits for the first token', async () => {
    const { authenticate, judge } = bearer()
    expect(await authenticate({ headers: {} })).toEqual({ kind: 'none' })
    expect(issuer.requests).toEqual([])
    expect(await judge(await issuer.token())).toBe('success')
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('happens once, however many requests wait for it', async () => {
    const { judge } = bearer()
    const token = await issuer.token()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => judge(token)))
    expect(new Set(outcomes)).toEqual(new Set(['success']))
    expect(issuer.keyFetches()).toBe(1)
  })

  test('can be made at start-up', async () => {
    const { ready, judge } = bearer()
    await ready()
    await ready()
    expect(issuer.keyFetches()).toBe(1)
    expect(await judge(await issuer.token())).toBe('success')
    expect(issuer.keyFetches()).toBe(1)
  })

  test('makes ready() reject when the issuer cannot be reached', async () => {
    await issuer.stop()
    await expect(bearer().ready()).rejects.toMatchObject({
      code: 'ERR_METADATA_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    })
    await issuer.restart()
  })

  test('needs no issuer with keys of its own', async () => {
    const { publicKey } = await generateKeyPair('ES256')
    const middleware = jwtBearer({
      audience,
      tokenValidationParameters: {
        validIssuer: 'https://issuer.test',
        issuerSigningKey: await exportSPKI(publicKey),
      },
    })
    await expect(middleware.ready()).resolves.toBeUndefined()
  })
})

describe('metadata', () => {
  test('is found below the path of an authority, with or without a "/" at its end', async () => {
    const tenant = await startIssuer({ path: '/realms/shop' })
    for (const authority of [tenant.url, `${tenant.url}/`]) {
      const { judge } = bearer({ ...tenant.options, authority })
      expect(await judge(await tenant.token())).toBe('success')
    }
    await tenant.stop()
  })

  test.each(['', '/realms/shop'])(
    'is looked for where RFC 8414 puts it when OpenID Connect has none (path "%s")',
    async (path) => {
      const plain = await startIssuer({ path })
      plain.routes.delete(`${path}/.well-known/openid-configuration`)
      plain.routes.set(
        `/.well-known/oauth-authorization-server${path}`,
        json({ issuer: plain.url, jwks_uri: `${plain.origin}/jwks` }),
      )
      expect(await bearer(plain.options).judge(await plain.token())).toBe('success')
      await plain.stop()
    },
  )

  test('is fetched from its own address when that is given', async () => {
    issuer.routes.set('/elsewhere', json({ issuer: 'urn:issuer', jwks_uri: `${issuer.url}/jwks` }))
    const { judge } = bearer({ authority: undefined, metadataAddress: `${issuer.url}/elsewhere` })
    expect(await judge(await issuer.token({ iss: 'urn:issuer' }))).toBe('success')
    expect(await judge(await issuer.token())).toBe('ERR_TOKEN_ISSUER_INVALID')
  })

  test('is not needed with the address of the keys', async () => {
    const { judge } = bearer({
      authority: undefined,
      jwksUri: `${issuer.url}/jwks`,
      tokenValidationParameters: { validIssuer: 'urn:issuer' },
    })
    expect(await judge(await issuer.token({ iss: 'urn:issuer' }))).toBe('success')
    expect(issuer.requests).toEqual(['/jwks'])
  })

  test('decides how exactly the tokens spell their issuer', async () => {
    issuer.routes.set(
      '/.well-known/openid-configuration',
      json({ issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/jwks` }),
    )
    const { judge } = bearer()
    expect(await judge(await issuer.token({ iss: `${issuer.url}/` }))).toBe('success')
    expect(await judge(await issuer.token())).toBe('ERR_TOKEN_ISSUER_INVALID')
  })

  test('of another issuer is refused, and the error names both', async () => {
    issuer.routes.set(
      '/.well-known/openid-configuration',
      json({ issuer: 'https://other.test', jwks_uri: `${issuer.url}/jwks` }),
    )
    const error = await bearer()
      .ready()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_METADATA_UNAVAILABLE' })
    expect(String(error)).toContain('https://other.test')
    expect(String(error)).toContain(issuer.url)
  })

  test('that moves the keys is followed at the next refresh', async () => {
    const { judge } = bearer()
    expect(await judge(await issuer.token())).toBe('success')
    const fresh = await makeKey()
    issuer.routes.set(
      '/.well-known/openid-configuration',
      json({ issuer: issuer.url, jwks_uri: `${issuer.url}/moved` }),
    )
    issuer.routes.set('/moved', json({ keys: [fresh.jwk] }))
    expect(await judge(await issuer.token({}, fresh))).toBe('success')
  })

  test.each([
    ['an error', status(500)],
    ['nothing there', status(404)],
    [
      'garbage',
      (_: unknown, response: { end(text: string): void }) => {
        response.end('<html>')
      },
    ],
    ['an array', json([])],
    ['null', json(null)],
    ['no issuer', json({ jwks_uri: 'http://127.0.0.1/jwks' })],
    ['another issuer', json({ issuer: 'x' })],
    [
      'no key address',
      ({ headers: { host } }: IncomingMessage, response: { end(text: string): void }) => {
        response.end(`{"issuer":"http://${String(host)}"}`)
      },
    ],
    ['a redirect', status(302, { Location: '/.well-known/elsewhere' })],
    ['an empty answer', status(204)],
    [
      'more than 1 MiB',
      (_: unknown, response: { end(text: string): void }) => {
        response.end(`{"a":"${'x'.repeat(1024 * 1024)}"}`)
      },
    ],
  ])('that is no use (%s) means that nobody can be judged', async (_, answer) => {
    issuer.routes.set('/.well-known/openid-configuration', answer)
    issuer.routes.set(
      '/.well-known/elsewhere',
      json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }),
    )
    expect(await bearer().judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
  })

  test.each([
    ['a file', 'file:///etc/jwks.json'],
    ['no address', 'jwks'],
  ])('with keys in %s is no use', async (_, address) => {
    issuer.routes.set(
      '/.well-known/openid-configuration',
      json({ issuer: issuer.url, jwks_uri: address }),
    )
    expect(await bearer().judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
  })

  test('over https that sends for its keys over http is no use', async () => {
    const fetch: typeof globalThis.fetch = () =>
      Promise.resolve(
        Response.json({ issuer: 'https://issuer.test', jwks_uri: `${issuer.url}/jwks` }),
      )
    const { judge } = bearer({
      authority: 'https://issuer.test',
      requireHttpsMetadata: true,
      fetch,
    })
    expect(await judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
    expect(issuer.requests).toEqual([])
  })

  test('from a fetch that followed a redirect by itself is no use', async () => {
    const fetch: typeof globalThis.fetch = async (...request) =>
      Object.defineProperty(await globalThis.fetch(...request), 'redirected', { value: true })
    expect(await bearer({ fetch }).judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
  })

  test('from a fetch that throws no error is no use', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const fetch: typeof globalThis.fetch = () => Promise.reject('no')
    expect(await bearer({ fetch }).judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
  })
})

describe('keys', () => {
  test.each([
    ['for encryption', { use: 'enc' }],
    ['not for verifying', { key_ops: ['sign'] }],
    ['with an algorithm of another kind', { alg: 'HS256' }],
    ['of an unknown kind', { kty: 'XYZ' }],
    ['broken', { x: 'AA' }],
  ])('%s are passed over without harm to the others', async (_, change) => {
    const good = await makeKey()
    const odd = await makeKey()
    issuer.routes.set('/jwks', json({ keys: [{ ...odd.jwk, ...change }, null, good.jwk] }))
    const { judge } = bearer()
    expect(await judge(await issuer.token({}, good))).toBe('success')
    expect(await judge(await issuer.token({}, odd))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })

  test('that are shared secrets are never taken from a published set', async () => {
    const k = Buffer.from('a secret that everybody can read in the set')
    issuer.routes.set(
      '/jwks',
      json({ keys: [{ kty: 'oct', kid: 'shared', k: k.toString('base64url') }] }),
    )
    expect(await bearer().judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
    const other = await makeKey()
    issuer.routes.set(
      '/jwks',
      json({ keys: [{ kty: 'oct', kid: 'shared', k: k.toString('base64url') }, other.jwk] }),
    )
    const token = await new SignJWT({ iss: issuer.url, aud: audience, exp: now / 1000 + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: 'shared' })
      .sign(k)
    expect(await bearer().judge(token)).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
    expect(await bearer().judge(await issuer.token())).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })

  test('in something that is no set are no use', async () => {
    issuer.routes.set('/jwks', json({ keys: 'none' }))
    expect(await bearer().judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
  })

  test('of the options work beside the published ones', async () => {
    const own = await makeKey()
    const { judge } = bearer({ tokenValidationParameters: { issuerSigningKey: own.jwk } })
    expect(await judge(await issuer.token({}, own))).toBe('success')
    expect(await judge(await issuer.token())).toBe('success')
  })
})

describe('an unknown key', () => {
  test('is fetched by the request that needs it', async () => {
    const { judge } = bearer()
    const [old, fresh] = [await issuer.token(), await makeKey()]
    expect(await judge(old)).toBe('success')
    issuer.publish(fresh)
    expect(await judge(await issuer.token())).toBe('success')
    expect(issuer.keyFetches()).toBe(2)
  })

  test('that took the place of another one ends the tokens of that one, remembered ones too', async () => {
    const { judge } = bearer()
    const old = await issuer.token()
    expect(await judge(old)).toBe('success')
    expect(await judge(old)).toBe('success')
    issuer.publish(await makeKey())
    expect(await judge(await issuer.token())).toBe('success')
    expect(await judge(old)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })

  test('is asked for once in a refresh interval, the first time at once', async () => {
    const { judge } = bearer({ refreshInterval: 30 })
    const stranger = await makeKey()
    expect(await judge(await issuer.token({}, stranger))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(issuer.keyFetches()).toBe(2)
    seconds(29)
    expect(await judge(await issuer.token({}, stranger))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(issuer.keyFetches()).toBe(2)
    seconds(1)
    issuer.publish(stranger)
    expect(await judge(await issuer.token({}, stranger))).toBe('success')
    expect(issuer.keyFetches()).toBe(3)
  })

  test('is not asked for when that is turned off', async () => {
    const { judge } = bearer({ refreshOnIssuerKeyNotFound: false })
    expect(await judge(await issuer.token({}, await makeKey()))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(issuer.keyFetches()).toBe(1)
  })

  test('shares one fetch among all who need it', async () => {
    const { judge, ready } = bearer()
    await ready()
    const fresh = await makeKey()
    issuer.publish(fresh)
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, index) => issuer.token({ jti: String(index) }, fresh)),
    )
    const outcomes = await Promise.all(tokens.map(judge))
    expect(new Set(outcomes)).toEqual(new Set(['success']))
    expect(issuer.keyFetches()).toBe(2)
  })

  test('in a flood of them costs two fetches and no good token', async () => {
    const { judge } = bearer()
    const [stranger, good] = [await makeKey(), await issuer.token()]
    const outcomes = new Map<string, number>()
    for (let index = 0; index < 500; index += 1) {
      const bad = await issuer.token({}, { ...stranger, kid: `random-${String(index)}` })
      for (const outcome of await Promise.all([judge(bad), judge(good)])) {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(outcomes)).toEqual({ success: 500, ERR_TOKEN_KEY_NOT_FOUND: 500 })
    expect(issuer.keyFetches()).toBe(2)
  })
})

describe('renewed()', () => {
  test('hands on what another request has fetched meanwhile', async () => {
    const manager = createConfigurationManager(
      {
        source: { authority: issuer.url },
        backchannel: { fetch: globalThis.fetch, requireHttps: false },
        refreshOnIssuerKeyNotFound: true,
        automaticRefreshInterval: 43200,
        refreshInterval: 30,
        lastKnownGoodLifetime: 3600,
        backchannelTimeout: 5,
        clock: () => now,
      },
      [],
    )
    const seen = await manager.current({ alg: 'ES256' })
    issuer.publish(await makeKey())
    const newer = await manager.renewed(seen)
    expect(newer).not.toBe(seen)
    expect(await manager.renewed(seen)).toBe(newer)
    expect(await manager.rechecked(seen)).toBe(newer)
    expect(issuer.keyFetches()).toBe(2)
  })
})

describe('old keys', () => {
  test('serve at once while one refresh runs behind them', async () => {
    const { judge } = bearer({ automaticRefreshInterval: 60 })
    const token = await issuer.token()
    expect(await judge(token)).toBe('success')
    seconds(56)
    expect(await judge(token)).toBe('success')
    expect(issuer.keyFetches()).toBe(1)
    seconds(5)
    expect(await judge(token)).toBe('success')
    expect(await judge(token)).toBe('success')
    await vi.waitFor(() => {
      expect(issuer.keyFetches()).toBe(2)
    })
  })

  test('serve through an outage for their last lifetime, and no longer', async () => {
    const { judge } = bearer({ automaticRefreshInterval: 60, lastKnownGoodLifetime: 100 })
    const token = await issuer.token({ exp: now / 1000 + 1000 })
    expect(await judge(token)).toBe('success')
    await issuer.stop()
    seconds(60)
    const failure = refreshFailure()
    expect(await judge(token)).toBe('success')
    await failure
    seconds(99)
    const another = refreshFailure()
    expect(await judge(token)).toBe('success')
    await another
    seconds(1)
    expect(await judge(token)).toBe('ERR_METADATA_UNAVAILABLE')
    await issuer.restart()
    seconds(30)
    expect(await judge(token)).toBe('success')
  })

  test('of the options vouch for their tokens even when the issuer never answered', async () => {
    const own = await makeKey()
    const { judge } = bearer({
      tokenValidationParameters: { issuerSigningKey: own.jwk, validIssuer: 'urn:own' },
    })
    await issuer.stop()
    expect(await judge(await issuer.token({ iss: 'urn:own' }, own))).toBe('success')
    expect(await judge(await issuer.token({}, own))).toBe('ERR_METADATA_UNAVAILABLE')
    expect(await judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
    await issuer.restart()
  })
})

describe('an outage', () => {
  test('leaves known keys alone and answers for unknown ones that they cannot be judged', async () => {
    const { judge, authenticate } = bearer()
    const [token, stranger] = [await issuer.token(), await makeKey()]
    expect(await judge(token)).toBe('success')
    await issuer.stop()
    const unknown = await issuer.token({}, stranger)
    expect(await judge(unknown)).toBe('ERR_METADATA_UNAVAILABLE')
    expect(await judge(unknown)).toBe('ERR_METADATA_UNAVAILABLE')
    expect(await judge(token)).toBe('success')
    const result = await authenticate({ headers: { authorization: `Bearer ${unknown}` } })
    expect(result).toMatchObject({ kind: 'failure', error: { retryAfter: 1 } })
    await issuer.restart()
    seconds(1)
    expect(await judge(unknown)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })

  test('backs off, and ends without a restart', async () => {
    issuer.routes.set('/jwks', status(503))
    const { judge } = bearer()
    const token = await issuer.token()
    const attempts: number[] = []
    for (let second = 0; second < 64; second += 1) {
      expect(await judge(token)).toBe('ERR_METADATA_UNAVAILABLE')
      if (issuer.keyFetches() > attempts.length) attempts.push(second)
      seconds(1)
    }
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61])
    issuer.publish(await makeKey())
    seconds(30)
    expect(await judge(await issuer.token())).toBe('success')
  })

  test('of an issuer that does not answer holds requests up once', async () => {
    issuer.routes.set('/jwks', silence)
    const { judge } = bearer({ backchannelTimeout: 0.2 })
    const token = await issuer.token()
    const first = performance.now()
    expect(await judge(token)).toBe('ERR_METADATA_UNAVAILABLE')
    expect(performance.now() - first).toBeGreaterThan(190)
    for (let second = 0; second < 5; second += 1) {
      const start = performance.now()
      expect(await judge(token)).toBe('ERR_METADATA_UNAVAILABLE')
      expect(performance.now() - start).toBeLessThan(150)
      seconds(1)
    }
  })

  test('of an issuer that does not answer any more holds up the first unknown key alone', async () => {
    const { judge, ready } = bearer({ backchannelTimeout: 0.2 })
    await ready()
    issuer.routes.set('/jwks', silence)
    const unknown = await issuer.token({}, await makeKey())
    expect(await judge(unknown)).toBe('ERR_METADATA_UNAVAILABLE')
    seconds(1)
    const start = performance.now()
    expect(await judge(unknown)).toBe('ERR_METADATA_UNAVAILABLE')
    expect(performance.now() - start).toBeLessThan(150)
  })

  test('is limited even when fetch does not heed its signal', async () => {
    const fetch: typeof globalThis.fetch = () => new Promise(() => undefined)
    const { judge } = bearer({ fetch, backchannelTimeout: 0.05 })
    expect(await judge(await issuer.token())).toBe('ERR_METADATA_UNAVAILABLE')
  })
})

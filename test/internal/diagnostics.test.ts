import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { jwtBearer, type DiagnosticChannel, type JwtBearerOptions } from 'express-jwt-bearer'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { publisher } from '../../src/internal/diagnostics.js'
import { ask } from '../support/ask.js'
import { audience, makeKey, startIssuer, status } from '../support/issuer-server.js'

const channels: readonly DiagnosticChannel[] = [
  'express-jwt-bearer:authenticated',
  'express-jwt-bearer:failed',
  'express-jwt-bearer:challenged',
  'express-jwt-bearer:forbidden',
  'express-jwt-bearer:metadata-refreshed',
  'express-jwt-bearer:metadata-refresh-failed',
  'express-jwt-bearer:metadata-stale',
]

let issuer: Awaited<ReturnType<typeof startIssuer>>
let now: number
const messages: [channel: string, message: unknown][] = []
const note = (message: unknown, channel: string | symbol) => {
  messages.push([String(channel), message])
}
const about = (what: string) =>
  messages.filter(([channel]) => channel.endsWith(what)).map(([, message]) => message)

beforeEach(async () => {
  issuer = await startIssuer()
  now = Date.now()
  messages.length = 0
  for (const channel of channels) subscribe(channel, note)
})

afterEach(async () => {
  for (const channel of channels) unsubscribe(channel, note)
  await issuer.stop()
})

const options = (more: JwtBearerOptions = {}): JwtBearerOptions => ({
  ...issuer.options,
  clock: () => now,
  ...more,
})

function callerOf(more: JwtBearerOptions = {}) {
  const middleware = jwtBearer(options(more))
  return (token: string) =>
    middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
}

describe('the channels of metadata', () => {
  test('tell of a refresh, with the address and the ids of the keys', async () => {
    const [first, nameless] = [await makeKey(), await makeKey()]
    delete nameless.jwk.kid
    issuer.publish(first, nameless)
    await callerOf()(await issuer.token())
    expect(about('refreshed')).toEqual([
      { address: `${issuer.url}/`, keyIds: [first.kid, undefined], skippedKeys: [] },
    ])
  })

  test('tell of a refresh that failed, why, and when the next one is due', async () => {
    issuer.routes.set('/jwks', status(500))
    const call = callerOf()
    await call(await issuer.token())
    now += 1000
    await call(await issuer.token())
    expect(about('refresh-failed')).toEqual([
      { address: `${issuer.url}/`, reason: `${issuer.url}/jwks answered 500`, retryAfter: 1 },
      { address: `${issuer.url}/`, reason: `${issuer.url}/jwks answered 500`, retryAfter: 2 },
    ])
  })

  test('tell the reason that Node keeps for itself', async () => {
    const token = await issuer.token()
    await issuer.stop()
    await callerOf()(token)
    expect(about('refresh-failed')).toMatchObject([
      {
        address: `${issuer.url}/`,
        reason: `${issuer.url}/.well-known/openid-configuration: fetch failed (ECONNREFUSED)`,
      },
    ])
    await issuer.restart()
  })

  test('tell that old keys serve, and how old they are', async () => {
    const call = callerOf({ automaticRefreshInterval: 60 })
    const token = await issuer.token({ exp: now / 1000 + 1000 })
    await call(token)
    now += 90_000
    await call(token)
    expect(about('stale')).toEqual([{ address: `${issuer.url}/`, age: 90 }])
    await vi.waitFor(() => {
      expect(about('refreshed')).toHaveLength(2)
    })
  })

  test.each([
    [
      'the metadata',
      { authority: undefined, metadataAddress: '/.well-known/openid-configuration' },
    ],
    ['the key set', { authority: undefined, jwksUri: '/jwks' }],
  ])('name the address of %s where that is all there is', async (_what, source) => {
    const addressed = Object.fromEntries(
      Object.entries(source).map(([name, path]) => [
        name,
        path && `${issuer.url}${path}?key=secret`,
      ]),
    )
    issuer.routes.set('/jwks?key=secret', issuer.routes.get('/jwks') ?? status(404))
    await callerOf({ ...addressed, tokenValidationParameters: { validIssuer: 'a' } })(
      await issuer.token(),
    )
    const [, path] = Object.entries(source)[1] as [string, string]
    const [{ address }] = [...about('refreshed'), ...about('refresh-failed')] as [
      { address: string },
    ]
    expect(address).toBe(`${issuer.url}${path}`)
  })
})

describe('no channel', () => {
  test('ever carries a token, a key or a claim', async () => {
    const claims = { sub: 'a-subject', email: 'mail@claims.test', roles: ['a-role'], jti: 'an-id' }
    const token = await issuer.token(claims)
    const bad = [
      `${token}x`,
      await issuer.token({ ...claims, aud: 'other-audience' }),
      await issuer.token({ ...claims, iss: 'https://claims.test' }),
      await issuer.token(claims, await makeKey()),
    ]
    await ask(options({ automaticRefreshInterval: 0 }), `Bearer ${token}`)
    await ask(options(), `Bearer ${token}`, { roles: 'Admin' })
    await ask(options(), undefined)
    for (const other of bad) await ask(options(), `Bearer ${other}`)
    const call = callerOf({ automaticRefreshInterval: 0 })
    await call(token)
    await call(token)
    await issuer.stop()
    await callerOf()(token)
    await issuer.restart()

    expect(new Set(messages.map(([channel]) => channel))).toEqual(new Set(channels))
    const text = JSON.stringify(messages)
    const secrets = [token, ...bad].flatMap((one) => one.split('.'))
    for (const secret of [...secrets, 'a-subject', 'mail@', 'a-role', 'an-id', 'other-audience']) {
      expect(text).not.toContain(secret)
    }
    expect(text).not.toContain('claims.test')
    expect(text).not.toContain(audience)
    for (const part of ['"x":', '"y":', '"n":', '"kty"']) expect(text).not.toContain(part)
  })
})

describe('publisher', () => {
  test('makes no message that nobody listens to', () => {
    const name = 'express-jwt-bearer:failed'
    const message = vi.fn(() => ({ scheme: 'Bearer', code: undefined }))
    unsubscribe(name, note)
    publisher(name)(message)
    expect(message).not.toHaveBeenCalled()
    subscribe(name, note)
    publisher(name)(message)
    expect(message).toHaveBeenCalledOnce()
    expect(about('failed')).toEqual([{ scheme: 'Bearer', code: undefined }])
  })
})

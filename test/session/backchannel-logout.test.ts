import { connect } from 'node:net'
import { SignJWT, UnsecuredJWT } from 'jose'
import request from 'supertest'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createMemoryReplayCache } from 'express-jwt-bearer/dpop'
import { createMemoryDenyList } from 'express-jwt-bearer/issuer'
import {
  backchannelLogout,
  memorySessionStore,
  type BackchannelLogoutOptions,
} from 'express-jwt-bearer/session'
import { frameworks, keepErrors } from '../support/create-app.js'
import { makeKey, startIssuer, status, type IssuerKey } from '../support/issuer-server.js'
import { deferred, fakeTimers } from '../support/expiring-session.js'
import { listenOnLoopback } from '../support/loopback.js'
import { encode, setUpError } from '../support/tokens.js'

const start = Date.parse('2030-01-01T00:00:00Z')
const N = start / 1000
const clientId = 'shop-web'
const event = 'http://schemas.openid.net/event/backchannel-logout'

let issuer: Awaited<ReturnType<typeof startIssuer>>
let key: IssuerKey
let made = 0

beforeAll(async () => {
  issuer = await startIssuer()
  key = await makeKey()
})
beforeEach(() => {
  issuer.publish(key)
  issuer.requests.length = 0
})
afterAll(() => issuer.stop())

/** Claims of a good logout token; `undefined` leaves one out. */
function claimsOf(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...{ iss: issuer.url, aud: clientId, iat: N, exp: N + 120, jti: `jti-${String(++made)}` },
    ...{ sid: 's-1', sub: 'alice', events: { [event]: {} } },
    ...more,
  }
}

function tokenOf(
  more: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  signer = key,
): Promise<string> {
  return new SignJWT(claimsOf(more))
    .setProtectedHeader({ alg: signer.alg, kid: signer.kid, typ: 'logout+jwt', ...header })
    .sign(signer.privateKey)
}

type Options = Partial<BackchannelLogoutOptions>

const session = (sid: string, sub: string, openedAt = start - 1000) => ({
  ...{ version: '1', data: '{}', sid, sub, openedAt: new Date(openedAt) },
  expiresAt: new Date(start + 1e9),
})

type Framework = (typeof frameworks)[number]['express']

async function createShop(express: Framework, options: Options = {}) {
  let now = start
  const clock = () => now
  const store = memorySessionStore({ clock })
  const denyList = createMemoryDenyList({ clock })
  const onLogout = vi.fn()
  const replayCache = createMemoryReplayCache({ clock })
  await store.set('this', session('s-1', 'alice'))
  await store.set('other', session('s-2', 'alice'))
  await store.set('bob', session('s-3', 'bob'))
  const handler = backchannelLogout({
    ...{ authority: issuer.url, requireHttpsMetadata: false, clientId, clock },
    ...{ replayCache, store, denyList, onLogout },
    ...options,
  })
  const app = express()
  app.all('/logout', handler)
  const errors = keepErrors(app)
  return {
    app,
    errors,
    store,
    denyList,
    onLogout,
    pass: (seconds: number) => {
      now += seconds * 1000
    },
    /** Which of the three sessions live. */
    living: async () => {
      const names = ['this', 'other', 'bob']
      const found = await Promise.all(names.map((name) => store.get(name)))
      return names.filter((_, index) => found[index] !== undefined)
    },
    denied: (claims: Parameters<typeof denyList.isDenied>[0]) => denyList.isDenied(claims),
    post: (token: string) =>
      request(app)
        .post('/logout')
        .send(`logout_token=${encodeURIComponent(token)}`),
  }
}

describe.each(frameworks)('backchannelLogout() under $framework', ({ express }) => {
  const shop = (options?: Options) => createShop(express, options)
  const everybody = ['this', 'other', 'bob']

  async function expectRefused(
    { onLogout, living, denied }: Awaited<ReturnType<typeof shop>>,
    response: request.Response,
  ) {
    expect(response.status).toBe(400)
    expect(response.text).toBe('{"error":"invalid_request"}')
    expect(response.headers['content-type']).toMatch(/^application\/json/)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(await living()).toEqual(everybody)
    expect(await denied({ sid: 's-1', sub: 'alice', iat: 0 })).toBe(false)
    expect(onLogout).not.toHaveBeenCalled()
  }

  test('ends the one session that a token names, whatever user it names', async () => {
    const { post, living, denied, onLogout } = await shop()
    const response = await post(await tokenOf())
    expect([response.status, response.text]).toEqual([200, ''])
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['set-cookie']).toBeUndefined()
    expect(await living()).toEqual(['other', 'bob'])
    expect(await denied({ sid: 's-1', iat: N + 9 })).toBe(true)
    expect(await denied({ sid: 's-2', sub: 'alice', iat: 0 })).toBe(false)
    expect(onLogout.mock.calls).toEqual([[{ sid: 's-1', sub: 'alice', issuedAt: new Date(start) }]])
  })

  test('ends all sessions of a user where the token names no session', async () => {
    const { post, living, denied, onLogout } = await shop()
    expect((await post(await tokenOf({ sid: undefined }))).status).toBe(200)
    expect(await living()).toEqual(['bob'])
    expect(await denied({ sub: 'alice', iat: N })).toBe(true)
    expect(await denied({ sub: 'alice', iat: N + 1 })).toBe(false)
    expect(onLogout.mock.calls).toEqual([
      [{ sid: undefined, sub: 'alice', issuedAt: new Date(start) }],
    ])
  })

  test('denies tokens for as long as they can live, and a little longer', async () => {
    const { post, denied, pass } = await shop({ accessTokenLifetime: 600 })
    await post(await tokenOf())
    pass(959)
    expect(await denied({ sid: 's-1' })).toBe(true)
    pass(1)
    expect(await denied({ sid: 's-1' })).toBe(false)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a session alone', { sub: undefined }],
    ['several audiences', { aud: ['other', clientId] }],
    ['an iat within the skew', { iat: N + 300 }],
    ['an exp within the skew', { exp: N - 299 }],
    ['members of the event', { events: { [event]: { x: 1 }, other: true } }],
    ['claims of its own', { trace: 'x' }],
  ])('accepts a logout token with %s', async (_case, more) => {
    const { post, living } = await shop()
    expect((await post(await tokenOf(more))).status).toBe(200)
    expect(await living()).toEqual(['other', 'bob'])
  })

  test.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://other.example' }],
    ['no issuer', { iss: undefined }],
    ['the issuer and a "/"', { iss: '/' }],
    ['another audience', { aud: 'other-client' }],
    ['an audience that begins alike', { aud: `${clientId}/` }],
    ['no audience', { aud: undefined }],
    ['an end that has come', { exp: N - 300 }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: 'x' }],
    ['an iat an hour ahead', { iat: N + 3600 }],
    ['an iat just beyond the skew', { iat: N + 301 }],
    ['no iat', { iat: undefined }],
    ['an iat that is no number', { iat: 'x' }],
    ['an nbf to come', { nbf: N + 301 }],
    ['a nonce', { nonce: 'x' }],
    ['a nonce that is null', { nonce: null }],
    ['no events', { events: undefined }],
    ['events that are an array', { events: [event] }],
    ['events that are a text', { events: event }],
    ['events that are null', { events: null }],
    ['another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    ['an event that is true', { events: { [event]: true } }],
    ['an event that is null', { events: { [event]: null } }],
    ['an event that is an array', { events: { [event]: [] } }],
    ['neither sid nor sub', { sid: undefined, sub: undefined }],
    ['a sid that is no text', { sid: 5 }],
    ['a sid that is null', { sid: null }],
    ['an empty sid', { sid: '' }],
    ['a sub that is no text', { sub: ['alice'] }],
    ['an empty sub alone', { sid: undefined, sub: '' }],
    ['no jti', { jti: undefined }],
    ['an empty jti', { jti: '' }],
    ['a jti that is no text', { jti: 7 }],
  ])('refuses a token with %s', async (_case, more) => {
    const app = await shop()
    const iss = more['iss'] === '/' ? `${issuer.url}/` : undefined
    await expectRefused(app, await app.post(await tokenOf({ ...more, ...(iss && { iss }) })))
  })

  test.each<[string, string | undefined | null, number]>([
    ['logout+jwt', 'logout+jwt', 200],
    ['in full', 'application/logout+jwt', 200],
    ['in other letters', 'Logout+JWT', 200],
    ['JWT', 'JWT', 200],
    ['none', undefined, 200],
    ['an access token', 'at+jwt', 400],
    ['a security event', 'secevent+jwt', 400],
    ['something around it', 'x-logout+jwt', 400],
    ['null', null, 400],
    ['an empty text', '', 400],
  ])('looks at the type: %s', async (_case, typ, expected) => {
    const app = await shop()
    const response = await app.post(await tokenOf({}, { typ }))
    expect(response.status).toBe(expected)
    if (expected === 400) await expectRefused(app, response)
  })

  test.each<[string, () => Promise<string> | string]>([
    ['signed by a foreign key', async () => tokenOf({}, {}, await makeKey())],
    [
      'signed by a foreign key of our name',
      async () => tokenOf({}, {}, await makeKey('ES256', key.kid)),
    ],
    ['not signed at all', () => new UnsecuredJWT(claimsOf()).encode()],
    ['changed afterwards', forged],
    [
      'signed with the public key as a secret',
      () =>
        new SignJWT(claimsOf())
          .setProtectedHeader({ alg: 'HS256', kid: key.kid })
          .sign(Buffer.from(JSON.stringify(key.jwk))),
    ],
    ['an ID token', () => tokenOf({ events: undefined, nonce: 'n' }, { typ: 'JWT' })],
    ['an access token', () => tokenOf({ events: undefined, scope: 'a' }, { typ: 'at+jwt' })],
    ['encrypted', () => 'a.b.c.d.e'],
    ['no token', () => 'x'],
    ['empty', () => ''],
  ])('refuses what is %s', async (_case, make) => {
    const app = await shop()
    await expectRefused(app, await app.post(await make()))
  })

  test('ends nothing a second time', async () => {
    const { post, living, onLogout, store } = await shop()
    const token = await tokenOf({ sid: undefined })
    expect((await post(token)).status).toBe(200)
    await store.set('this', session('s-9', 'alice', start + 5000))
    expect((await post(token)).status).toBe(400)
    expect(await living()).toEqual(['this', 'bob'])
    expect(onLogout).toHaveBeenCalledOnce()
  })

  test('tells a token by its jti, however it is written', async () => {
    const { post } = await shop()
    const jti = 'the same'
    expect((await post(await tokenOf({ jti }))).status).toBe(200)
    expect((await post(await tokenOf({ jti, trace: 'x' }))).status).toBe(400)
  })

  /** Sends a token a second time while the app is busy with the first one. */
  async function sendTwice({ post, onLogout }: Awaited<ReturnType<typeof shop>>) {
    const { promise, resolve } = deferred<unknown>()
    onLogout.mockImplementationOnce(() => promise)
    const token = await tokenOf()
    const statusOf = (sent: string) => post(sent).then(({ status }) => status)
    const first = statusOf(token)
    await vi.waitFor(() => {
      expect(onLogout).toHaveBeenCalledOnce()
    })
    const second = statusOf(token)
    // Whoever comes behind it has been answered: by then it waits.
    for (const sid of ['s-2', 's-3']) expect(await statusOf(await tokenOf({ sid }))).toBe(200)
    return { first, second, resolve }
  }

  test('ends once what is asked twice at once', async () => {
    const app = await shop()
    const { first, second, resolve } = await sendTwice(app)
    resolve(undefined)
    expect([await first, await second]).toEqual([200, 400])
    expect(app.onLogout).toHaveBeenCalledTimes(3)
  })

  test('knows the tokens that another process has used', async () => {
    const replayCache = createMemoryReplayCache({ clock: () => start })
    const token = await tokenOf()
    const statuses = []
    for (const { post } of [await shop({ replayCache }), await shop({ replayCache })]) {
      statuses.push((await post(token)).status)
    }
    expect(statuses).toEqual([200, 400])
  })

  test('remembers a token until its end and the skew', async () => {
    const addIfAbsent = vi.fn(() => true)
    const { post } = await shop({ replayCache: { addIfAbsent } })
    await post(await tokenOf({ jti: 'known to nobody' }))
    const [name, until] = addIfAbsent.mock.calls[0] as unknown as [string, Date]
    expect(until).toEqual(new Date((N + 120 + 300) * 1000))
    expect(name).not.toContain('known')
  })

  test('remembers to the end of time a token whose end is beyond it', async () => {
    const addIfAbsent = vi.fn(() => true)
    const { post } = await shop({ replayCache: { addIfAbsent } })
    const token = await tokenOf({ exp: 1e300 })
    expect([(await post(token)).status, (await post(token)).status]).toEqual([200, 400])
    expect(addIfAbsent.mock.calls[0]?.[1 as never]).toEqual(new Date(8.64e15))
  })

  test.each<[string, (app: Awaited<ReturnType<typeof shop>>) => unknown]>([
    ['the store', ({ store }) => vi.spyOn(store, 'endBySid').mockRejectedValueOnce(new Error('x'))],
    ['the deny list', ({ denyList }) => vi.spyOn(denyList, 'deny').mockRejectedValueOnce(5)],
    ['the app', ({ onLogout }) => onLogout.mockImplementationOnce(failing)],
  ])('asks the issuer to try again when %s fails, and then succeeds', async (_case, breakIt) => {
    const app = await shop()
    breakIt(app)
    const token = await tokenOf()
    const first = await app.post(token)
    expect([first.status, first.headers['retry-after']]).toEqual([503, '1'])
    expect(first.headers['cache-control']).toBe('no-store')
    expect((await app.post(token)).status).toBe(200)
    expect(await app.living()).toEqual(['other', 'bob'])
    expect(await app.denied({ sid: 's-1' })).toBe(true)
  })

  test('has everything ended that can be, even when one of them fails', async () => {
    const app = await shop()
    vi.spyOn(app.denyList, 'deny').mockRejectedValueOnce(new Error('x'))
    await app.post(await tokenOf())
    expect(await app.living()).toEqual(['other', 'bob'])
    expect(app.onLogout).toHaveBeenCalledOnce()
  })

  test('asks the issuer to try again when nobody can tell whether a token was used', async () => {
    const addIfAbsent = vi.fn().mockRejectedValueOnce(new Error('x')).mockResolvedValue(true)
    const { post } = await shop({ replayCache: { addIfAbsent } })
    const token = await tokenOf()
    expect([(await post(token)).status, (await post(token)).status]).toEqual([503, 200])
  })

  test('does the work for whoever waited when the first one failed', async () => {
    const app = await shop()
    const { first, second, resolve } = await sendTwice(app)
    resolve(Promise.reject(new Error('x')))
    expect([await first, await second]).toEqual([503, 200])
    expect(app.onLogout).toHaveBeenCalledTimes(4)
  })

  test.each<[string, () => void]>([
    ['the sign-out works', () => undefined],
    ['the sign-out fails', failing],
  ])('leaves an answer alone that the app gave meanwhile: %s', async (_case, work) => {
    const { app, errors, onLogout } = await shop()
    const outer = express()
    outer.use((_req, res, next) => {
      onLogout.mockImplementationOnce(() => {
        res.status(504).end('too late')
        work()
      })
      next()
    })
    outer.use(app)
    const response = await request(outer)
      .post('/logout')
      .send(`logout_token=${await tokenOf()}`)
    expect([response.status, response.text]).toEqual([504, 'too late'])
    expect(response.headers['retry-after']).toBeUndefined()
    expect(errors).toEqual([])
  })

  test('lets sessions live that were opened after the sign-out', async () => {
    const { post, store, living } = await shop()
    await store.set('this', session('s-1', 'alice', start + 1000))
    await store.set('other', session('s-1', 'alice', start + 999))
    expect((await post(await tokenOf())).status).toBe(200)
    expect(await living()).toEqual(['this', 'bob'])
  })

  test.each([
    ['with a session', {}],
    ['with a user', { sid: undefined }],
  ])('needs no store and no list where the app does it: %s', async (_case, more) => {
    const { post, onLogout, living } = await shop({ store: undefined, denyList: undefined })
    expect((await post(await tokenOf(more))).status).toBe(200)
    expect(onLogout).toHaveBeenCalledOnce()
    expect(await living()).toEqual(everybody)
  })

  test.each(['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])('answers no %s', async (method) => {
    const { app } = await shop()
    const response = await request(app)[method.toLowerCase() as 'get']('/logout')
    expect([response.status, response.headers['allow']]).toEqual([405, 'POST'])
    expect(response.headers['cache-control']).toBe('no-store')
  })

  const asForm = 'application/x-www-form-urlencoded'
  test.each<[string, string, (token: string) => string, number]>([
    ['a form', asForm, (token) => `logout_token=${token}`, 200],
    ['a form with a charset', `${asForm}; charset=utf-8`, (token) => `logout_token=${token}`, 200],
    ['a form with other fields', asForm, (token) => `a=b&logout_token=${token}&c=d`, 200],
    ['JSON', 'application/json', (token) => JSON.stringify({ logout_token: token }), 400],
    ['a text', 'text/plain', (token) => `logout_token=${token}`, 400],
    ['a form in name alone', `${asForm}x`, (token) => `logout_token=${token}`, 400],
    ['two tokens', asForm, (token) => `logout_token=${token}&logout_token=x`, 400],
    ['the same token twice', asForm, (token) => `logout_token=${token}&logout_token=${token}`, 400],
    ['no token', asForm, () => 'a=b', 400],
    ['nothing', asForm, () => '', 400],
    ['exactly 16 KiB', asForm, (token) => filled(token, 16_384), 200],
    ['a byte more', asForm, (token) => filled(token, 16_385), 400],
    ['17 KiB', asForm, (token) => filled(token, 17_408), 400],
  ])('takes one token in a form: %s', async (_case, type, body, expected) => {
    const { app } = await shop()
    const response = await request(app)
      .post('/logout')
      .set('Content-Type', type)
      .send(body(await tokenOf()))
    expect(response.status).toBe(expected)
  })

  test('reads no form out of what has no type', async () => {
    const { app } = await shop()
    await request(app).post('/logout').expect(400)
  })

  test('waits ten seconds for a form that does not come', async () => {
    const { app } = await shop()
    const arrived = vi.fn()
    const outer = express()
    outer.use((_req, _res, next) => {
      arrived()
      next()
    })
    outer.use(app)
    const server = await listenOnLoopback(outer as never)
    fakeTimers()
    const socket = connect(server.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => {
      socket.once('data', (chunk) => {
        resolve(chunk.toString())
      })
    })
    socket.write(
      `POST /logout HTTP/1.1\r\nHost: x\r\nContent-Type: ${asForm}\r\nContent-Length: 9\r\n\r\n`,
    )
    await vi.waitFor(() => {
      expect(arrived).toHaveBeenCalledOnce()
    })
    await vi.advanceTimersByTimeAsync(10_000)
    vi.useRealTimers()
    expect(await answer).toMatch(/^HTTP\/1\.1 400/)
    socket.destroy()
    await server.close()
  })

  test.each<[string, (e: Framework) => ReturnType<Framework['urlencoded']>[], number]>([
    ['a parser of forms', (e) => [e.urlencoded({ extended: true })], 200],
    ['a parser of JSON', (e) => [e.json()], 200],
    ['a reader of texts', (e) => [e.text({ type: '*/*' })], 200],
    ['a reader of bytes', (e) => [e.raw({ type: '*/*' })], 200],
  ])('works behind %s', async (_case, parsers, expected) => {
    const { app } = await shop()
    const outer = express()
    for (const parser of parsers(express)) outer.use(parser)
    outer.use(app)
    const send = (body: string) => request(outer).post('/logout').send(body)
    expect((await send(`logout_token=${await tokenOf()}`)).status).toBe(expected)
    const twice = await send(`logout_token=${await tokenOf()}&logout_token=${await tokenOf()}`)
    expect(twice.status).toBe(400)
    expect((await send(filled(await tokenOf(), 17_000))).status).toBe(400)
    expect((await send(`logout_token[]=${await tokenOf()}`)).status).toBe(400)
    expect((await send(`logout_token[a]=${await tokenOf()}`)).status).toBe(400)
  })

  test('has nothing to read where somebody has read the body and left none', async () => {
    const { app } = await shop()
    const outer = express()
    outer.use((req, _res, next) => {
      req.resume().on('end', next)
    })
    outer.use(app)
    const response = await request(outer)
      .post('/logout')
      .send(`logout_token=${await tokenOf()}`)
    expect(response.status).toBe(400)
  })

  test('reads no more than it may from whoever does not say how much comes', async () => {
    const { app } = await shop()
    const server = await listenOnLoopback(app as never)
    const socket = connect(server.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => {
      socket.once('data', (chunk) => {
        resolve(chunk.toString())
      })
    })
    const chunk = `${(10_000).toString(16)}\r\n${'x'.repeat(10_000)}\r\n`
    socket.write(
      `POST /logout HTTP/1.1\r\nHost: x\r\nContent-Type: ${asForm}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`,
    )
    expect(await answer).toMatch(/^HTTP\/1\.1 400/)
    socket.destroy()
    await server.close()
  })

  test('says that it cannot tell while the keys cannot be had', async () => {
    issuer.routes.set('/jwks', status(500))
    const app = await shop()
    const token = await tokenOf()
    const first = await app.post(token)
    expect([first.status, first.headers['retry-after']]).toEqual([503, '1'])
    expect(app.errors[0]?.code).toBe('ERR_METADATA_UNAVAILABLE')
    expect(await app.living()).toEqual(everybody)
    issuer.publish(key)
    app.pass(2)
    expect((await app.post(token)).status).toBe(200)
  })

  test('takes a new key of the issuer for what it is', async () => {
    const { post } = await shop()
    await post(await tokenOf())
    const newer = await makeKey()
    issuer.publish(newer)
    expect((await post(await tokenOf({}, {}, newer))).status).toBe(200)
  })

  test('works with a key set alone', async () => {
    const { post } = await shop({
      ...{ authority: undefined, jwksUri: `${issuer.origin}/jwks`, issuer: issuer.url },
    })
    expect((await post(await tokenOf())).status).toBe(200)
    expect((await post(await tokenOf({ iss: 'https://other.example' }))).status).toBe(400)
  })
})

describe('a set-up of backchannelLogout()', () => {
  const good = (): Options => ({
    ...{ authority: 'https://issuer.test', clientId, replayCache: createMemoryReplayCache() },
    onLogout: () => undefined,
  })
  const lacking = { ...memorySessionStore(), endBySid: undefined }

  test.each<[string, object, string]>([
    ['no clientId', { clientId: undefined }, '"clientId" is missing'],
    ['an empty clientId', { clientId: '' }, '"clientId" must be'],
    ['no replayCache', { replayCache: undefined }, '"replayCache" must be an object'],
    ['a replayCache that is none', { replayCache: {} }, 'lacks addIfAbsent()'],
    ['nothing to end', { onLogout: undefined }, 'set at least one of'],
    ['a deny list that is none', { denyList: {} }, '"denyList" must be an object with deny()'],
    ['a store that cannot end', { store: lacking }, 'lacks endBySid()'],
    ['an onLogout that is none', { onLogout: 5 }, '"onLogout" must be a function'],
    ['no issuer', { authority: undefined }, 'no key source'],
    ['an http: issuer', { authority: 'http://issuer.test' }, 'is not https:'],
    ['a key set without issuer', { authority: undefined, jwksUri: 'https://a.test/j' }, '"issuer"'],
    ['an issuer beside metadata', { issuer: 'https://issuer.test' }, 'belong together'],
    ['a key set beside metadata', { jwksUri: 'https://a.test/j' }, 'takes the place'],
    ['a lifetime in milliseconds', { accessTokenLifetime: 86_400_000 }, 'not milliseconds?'],
    ['a lifetime of nothing', { accessTokenLifetime: 0 }, 'must be more than 0'],
    ['a skew that is a hole', { clockSkew: 3601 }, 'at most 3600'],
    ['a clock that is none', { clock: 5 }, '"clock"'],
    ['a fetch that is none', { fetch: 5 }, '"fetch"'],
    ['an unknown option', { clientID: 'x' }, 'did you mean "clientId"?'],
  ])('is refused: %s', (_case, more, message) => {
    const error = setUpError(() => backchannelLogout({ ...good(), ...more } as never))
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(message)
  })

  test.each<[string, object]>([
    ['the least there can be', {}],
    ['metadata', { authority: undefined, metadataAddress: 'https://issuer.test/m' }],
    [
      'undefined for every default',
      { accessTokenLifetime: undefined, clock: undefined, fetch: undefined },
    ],
  ])('is accepted: %s', (_case, more) => {
    expect(() => backchannelLogout({ ...good(), ...more } as never)).not.toThrow()
  })

  test('fetches by the global fetch of the moment', async () => {
    const fetch = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('away'))
    const { default: express } = await import('express')
    const app = express().use(backchannelLogout(good() as BackchannelLogoutOptions))
    keepErrors(app)
    const token = `${encode({ alg: 'ES256' })}.${encode({})}.${'A'.repeat(86)}`
    expect((await request(app).post('/').send(`logout_token=${token}`)).status).toBe(503)
    expect(fetch).toHaveBeenCalled()
    fetch.mockRestore()
  })
})

async function forged(): Promise<string> {
  const [header, , signature] = (await tokenOf()).split('.')
  return `${String(header)}.${encode(claimsOf({ sid: undefined, sub: 'bob' }))}.${String(signature)}`
}

function failing(): never {
  throw new TypeError('x')
}

function filled(token: string, bytes: number): string {
  const field = `logout_token=${token}&fill=`
  return field + 'x'.repeat(bytes - field.length)
}

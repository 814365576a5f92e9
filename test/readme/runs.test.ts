import { PGlite } from '@electric-sql/pglite'
import express, { type Express, type RequestHandler } from 'express'
import {
  authorize,
  createPrincipal,
  jwtBearer,
  type Authorization,
  type JwtClaims,
} from 'express-jwt-bearer'
import {
  createMemoryRefreshStore,
  type IssuedTokens,
  type TokenIssuer,
} from 'express-jwt-bearer/issuer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import * as tokens from 'express-jwt-bearer/tokens'
import { SignJWT, type JWTPayload } from 'jose'
import { randomBytes } from 'node:crypto'
import diagnostics, { type ChannelListener } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { fakePage, json, ownOrigin } from '../support/fake-page.js'
import { snippets } from '../support/readme.js'
import { runSnippet } from '../support/run-snippet.js'

const trusted = { issuer: 'https://issuer.example', audience: 'api://orders' }
const issuer = await createTestIssuer(trusted)
const { options } = issuer
const orders = [{ owner: 'alice' }]
const now = () => Math.floor(Date.now() / 1000)
const ran = new Set<unknown>()

// The n-th snippet below a heading.
function take(heading: string, index = 0): string {
  const found = snippets.filter((one) => one.heading === heading)[index]
  if (found === undefined) throw new Error(`No snippet ${String(index)} below "${heading}"`)
  ran.add(found)
  return found.code
}

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

afterAll(() => {
  expect(snippets.filter((one) => !ran.has(one))).toEqual([])
})

describe('the snippets of the README', () => {
  test('start an app whose printed token reads orders and creates none', async () => {
    vi.stubEnv('JWT_SIGNING_KEY', 'Q2pvdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHkhISE')
    const say = vi.spyOn(console, 'log').mockReturnValue()
    const { values } = await runSnippet(take('Start'), {}, {}, ['app'])
    const { app } = values as { app: Express }
    await runSnippet(take('Start', 1), {})
    const [, header] = /'(Authorization: Bearer [^']+)'/.exec(String(say.mock.calls[0])) ?? []
    const bearer = { Authorization: String(header).replace('Authorization: ', '') }

    await request(app).get('/health').expect(200)
    await request(app).get('/api/orders').set(bearer).expect(200, { for: 'alice' })
    await request(app).post('/api/orders').set(bearer).expect(403)
    await request(app).get('/api/orders').expect(401)
    await request(app).get('/anything-else').expect(401)
  })

  test('refuse to start without the secret', async () => {
    vi.stubEnv('JWT_SIGNING_KEY', undefined)
    await expect(runSnippet(take('Start'), {})).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test.each(['With an authority', 'From ASP.NET Core'])(
    'trust an authority: %s',
    async (heading) => {
      vi.stubGlobal('fetch', issuer.fetch)
      const app = express()
      await runSnippet(take(heading), { app })
      const status = protect(app)
      const known = await issuer.token()
      expect(await status(known)).toBe(200)
      expect(await status(await issuer.wrongAudience())).toBe(401)
      vi.stubGlobal('fetch', () => Promise.reject(new Error('unreachable')))
      const unknown = await (await createTestIssuer(trusted)).token()
      expect([await status(known), await status(unknown)]).toEqual([200, 503])
    },
  )

  test('judge a token with a new key in the request that brings it', async () => {
    const rotating = await createTestIssuer(trusted)
    vi.stubGlobal('fetch', rotating.fetch)
    const app = express()
    await runSnippet(take('With an authority'), { app })
    const status = protect(app)
    const old = await rotating.token()
    expect(await status(old)).toBe(200)
    await rotating.rotateKeys()
    expect(await status(await rotating.token())).toBe(200)
    expect(await status(old)).toBe(401)
  })

  test('fail at start-up when the authority cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new Error('unreachable')))
    const start = runSnippet(take('With an authority'), { app: express() })
    await expect(start).rejects.toMatchObject({ code: 'ERR_METADATA_UNAVAILABLE' })
  })

  test('trust several issuers, each for its own tokens', async () => {
    const [customers, staff] = await Promise.all(
      ['https://customers.example', 'https://staff.example'].map((name) =>
        createTestIssuer({ ...trusted, issuer: name }),
      ),
    )
    if (customers === undefined || staff === undefined) throw new Error('two issuers were made')
    const fetchEither: typeof fetch = (input) =>
      new Request(input).url.startsWith(staff.issuer) ? staff.fetch(input) : customers.fetch(input)
    vi.stubGlobal('fetch', fetchEither)
    const app = express()
    await runSnippet(take('With an authority', 1), { app })
    const status = protect(app)
    expect(await status(await customers.token())).toBe(200)
    expect(await status(await staff.token())).toBe(200)
    expect(await status(await staff.token({ iss: customers.issuer }))).toBe(401)
  })

  test('read a token from a cookie and send the others to the login page', async () => {
    const app = express()
    await runSnippet(take('Events'), { app, options })
    const cookie = `auth=${await issuer.token({ name: 'Alice' })}`
    await request(app).get('/account').set('Cookie', cookie).expect(200, { name: 'Alice' })
    await request(app)
      .get('/account?tab=1')
      .expect(302)
      .expect('Location', '/login?ReturnUrl=%2Faccount%3Ftab%3D1')
  })

  test('listen on a diagnostics channel', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const listeners: [string, ChannelListener][] = []
    const subscribe = (name: string, listener: ChannelListener) => {
      listeners.push([name, listener])
      diagnostics.subscribe(name, listener)
    }
    await runSnippet(take('Diagnostics'), {}, { 'node:diagnostics_channel': { subscribe } })
    const app = express()
    mount(app)
    await protect(app)(await issuer.expired())
    for (const [name, listener] of listeners) diagnostics.unsubscribe(name, listener)
    expect(warn.mock.calls).toEqual([[{ scheme: 'Bearer', code: 'ERR_TOKEN_EXPIRED' }]])
  })

  test('type and check the claims with a schema', async () => {
    const app = express()
    await runSnippet(take('What handlers see'), { app, options })
    const good = await request(app)
      .get('/me')
      .set(await issuer.bearer({ tenant: 'north' }))
    expect(good.status).toBe(200)
    expect(good.body).toEqual({ tenant: 'north', expiresAt: expect.any(String) as string })
    await request(app)
      .get('/me')
      .set(await issuer.bearer({ tenant: 1 }))
      .expect(401)
  })

  test('judge a caller by the order that is asked for', async () => {
    const app = express()
    mount(app)
    await runSnippet(take('Policies and guards'), { app, findOrder: () => orders[0] })
    const get = async (sub: string) =>
      request(app)
        .get('/orders/1')
        .set(await issuer.bearer({ sub }))
    expect(await get('alice')).toMatchObject({ status: 200, body: orders[0] })
    expect(await get('bob')).toMatchObject({ status: 404, body: {} })
  })

  test('answer errors as JSON, silent about faults of the server', async () => {
    const app = express()
    app.get('/fault', () => {
      throw new Error('a detail')
    })
    mount(app)
    protect(app)
    await runSnippet(take('Answers'), { app })
    await request(app)
      .get('/')
      .expect(401, { code: 'ERR_AUTHENTICATION_REQUIRED', message: 'Unauthorized' })
      .expect('WWW-Authenticate', 'Bearer')
    await request(app).get('/fault').expect(500, {})
  })

  test('test an API of three cases', async () => {
    const { exports } = await runSnippet(take('Testing your API'), {})
    const cases = new Map<string, () => Promise<void>>()
    const vitest = { test: (name: string, body: () => Promise<void>) => cases.set(name, body) }
    await runSnippet(take('Testing your API', 1), {}, { vitest, './app.js': exports })
    expect(cases.size).toBe(3)
    for (const run of cases.values()) await run()
  })

  test('guard a WebSocket', async () => {
    const { values } = await runSnippet(take('Outside Express'), { app: express(), options }, {}, [
      'server',
    ])
    const { server } = values as { server: Server }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    const hear = (headers: Record<string, string>) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, { headers })
        socket.on('message', (data: Buffer) => {
          resolve(data.toString())
          socket.terminate()
        })
        socket.on('error', ({ message }) => {
          resolve(message)
        })
      })
    expect(await hear(await issuer.bearer({ sub: 'alice' }))).toBe('Hello alice')
    expect(await hear({})).toContain('401')
    server.close()
  })

  test('sign in with a cookie, render the page as the user and sign out', async () => {
    const app = express()
    const accessToken = await issuer.token({ sub: 'alice', email: 'alice@example.com' })
    const asked: string[] = []
    const askIssuer = (path: string, body: { password?: string }) => {
      asked.push(path)
      const isRight = path === '/tokens/create' && body.password === 'right'
      return Promise.resolve(isRight ? { accessToken, refreshToken: 'secret' } : undefined)
    }
    await runSnippet(take('One sign-in for server and page'), { app, options, askIssuer })
    const create = (password: string) => request(app).post('/tokens/create').send({ password })
    await create('wrong').expect(401)
    const page = () => request(app).get('/weather').set('Accept', 'text/html')
    await page().expect(303).expect('Location', '/login?ReturnUrl=%2Fweather')
    const signedIn = await create('right').expect(200)
    const [cookie = ''] = signedIn.headers['set-cookie'] as unknown as string[]
    const { text } = await page().set('Cookie', cookie).expect(200)
    expect(text).toContain('Hello, alice')
    expect(text).toContain('"email":"alice@example.com"')
    expect(text + signedIn.text).not.toContain('secret')
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    await page().set('Cookie', cookie).expect(303)
    expect(asked).toEqual(['/tokens/create', '/tokens/create', '/tokens/logout'])
  })

  test('take the sign-in up in the page', async () => {
    const user = { id: 'alice', email: 'alice@example.com', roles: [] }
    let isSignedIn = false
    fakePage(
      { version: 1, user: null, claims: {} },
      {
        'POST /tokens/create': () => {
          isSignedIn = true
          return json({ accessToken: 'good' })
        },
        'POST /tokens/refresh': () => json({}, 401),
        'GET /me': () => json({ version: 1, user, claims: {} }),
        'GET /api/weather': () => json({}, isSignedIn ? 200 : 401),
      },
    )
    const assign = vi.fn()
    const search = '?ReturnUrl=%2Fweather%3Fday%3D2'
    vi.stubGlobal('location', { origin: ownOrigin, pathname: '/login', search, assign })
    const { exports } = await runSnippet(take('The sign-in in the page'), {})
    const { signIn, loadWeather } = exports as {
      signIn: (email: string, password: string) => Promise<boolean>
      loadWeather: () => Promise<Response>
    }
    expect(await signIn('alice@example.com', 'right')).toBe(true)
    expect(document.title).toBe('Signed in as alice@example.com')
    expect((await loadWeather()).status).toBe(200)
    isSignedIn = false
    expect((await loadWeather()).status).toBe(401)
    expect(document.title).toBe('Signed out')
    expect(assign.mock.calls).toEqual([
      ['/weather?day=2'],
      [`/login?ReturnUrl=${encodeURIComponent('/login' + search)}`],
    ])
  })

  test('issue tokens, renew them and take them back', async () => {
    const app = express()
    const checkPassword = ({ password }: { password: string }) =>
      Promise.resolve(password === 'right' ? { id: 'alice', roles: ['Admin'] } : undefined)
    await runSnippet(take('Issuing tokens'), { app, checkPassword })
    app.get('/me', authorize({ roles: 'Admin' }), (req, res) => void res.json(req.user?.subject))
    const post = (path: string, body: object) => request(app).post(path).send(body)
    const me = async ({ accessToken }: IssuedTokens) =>
      (await request(app).get('/me').auth(accessToken, { type: 'bearer' })).status
    const login = async () =>
      (await post('/login', { password: 'right' }).expect(200)).body as IssuedTokens

    await post('/login', { password: 'wrong' }).expect(400)
    const { refreshToken } = await login()
    const next = (await post('/refresh', { refreshToken }).expect(200)).body as IssuedTokens
    expect(await me(next)).toBe(200)
    await post('/logout', next).expect(204)
    await post('/refresh', next).expect(400, { error: 'invalid_grant' })
    const others = [await login(), await login()]
    const [mine] = others
    await post('/logout-everywhere', {}).auth(String(mine?.accessToken), { type: 'bearer' })
    expect(await Promise.all([next, ...others].map(me))).toEqual([401, 401, 401])
  })

  test('keep sessions and keys in PostgreSQL and ask Redis for revoked tokens', async () => {
    const database = new PGlite()
    const Pool = function () {
      return Object.assign(database, { on: () => undefined })
    }
    const asked: string[] = []
    const evalSha = (_sha: string, { keys }: { keys: string[] }) => {
      asked.push(...keys)
      return Promise.resolve(null)
    }
    const client = { on: () => undefined, connect: () => Promise.resolve(), evalSha }
    const modules = { pg: { Pool }, redis: { createClient: () => client } }
    const { values } = await runSnippet(take('Stores'), {}, modules, ['issuer'])
    const { issuer: durable } = values as { issuer: TokenIssuer }
    const { accessToken, refreshToken } = await durable.issue('alice')
    const app = express()
    app.use(jwtBearer(durable.bearerOptions()))
    expect(await protect(app)(accessToken)).toBe(200)
    expect(asked.filter((key) => key.startsWith('bearer:denied:'))).toHaveLength(3)
    expect(await durable.refresh(refreshToken)).toMatchObject({ kind: 'success' })
    const { rows } = await database.query('SELECT subject FROM bearer_sessions')
    expect(rows).toEqual([{ subject: 'alice' }])
    await database.close()
  }, 60_000)

  test('prove a store, and see through a wrong one', async () => {
    const failures = async (createMyStore: typeof createMemoryRefreshStore) => {
      const cases: (() => Promise<void>)[] = []
      const vitest = { test: (_name: string, run: () => Promise<void>) => cases.push(run) }
      await runSnippet(take('Stores', 1), {}, { vitest, './my-store.js': { createMyStore } })
      expect(cases.length).toBeGreaterThan(10)
      let failed = 0
      for (const run of cases) await run().catch(() => failed++)
      return failed
    }
    expect(await failures(createMemoryRefreshStore)).toBe(0)
    const forgetful: typeof createMemoryRefreshStore = (given) => ({
      ...createMemoryRefreshStore(given),
      rotate: () => Promise.resolve(true),
    })
    expect(await failures(forgetful)).toBeGreaterThan(0)
  })

  test('check what TokenValidationParameters would check', async () => {
    const app = express()
    const secret = randomBytes(32)
    await runSnippet(take('From ASP.NET Core', 1), { app, secret })
    const ask = protect(app)
    const status = async (claims: JWTPayload) => {
      const payload = { iss: 'https://issuer.example', aud: 'api://orders', exp: now(), ...claims }
      const token = new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(secret)
      return ask(await token)
    }
    expect(await status({ exp: now() - 50 })).toBe(200)
    expect(await status({ exp: now() - 70 })).toBe(401)
    expect(await status({ iss: 'https://another.example' })).toBe(401)
    expect(await status({ aud: 'api://another' })).toBe(401)
  })

  test('refuse what was revoked', async () => {
    const app = express()
    const isRevoked = (jti: string) => Promise.resolve(jti === 'gone')
    await runSnippet(take('From ASP.NET Core', 2), { app, options, isRevoked })
    const ask = protect(app)
    const status = async (jti: string) => ask(await issuer.token({ jti }))
    expect([await status('here'), await status('gone')]).toEqual([200, 401])
  })

  test('guard routes and groups with the policies of another file', async () => {
    const { exports } = await runSnippet(take('From ASP.NET Core', 3), {})
    const policies = { './policies.js': exports }
    const policy = exports as Authorization<'AdminOnly'>
    const may = async (name: 'AdminOnly', claims: JwtClaims) =>
      (await policy.evaluate(name, createPrincipal(claims))).succeeded
    expect(await may('AdminOnly', { role: 'Admin' })).toBe(true)
    expect(await may('AdminOnly', {})).toBe(false)

    for (const index of [4, 5]) {
      const app = express()
      mount(app)
      await runSnippet(take('From ASP.NET Core', index), { app, orders }, policies)
      const reader = await issuer.bearer({ scope: 'orders.read' })
      await request(app).get('/api/orders').set(reader).expect(200, orders)
      await request(app)
        .get('/api/orders')
        .set(await issuer.bearer())
        .expect(403)
      const owner = await issuer.bearer({ roles: ['Owner'] })
      const created = await request(app).post('/api/orders').set(owner)
      expect(created.status).toBe(index === 4 ? 201 : 403)
    }
  })

  test('answer a preflight before the guards', async () => {
    const app = express()
    await runSnippet(take('Why do I get a 401?'), { app, options, orders })
    await request(app).options('/orders').expect(204)
    await request(app).get('/orders').expect(401)
    await request(app)
      .get('/orders')
      .set(await issuer.bearer())
      .expect(200, orders)
  })

  test('call an API as the user, within a request and without one', async () => {
    const app = express()
    const session: { user?: tokens.UserKey } = {}
    app.use((req, _res, next) => {
      Object.assign(req, { session })
      next()
    })
    const asked: [url: string, token: string | null][] = []
    vi.stubGlobal('fetch', (ask: Request) => {
      asked.push([ask.url, ask.headers.get('Authorization')])
      return Promise.resolve(Response.json({ order: 1 }))
    })
    const revoke = vi.fn(() => Promise.resolve())
    const answer = { access_token: 'of alice', token_type: 'bearer', refresh_token: 'r' }
    const openid = {
      discovery: () => ({
        timeout: 5,
        serverMetadata: () => ({ revocation_endpoint: 'https://issuer.example/revoke' }),
      }),
      authorizationCodeGrant: () => ({ ...answer, claims: () => ({ sub: 'alice' }) }),
    }
    const entry = {
      ...tokens,
      openidClient: (config: Parameters<typeof tokens.openidClient>[0]) => ({
        ...tokens.openidClient(config),
        revoke,
      }),
    }
    const heading = 'Calling APIs as the user'
    const { values } = await runSnippet(
      take(heading),
      { app },
      { 'express-jwt-bearer/tokens': entry, 'openid-client': openid },
      ['ordersApi'],
    )

    await request(app).get('/orders').expect(500)
    await request(app).get('/callback?code=1').expect(302).expect('Location', '/orders')
    await request(app).get('/orders').expect(200, { order: 1 })
    await runSnippet(take(heading, 1), { ...values, job: { user: session.user } })
    const call = ['https://api.example/orders/latest', 'Bearer of alice']
    expect(asked).toEqual([call, call])
    await request(app).post('/logout').expect(302)
    expect([session, revoke.mock.calls]).toEqual([{}, [['r']]])
    await request(app).get('/orders').expect(500)
  })

  test('prove a store of user tokens', async () => {
    const cases = new Map<string, () => Promise<void>>()
    const vitest = { test: (name: string, body: () => Promise<void>) => cases.set(name, body) }
    const createMyStore = () => tokens.createMemoryUserTokenStore()
    const modules = { vitest, 'node:timers/promises': { setTimeout: () => Promise.resolve() } }
    await runSnippet(take('Stores of user tokens'), { createMyStore }, modules)
    expect(cases.size).toBeGreaterThan(10)
    for (const run of cases.values()) await run()
  })

  test('log the reason for a refusal, and nothing of the token', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const app = express()
    await runSnippet(take('Why do I get a 401?', 1), { app, options })
    protect(app)
    const token = await issuer.wrongAudience({ sub: 'a-private-name' })
    await request(app).get('/orders').auth(token, { type: 'bearer' }).expect(401)
    expect(warn.mock.calls).toEqual([
      [
        'authentication failed',
        { code: 'ERR_TOKEN_AUDIENCE_INVALID', method: 'GET', path: '/orders' },
      ],
    ])
  })
})

function mount(app: Express): void {
  app.use(jwtBearer(options))
}

// Puts a guard and a route behind what a snippet mounted; gives back a way to send it a token.
function protect(app: Express): (token: string) => Promise<number> {
  const answer: RequestHandler = (_req, res) => void res.sendStatus(200)
  app.use(authorize(), answer)
  return async (token) => (await request(app).get('/').auth(token, { type: 'bearer' })).status
}

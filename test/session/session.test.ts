import { createHmac } from 'node:crypto'
import cookieParser from 'cookie-parser'
import express from 'express'
import express4 from 'express4'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { createSession, memorySessionStore, type SessionOptions } from 'express-jwt-bearer/session'
import { listenRaw } from '../support/raw-request.js'
import {
  accessToken,
  cookieName,
  cookieOf,
  issuer,
  sessionApp,
  setCookies,
  signIn,
} from '../support/session-app.js'

const right = { password: 'right' }

async function signedIn(options: Partial<SessionOptions> = {}) {
  const { app, session } = sessionApp(options)
  const response = await request(app).post('/tokens/create').send(right).expect(200)
  return { app, session, response, cookie: cookieOf(response) }
}

const sign = (value: string, secret: string) =>
  `${value}.${createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '')}`

// Clients of the tests write headers in other ways than a browser does.
async function rawGet(app: express.Express, cookie: string): Promise<string> {
  const server = await listenRaw(app)
  const lines = ['GET /api HTTP/1.1', 'Host: a', 'Connection: close', `Cookie: ${cookie}`, '', '']
  const answer = await server.send(lines.join('\r\n'))
  await server.close()
  return answer
}

function expectPrivate(response: request.Response): void {
  expect(response.headers['cache-control']).toBe('private, no-store')
  expect(response.headers['vary']).toContain('Cookie')
}

describe('POST /tokens/create', () => {
  test('sets one cookie that only this host, over https, and no script can read', async () => {
    const { response } = await signedIn()
    expect(setCookies(response)).toHaveLength(1)
    expect(setCookies(response)[0]).toMatch(
      /^__Host-Http-session=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expectPrivate(response)
  })

  test('answers with the access token and never with the refresh token', async () => {
    const { response } = await signedIn()
    expect(Object.keys(response.body as object)).toEqual(['accessToken', 'tokenType', 'expiresIn'])
    expect(response.text).not.toContain('refresh-0')
  })

  test('gives one answer for every kind of refusal, without a cookie', async () => {
    const { app } = sessionApp()
    for (const body of [{ password: 'wrong' }, {}, undefined]) {
      const response = await request(app).post('/tokens/create').send(body).expect(401)
      expect(response.body).toEqual({ type: 'about:blank', title: 'Sign-in failed', status: 401 })
      expect(response.headers['content-type']).toContain('application/problem+json')
      expect(response.headers['www-authenticate']).toBe('Bearer')
      expect(setCookies(response)).toEqual([])
      expectPrivate(response)
    }
  })

  test('hands a login that could not be judged to the error handler', async () => {
    const { app } = sessionApp({
      login: () => {
        throw new Error('down')
      },
    })
    const response = await request(app).post('/tokens/create').send(right)
    expect(response.status).toBe(500)
    expect(setCookies(response)).toEqual([])
  })

  test('refuses a login function that gives no token', async () => {
    const { app } = sessionApp({ login: () => ({ accessToken: '' }) })
    await request(app).post('/tokens/create').send(right).expect(500)
  })

  test('gives a new session id at every sign-in, and the old one is worth nothing', async () => {
    const { app, cookie } = await signedIn()
    const again = await request(app).post('/tokens/create').set('Cookie', cookie).send(right)
    expect(cookieOf(again)).not.toBe(cookie)
    await request(app).get('/api').set('Cookie', cookie).expect(401)
    await request(app).get('/api').set('Cookie', cookieOf(again)).expect(200)
  })

  test('never takes up a session id that came from outside', async () => {
    const { app } = sessionApp()
    const planted = `${cookieName}=${'a'.repeat(43)}`
    const response = await request(app).post('/tokens/create').set('Cookie', planted).send(right)
    expect(cookieOf(response)).not.toBe(planted)
    await request(app).get('/api').set('Cookie', planted).expect(401)
  })

  test('leaves every other path and method alone', async () => {
    const { app } = sessionApp()
    await request(app).get('/tokens/create').expect(404)
    await request(app).get('/tokens/logout').expect(404)
    await request(app).post('/tokens/constructor').expect(404)
  })
})

describe('the sign-in cookie', () => {
  test('stands for its user on pages and APIs', async () => {
    const { app, cookie } = await signedIn()
    const response = await request(app).get('/api').set('Cookie', cookie).expect(200)
    expect(response.body).toEqual({ subject: 'alice' })
    expectPrivate(response)
  })

  test('leaves public answers cacheable for those who do not use it', async () => {
    const { app } = sessionApp()
    const response = await request(app).get('/public').expect(200)
    expect(response.headers['cache-control']).toBeUndefined()
  })

  test.each([
    ['a bad token', 'Bearer bad', 401],
    ['an empty bearer', 'Bearer', 401],
    ['a scheme in other letters', 'bEARER bad', 401],
    ['a token bound to a key', 'DPoP bad', 401],
    ['a malformed bearer', 'Bearer a b', 400],
  ])('is no fallback for a header with %s', async (_what, header, status) => {
    const { app, cookie } = await signedIn()
    const response = await request(app)
      .get('/api')
      .set({ Cookie: cookie, Authorization: header, Accept: 'text/html' })
    expect(response.status).toBe(status)
    expect(response.headers['www-authenticate']).toMatch(/^Bearer/)
  })

  test.each(['Basic YTpi', 'Negotiate YII=', 'Bearerish bad', 'DPoPish bad'])(
    'counts beside credentials that are no token: %s',
    async (authorization) => {
      const { app, cookie } = await signedIn()
      const headers = { Cookie: cookie, Authorization: authorization }
      const response = await request(app).get('/api').set(headers).expect(200)
      expect(response.body).toEqual({ subject: 'alice' })
      await request(app).post('/tokens/refresh').set(headers).expect(200)
    },
  )

  test('gives no token to whoever sends a header', async () => {
    const { app, cookie } = await signedIn()
    const headers = { Cookie: cookie, Authorization: 'Bearer bad' }
    await request(app).post('/tokens/refresh').set(headers).expect(401)
    await request(app).post('/tokens/refresh').set('Cookie', cookie).expect(200)
  })

  test('gives way to a good header', async () => {
    const { app, cookie } = await signedIn()
    const bob = await issuer.bearer({ sub: 'bob' })
    const response = await request(app)
      .get('/api')
      .set({ Cookie: cookie, ...bob })
    expect(response.body).toEqual({ subject: 'bob' })
  })

  test.each([
    ['twice with one value', (cookie: string) => `${cookie}; ${cookie}`],
    ['twice with two values', (cookie: string) => `${cookieName}=other; ${cookie}`],
    ['twice with space around the name', (cookie: string) => `${cookie};  ${cookieName} =x`],
    ['empty', () => `${cookieName}=`],
    ['without a value', () => cookieName],
    ['in quotes', (cookie: string) => cookie.replace('=', '="') + '"'],
    [
      'percent-encoded',
      (cookie: string) => cookie.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
    ],
    ['in other letters', (cookie: string) => cookie.replace('Host', 'host')],
    ['as JSON', () => `${cookieName}=j:{"a":1}`],
    ['under its name without prefix', (cookie: string) => cookie.replace('__Host-Http-', '')],
  ])('counts for nothing when it comes %s', async (_what, change) => {
    const { app, cookie } = await signedIn()
    const response = await request(app).get('/api').set('Cookie', change(cookie)).expect(401)
    expect(setCookies(response)).toEqual([])
  })

  // Such a name has no prefix, so that any host of the domain and any script may set it.
  test.each(['\u00a0', '\u0085', '\u00ad'])(
    'is not taken for one whose name has %j around it',
    async (character) => {
      const { app, cookie } = await signedIn()
      const [name = '', value = ''] = cookie.split('=')
      for (const fake of [`${character}${name}=${value}`, `${name}${character}=${value}`]) {
        expect(await rawGet(app, fake)).toMatch(/^HTTP\/1\.1 401 /)
        expect(await rawGet(app, `${fake}x; ${cookie}`)).toMatch(/^HTTP\/1\.1 200 /)
      }
    },
  )

  test('is found with spaces and tabs around its name and value', async () => {
    const { app, cookie } = await signedIn()
    const spaced = `a=b;\t ${cookie.replace('=', ' \t= ')} \t; c`
    await request(app).get('/api').set('Cookie', spaced).expect(200)
  })

  test('leaves cookies to the parser of the app', async () => {
    const { session } = sessionApp()
    const app = express().use(session.middleware, cookieParser('secret'), (req, res) => {
      res.json([req.cookies, req.signedCookies])
    })
    const cookie = `signed=s%3A${sign('1', 'secret')}; ${cookieName}=a`
    const response = await request(app).get('/').set('Cookie', cookie)
    expect(response.body).toEqual([{ [cookieName]: 'a' }, { signed: '1' }])
  })

  test('is found among others, those of a parser of the app included', async () => {
    const { app, cookie } = await signedIn()
    await request(app).get('/api').set('Cookie', `a=b; ${cookie}; c=d`).expect(200)
  })

  test('is Strict, named and as long-lived as the options say', async () => {
    const { response } = await signedIn({ cookieName: 'app', sameSite: 'strict', maxAge: 60 })
    expect(setCookies(response)[0]).toMatch(
      /^__Host-Http-app=[\w-]{43}; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
  })

  test('loses Secure and its prefix only by the switch for development', async () => {
    const { response } = await signedIn({ insecureCookie: true })
    expect(setCookies(response)[0]).toMatch(
      /^session=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/,
    )
  })

  test('is over after maxAge, whatever was refreshed', async () => {
    let now = Date.now()
    const { app, cookie } = await signedIn({ maxAge: 100, clock: () => now })
    now += 99_000
    await request(app).get('/api').set('Cookie', cookie).expect(200)
    now += 1_000
    await request(app).get('/api').set('Cookie', cookie).expect(401)
  })

  test('keeps the other cookies that an answer sets', async () => {
    const { app, session } = sessionApp()
    app.post('/own', async (req, res) => {
      res.cookie('other', '1')
      await session.tokenStore(req, res).set(await signIn())
      await session.tokenStore(req, res).clear()
      res.end()
    })
    const cookies = setCookies(await request(app).post('/own'))
    expect(cookies.map((line) => line.split(';', 1)[0])).toEqual(['other=1', `${cookieName}=`])
  })
})

describe('cookieContent: token', () => {
  test('keeps the access token in the cookie and nothing on the server', async () => {
    const token = await accessToken()
    const { app, cookie } = await signedIn({
      cookieContent: 'token',
      login: () => ({ accessToken: token, refreshToken: 'refresh-0' }),
    })
    expect(cookie).toBe(`${cookieName}=${token}`)
    await request(app).get('/api').set('Cookie', cookie).expect(200)
    await request(sessionApp({ cookieContent: 'token' }).app)
      .get('/api')
      .set('Cookie', cookie)
      .expect(200)
  })

  test('fails loudly for a token that no browser would keep', async () => {
    const fits = 4096 - cookieName.length
    let length = fits
    const { app } = sessionApp({
      cookieContent: 'token',
      login: () => ({ accessToken: 'a'.repeat(length) }),
    })
    await request(app).post('/tokens/create').send(right).expect(200)
    length = fits + 1
    const response = await request(app).post('/tokens/create').send(right).expect(500)
    expect((response.body as { message: string }).message).toMatch(
      /4097 bytes.*cookieContent: 'id'/,
    )
    expect(setCookies(response)).toEqual([])
  })

  test('refuses a token that could write cookie attributes', async () => {
    const { app } = sessionApp({
      cookieContent: 'token',
      login: () => ({ accessToken: 'a; Domain=evil.example' }),
    })
    const response = await request(app).post('/tokens/create').send(right).expect(500)
    expect(setCookies(response)).toEqual([])
  })

  test('hands the token to logout at sign-out', async () => {
    const logout = vi.fn(() => Promise.resolve())
    const { app, cookie } = await signedIn({ cookieContent: 'token', logout })
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    expect(logout).toHaveBeenCalledWith(
      { accessToken: cookie.slice(cookieName.length + 1) },
      expect.any(AbortSignal),
    )
  })

  test('has no new token for one that was refused', async () => {
    const { app, cookie } = await signedIn({ cookieContent: 'token' })
    const rejected = cookie.slice(cookieName.length + 1)
    await request(app).post('/tokens/refresh').set('Cookie', cookie).expect(200)
    await request(app).post('/tokens/refresh').set('Cookie', cookie).send({ rejected }).expect(401)
  })
})

describe('POST /tokens/logout', () => {
  test('ends the session on the server and clears the cookie with the attributes it was set with', async () => {
    const { app, cookie } = await signedIn()
    const response = await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    expect(setCookies(response)).toEqual([
      `${cookieName}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ])
    expectPrivate(response)
    await request(app).get('/api').set('Cookie', cookie).expect(401)
  })

  test('has the tokens revoked', async () => {
    const logout = vi.fn(() => Promise.resolve())
    const { app, cookie } = await signedIn({ logout })
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    expect(logout).toHaveBeenCalledWith(
      expect.objectContaining({ refreshToken: 'refresh-0' }),
      expect.any(AbortSignal),
    )
  })

  test('succeeds although nobody listens to the revocation', async () => {
    const { app, cookie } = await signedIn({ logout: () => Promise.reject(new Error('down')) })
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    await request(app).get('/api').set('Cookie', cookie).expect(401)
  })

  test('succeeds for somebody who is not signed in', async () => {
    const { app } = sessionApp()
    await request(app).post('/tokens/logout').expect(204)
    await request(app).post('/tokens/logout').set('Cookie', `${cookieName}=gone`).expect(204)
  })
})

describe('GET /me', () => {
  test('answers HEAD as it answers GET', async () => {
    const { app, cookie } = await signedIn()
    expectPrivate(await request(app).head('/me').set('Cookie', cookie).expect(200))
    await request(app).head('/me').expect(401)
  })

  test('says who is signed in', async () => {
    const { app, cookie } = await signedIn()
    const response = await request(app).get('/me').set('Cookie', cookie).expect(200)
    expect(response.body).toMatchObject({
      version: 1,
      user: { id: 'alice', email: 'alice@example.com', roles: [] },
    })
    expectPrivate(response)
  })

  test('answers 401 in JSON, even to a page load, when nobody is', async () => {
    const { app } = sessionApp()
    const response = await request(app).get('/me').set('Accept', 'text/html').expect(401)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.headers['www-authenticate']).toBe('Bearer')
    expectPrivate(response)
  })
})

describe('the token store of a request', () => {
  test('tells its listeners of sign-in and sign-out', async () => {
    const { app, session } = sessionApp()
    const told: unknown[] = []
    app.post('/own', async (req, res) => {
      const store = session.tokenStore(req, res)
      const stop = store.subscribe((tokens) => told.push(tokens?.refreshToken))
      await store.set(await signIn())
      expect(await store.get()).toMatchObject({ refreshToken: 'refresh-0' })
      await store.clear()
      expect(await store.get()).toBeUndefined()
      stop()
      await store.clear()
      res.end()
    })
    await request(app).post('/own').expect(200)
    expect(told).toEqual(['refresh-0', undefined])
  })

  test('refuses to sign in or out once the answer has begun', async () => {
    const { app, session } = sessionApp()
    const failures: unknown[] = []
    app.post('/late', async (req, res) => {
      res.write('a')
      const store = session.tokenStore(req, res)
      await store.set(await signIn()).catch((error: unknown) => failures.push(error))
      await store.clear().catch((error: unknown) => failures.push(error))
      res.end()
    })
    await request(app).post('/late')
    expect(failures.map(String)).toEqual(Array(2).fill(expect.stringContaining('first byte')))
  })
})

describe('a session on Express 4', () => {
  test('signs in, says who it is, and signs out', async () => {
    const { app } = sessionApp({}, express4)
    await request(app).post('/tokens/create').send({}).expect(401)
    const signedIn = await request(app).post('/tokens/create').send(right).expect(200)
    expect(setCookies(signedIn)).toHaveLength(1)
    const cookie = cookieOf(signedIn)
    const me = await request(app).get('/me').set('Cookie', cookie).expect(200)
    expect(me.body).toMatchObject({ user: { id: 'alice' } })
    expectPrivate(me)
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    await request(app).get('/me').set('Cookie', cookie).expect(401)
  })

  test('hands failures to the error handler', async () => {
    const { app } = sessionApp({ login: () => Promise.reject(new Error('down')) }, express4)
    await request(app).post('/tokens/create').expect(500)
  })
})

describe('createSession', () => {
  const login = () => undefined

  test.each([
    ['no login', {}, '"login" must be a function, got undefined'],
    ['a login that is none', { login: 1 }, '"login" must be a function, got 1'],
    ['a misspelt option', { login, cookiename: 'a' }, 'did you mean "cookieName"?'],
    [
      'a cookie name with a space',
      { login, cookieName: 'a b' },
      '"cookieName" must be a cookie name',
    ],
    ['an unknown content', { login, cookieContent: 'jwt' }, `must be 'id' or 'token', got "jwt"`],
    ['SameSite=None', { login, sameSite: 'none' }, `must be 'lax' or 'strict', got "none"`],
    [
      'an origin with a path',
      { login, trustedOrigins: ['https://a.example/'] },
      'must hold origins',
    ],
    ['an origin that is none', { login, trustedOrigins: ['a.example'] }, 'must hold origins'],
    [
      'an origin with a password, which is not shown',
      { login, trustedOrigins: ['https://user:secret@a.example'] },
      'got "https://a.example"',
    ],
    ['a negative duration', { login, maxAge: -1 }, '"maxAge" must be a non-negative number'],
  ])('refuses %s', (_what, options, message) => {
    expect(() => createSession(options as unknown as SessionOptions)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: expect.stringContaining(message) as string,
      }),
    )
  })

  test('takes undefined for not given', () => {
    const names = [
      'refresh',
      'logout',
      'store',
      'cookieName',
      'sameSite',
      'maxAge',
      'clock',
    ] as const
    const options = Object.fromEntries(names.map((name) => [name, undefined]))
    expect(() => createSession({ login, ...options })).not.toThrow()
  })

  test('looks the time up at each call', async () => {
    const { app, cookie } = await signedIn({ maxAge: 100 })
    const store = memorySessionStore()
    await store.set('a', {
      version: '1',
      openedAt: new Date(),
      expiresAt: new Date(Date.now() + 100_000),
      data: '{}',
    })
    await request(app).get('/api').set('Cookie', cookie).expect(200)
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 100_000)
    await request(app).get('/api').set('Cookie', cookie).expect(401)
    expect(await store.get('a')).toBeUndefined()
    vi.restoreAllMocks()
  })

  test('refuses the insecure cookie in production, and warns once that memory forgets', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => createSession({ login, insecureCookie: true })).toThrow('must not be set')
    createSession({ login, cookieContent: 'token' })
    expect(warn).not.toHaveBeenCalled()
    createSession({ login })
    createSession({ login })
    expect(warn).toHaveBeenCalledOnce()
    vi.unstubAllEnvs()
    warn.mockRestore()
  })

  test('says what is missing when jwtBearer() runs without the middleware', async () => {
    const { session } = sessionApp()
    const app = express()
    const { onMessageReceived } = session
    app.use(jwtBearer({ ...issuer.options, events: { onMessageReceived } }))
    app.get('/', authorize(), (_req, res) => res.end())
    app.use(((error, _req, res, next) => {
      if (res.headersSent) next(error)
      else res.status(500).send((error as Error).message)
    }) as express.ErrorRequestHandler)
    expect((await request(app).get('/')).text).toContain('session.middleware')
    await request(app)
      .get('/')
      .set(await issuer.bearer())
      .expect(200)
  })
})

import request from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { memorySessionStore, type SessionRecord } from 'express-jwt-bearer/session'
import { deferred, expired, fakeTimers, get, strictIssuer } from '../support/expiring-session.js'
import { cookieName, cookieOf, sessionApp, setCookies, signIn } from '../support/session-app.js'

afterEach(() => {
  vi.useRealTimers()
})

const right = { password: 'right' }
type App = ReturnType<typeof sessionApp>['app']
const signOut = (app: App, cookie: string) =>
  request(app).post('/tokens/logout').set('Cookie', cookie)
const signedIn = async (app: App, cookie = 'a=b') =>
  cookieOf(await request(app).post('/tokens/create').set('Cookie', cookie).send(right))

/** The refresh tokens that were revoked. */
const revokedBy = (logout: { mock: { calls: unknown[][] } }) =>
  logout.mock.calls.map(([tokens]) => (tokens as { refreshToken?: string }).refreshToken)

describe('POST /tokens/logout', () => {
  test.each(['', '/auth'])('never refreshes first, mounted at "%s"', async (base) => {
    const { refresh } = strictIssuer()
    const logout = vi.fn(() => Promise.resolve())
    const { app, session } = sessionApp({ refresh, logout, login: () => signIn(1), clock })
    app.use('/auth', session.routes)
    const cookie = await signedIn(app)
    now += 10_000
    const path = `${base}/tokens/logout`
    await request(app).post(path).set('Cookie', cookie).expect(204)
    expect(refresh).not.toHaveBeenCalled()
    expect(revokedBy(logout)).toEqual(['refresh-0'])
    // The least that does: any other request needs a fresh token.
    const other = await signedIn(app)
    now += 10_000
    await request(app).post(`${path}/`).set('Cookie', other).expect(404)
    expect(refresh).toHaveBeenCalledOnce()
  })
  let now = Date.now()
  const clock = () => now

  test('answers within two seconds although the issuer never does, and tells it all the same', async () => {
    const told = vi.fn((_tokens: unknown, signal: AbortSignal) => {
      signals.push(signal)
      return new Promise(() => undefined)
    })
    const signals: AbortSignal[] = []
    const { app } = sessionApp({ logout: told, refresh: () => new Promise(() => undefined) })
    const cookie = await signedIn(app)
    const before = performance.now()
    const response = await signOut(app, cookie).expect(204)
    expect(performance.now() - before).toBeLessThan(2000)
    expect(setCookies(response)).toHaveLength(1)
    expect(told).toHaveBeenCalledOnce()
    expect(signals[0]?.aborted).toBe(false)
    await get(app, cookie).expect(401)
  })

  test('waits for no refresh that another request has begun', async () => {
    const { promise } = deferred<undefined>()
    const { app, cookie } = await expired({ refresh: () => promise })
    const waiting = get(app, cookie).then(({ status }) => status)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const before = performance.now()
    await signOut(app, cookie).expect(204)
    expect(performance.now() - before).toBeLessThan(1000)
    // The refresh comes to nothing: there is no session any more.
    void waiting
  })

  test.each([
    ['twice with two sessions', (one: string, two: string) => `${one}; ${two}`],
    ['twice with one session', (one: string, two: string) => `${one}; ${one}; ${two}`],
    ['beside junk', (one: string, two: string) => `${cookieName}="; ${one}; ${cookieName}; ${two}`],
  ])('ends every session whose cookie came %s', async (_what, join) => {
    const logout = vi.fn(() => Promise.resolve())
    const { app } = sessionApp({ logout })
    const [one, two, other] = [await signedIn(app), await signedIn(app), await signedIn(app)]
    const response = await signOut(app, join(one, two)).expect(204)
    expect(setCookies(response)).toHaveLength(1)
    expect(logout).toHaveBeenCalledTimes(2)
    await get(app, one).expect(401)
    await get(app, two).expect(401)
    await get(app, other).expect(200)
  })

  test('ends them when somebody signs in with the cookie sent twice, too', async () => {
    const { app } = sessionApp()
    const [one, two] = [await signedIn(app), await signedIn(app)]
    const three = await signedIn(app, `${one}; ${two}`)
    await get(app, one).expect(401)
    await get(app, two).expect(401)
    await get(app, three).expect(200)
  })

  test.each(['get', 'delete'] as const)(
    'answers 503 while the store fails to %s, keeps the cookie, and works at the next try',
    async (method) => {
      const store = memorySessionStore()
      const logout = vi.fn(() => Promise.resolve())
      const { app } = sessionApp({ store, logout })
      const cookie = await signedIn(app)
      const down = vi.spyOn(store, method).mockRejectedValue(new Error('down'))
      const response = await signOut(app, cookie).expect(503)
      expect(setCookies(response)).toEqual([])
      expect(response.headers['retry-after']).toBe('1')
      expect(response.headers['content-type']).toContain('application/problem+json')
      down.mockRestore()
      // Long enough for what looks in the background whether the session has ended all the same.
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(logout).not.toHaveBeenCalled()
      await get(app, cookie).expect(200)
      expect(setCookies(await signOut(app, cookie).expect(204))).toHaveLength(1)
      expect(revokedBy(logout)).toEqual(['refresh-0'])
      await get(app, cookie).expect(401)
    },
  )

  test('answers 503 when one of several sessions cannot be ended', async () => {
    const store = memorySessionStore()
    const { app } = sessionApp({ store })
    const [one, two] = [await signedIn(app), await signedIn(app)]
    vi.spyOn(store, 'delete').mockRejectedValueOnce(new Error('down'))
    const response = await signOut(app, `${one}; ${two}`).expect(503)
    expect(setCookies(response)).toEqual([])
    await signOut(app, `${one}; ${two}`).expect(204)
    await get(app, one).expect(401)
    await get(app, two).expect(401)
  })

  test('revokes the tokens of a session whose end was done and never confirmed', async () => {
    const store = memorySessionStore()
    const logout = vi.fn(() => Promise.resolve())
    const { app } = sessionApp({ store, logout })
    const cookie = await signedIn(app)
    const remove = store.delete.bind(store)
    vi.spyOn(store, 'delete').mockImplementationOnce(async (...parameters) => {
      await remove(...parameters)
      throw new Error('the connection was lost')
    })
    await signOut(app, cookie).expect(503)
    await vi.waitFor(() => {
      expect(revokedBy(logout)).toEqual(['refresh-0'])
    })
    await signOut(app, cookie).expect(204)
  })

  test('ends a session whose record nobody can read', async () => {
    const store = memorySessionStore()
    const logout = vi.fn(() => Promise.resolve())
    const { app } = sessionApp({ store, logout })
    const set = vi.spyOn(store, 'set')
    const cookie = await signedIn(app)
    const [key, record] = set.mock.calls[0] as [string, SessionRecord]
    await store.set(key, { ...record, data: '{' })
    await get(app, cookie).expect(503)
    await signOut(app, cookie).expect(204)
    await get(app, cookie).expect(401)
    expect(logout).not.toHaveBeenCalled()
  })
})

describe('a sign-out', () => {
  test('revokes what a refresh brought between its two steps', async () => {
    const store = memorySessionStore()
    const logout = vi.fn(() => Promise.resolve())
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ store, logout, refresh })
    const look = store.get.bind(store)
    let isFirst = true
    vi.spyOn(store, 'get').mockImplementation(async (key) => {
      const record = await look(key)
      if (isFirst) {
        isFirst = false
        // By another request, after the sign-out has read the session.
        await get(app, cookie).expect(200)
      }
      return record
    })
    await signOut(app, cookie).expect(204)
    expect(revokedBy(logout)).toEqual(['refresh-1'])
    await get(app, cookie).expect(401)
  })

  test('gives up after five seconds on a store that hangs', async () => {
    const store = memorySessionStore()
    const { app } = sessionApp({ store })
    const cookie = await signedIn(app)
    const { promise } = deferred<undefined>()
    const hanging = vi.spyOn(store, 'delete').mockReturnValue(promise)
    fakeTimers()
    const late = signOut(app, cookie).then((response) => response)
    await vi.waitFor(() => {
      expect(hanging).toHaveBeenCalled()
    })
    await vi.advanceTimersByTimeAsync(5000)
    const response = await late
    expect([response.status, setCookies(response)]).toEqual([503, []])
  })

  test('by a handler of the app in front of the middleware works too, and says 503 by itself', async () => {
    const store = memorySessionStore()
    const { app, session } = sessionApp({ store })
    const cookie = await signedIn(app)
    const { default: express } = await import('express')
    const front = express().post('/logout', async (req, res) => {
      await session.tokenStore(req, res).clear()
      res.redirect(303, '/')
    })
    front.set('env', 'test')
    vi.spyOn(store, 'delete').mockRejectedValueOnce(new Error('down'))
    const failed = await request(front).post('/logout').set('Cookie', cookie).expect(503)
    expect(setCookies(failed)).toEqual([])
    expect(failed.headers['retry-after']).toBe('1')
    const done = await request(front).post('/logout').set('Cookie', cookie).expect(303)
    expect(setCookies(done)).toHaveLength(1)
    await get(app, cookie).expect(401)
  })
})

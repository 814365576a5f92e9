import request from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  memorySessionStore,
  type SessionRecord,
  type SessionStore,
} from 'express-jwt-bearer/session'
import { createOutcomes } from '../../src/session/outcomes.js'
import { prepareRefresh } from '../../src/session/refresh-session.js'
import { recordOf } from '../../src/session/session-data.js'
import { expired, fakeTimers, get, strictIssuer } from '../support/expiring-session.js'
import { accessToken, cookieOf, sessionApp, setCookies, signIn } from '../support/session-app.js'

afterEach(() => {
  vi.useRealTimers()
})

describe('session.middleware', () => {
  test('refreshes before anything is sent, and the caller notices nothing', async () => {
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ refresh })
    const response = await get(app, cookie).expect(200)
    expect(setCookies(response)).toEqual([])
    expect(refresh).toHaveBeenCalledOnce()
    expect(refresh).toHaveBeenCalledWith('refresh-0', expect.any(AbortSignal))
  })

  test('refreshes once for eight requests at a time and signs nobody out', async () => {
    const { refresh } = strictIssuer({ delay: 30 })
    const { app, cookie } = await expired({ refresh })
    const responses = await Promise.all(Array.from({ length: 8 }, () => get(app, cookie)))
    expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(responses.flatMap(setCookies)).toEqual([])
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('refreshes once in two processes that share a store', async () => {
    const { refresh } = strictIssuer({ delay: 120 })
    const { app, cookie, another } = await expired({ refresh })
    const apps = [app, another(), another()]
    const responses = await Promise.all(
      Array.from({ length: 9 }, (_, index) => get(apps[index % 3] ?? app, cookie)),
    )
    expect(responses.map(({ status }) => status)).toEqual(Array(9).fill(200))
    expect(responses.flatMap(setCookies)).toEqual([])
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('uses a token that is still good while somebody else refreshes', async () => {
    const { refresh } = strictIssuer({ delay: 500 })
    const { app, cookie, another, move } = await expired({ refresh })
    move(-30)
    let isDone = false
    const first = get(app, cookie).then(({ status }) => {
      isDone = true
      return status
    })
    await vi.waitFor(() => {
      expect(refresh).toHaveBeenCalled()
    })
    await get(another(), cookie).expect(200)
    expect(isDone).toBe(false)
    expect(await first).toBe(200)
  })

  test.each([
    ['a minute before the end', {}, 600, 540],
    ['a fifth of the lifetime before the end of a short one', {}, 10, 8],
    ['as early as the option says', { refreshBefore: 90 }, 600, 510],
  ])('refreshes %s', async (_what, options, lifetime, due) => {
    const { refresh } = strictIssuer()
    const { app, cookie, move } = await expired({ refresh, ...options }, lifetime)
    move(due - lifetime - 1)
    await get(app, cookie).expect(200)
    expect(refresh).not.toHaveBeenCalled()
    move(1)
    await get(app, cookie).expect(200)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('keeps the old refresh token when no new one comes', async () => {
    const refresh = vi.fn(async () => ({ accessToken: await accessToken(7200), expiresIn: 600 }))
    const { app, cookie, move } = await expired({ refresh })
    await get(app, cookie).expect(200)
    move(600)
    await get(app, cookie)
    expect(refresh.mock.calls.map((call: unknown[]) => call[0])).toEqual(['refresh-0', 'refresh-0'])
  })

  test('ends the session when the issuer refuses, without touching the cookie', async () => {
    const refresh = vi.fn(() => Promise.resolve(undefined))
    const { app, cookie } = await expired({ refresh })
    const response = await get(app, cookie).expect(401)
    // A newer sign-in may have set it by now: clearing it here would sign that one out.
    expect(setCookies(response)).toEqual([])
    await get(app, cookie).expect(401)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test.each([
    [
      'nothing to refresh with',
      { login: async () => ({ ...(await signIn()), refreshToken: undefined }) },
    ],
    ['no refresh function', { refresh: undefined }],
  ])('lets the token run out with %s', async (_what, options) => {
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ refresh, ...options })
    await get(app, cookie).expect(401)
    expect(refresh).not.toHaveBeenCalled()
  })

  test('refreshes nothing ahead of time when the lifetime is unknown', async () => {
    const { refresh } = strictIssuer()
    const login = async () => ({ ...(await signIn(60)), expiresIn: undefined })
    const { app, cookie, move } = await expired({ refresh, login })
    move(-600)
    await get(app, cookie).expect(200)
    expect(refresh).not.toHaveBeenCalled()
  })
})

describe('an outage', () => {
  test('of the issuer signs nobody out: 503 where a user is needed, public pages stay up', async () => {
    let isDown = true
    const working = strictIssuer()
    const refresh = vi.fn((token: string) =>
      isDown ? Promise.reject(new Error('down')) : working.refresh(token),
    )
    const { app, cookie, move } = await expired({ refresh })
    const refused = await get(app, cookie).expect(503)
    expect(refused.headers['retry-after']).toBe('5')
    expect(setCookies(refused)).toEqual([])
    await get(app, cookie, '/public').expect(200)
    const me = await get(app, cookie, '/me').expect(503)
    expect(me.headers['retry-after']).toBe('5')
    await request(app).post('/tokens/refresh').set('Cookie', cookie).expect(503)
    // It is not asked again by every request.
    expect(refresh).toHaveBeenCalledOnce()
    isDown = false
    move(5)
    await get(app, cookie).expect(200)
  })

  test('of the issuer leaves a token in use that is still good', async () => {
    const refresh = vi.fn(() => Promise.reject(new Error('down')))
    const { app, cookie, move } = await expired({ refresh })
    move(-30)
    await get(app, cookie).expect(200)
    await get(app, cookie).expect(200)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('of the store signs nobody out either', async () => {
    const store = memorySessionStore()
    const { app, cookie } = await expired({ store, clock: Date.now })
    vi.spyOn(store, 'get').mockRejectedValue(new Error('down'))
    await get(app, cookie).expect(503)
    await get(app, cookie, '/public').expect(200)
  })

  test('of an issuer that never answers ends after ten seconds', async () => {
    fakeTimers()
    const store = memorySessionStore()
    const settings = { store, refreshBefore: 60, clock: Date.now, logout: undefined }
    const refresh = prepareRefresh(
      { ...settings, refresh: () => new Promise(() => undefined) },
      createOutcomes(settings),
    )
    const due = { tokens: { accessToken: 'a', refreshToken: 'b' }, tokenEndsAt: 0, renewAt: 0 }
    await store.set(
      'key',
      recordOf(due, { openedAt: new Date(0), expiresAt: new Date(Date.now() + 60_000) }),
    )
    const outcome = expect(refresh('key')).rejects.toMatchObject({
      code: 'ERR_METADATA_UNAVAILABLE',
    })
    await vi.advanceTimersByTimeAsync(10_000)
    await outcome
  })

  test('of a process that held the claim lets the next one have it', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ refresh, store })
    const look = store.get.bind(store)
    let claimedUntil = Infinity
    vi.spyOn(store, 'get').mockImplementation(async (key) => {
      const record = await look(key)
      if (record === undefined || claimedUntil === 0) return record
      return {
        ...record,
        data: JSON.stringify({ ...(JSON.parse(record.data) as object), claimedUntil: 1e15 }),
      }
    })
    setTimeout(() => (claimedUntil = 0), 120)
    await get(app, cookie).expect(200)

    expect(refresh).toHaveBeenCalledOnce()
  })

  test('of a process that never gives its claim back does not hold a request for ever', async () => {
    fakeTimers()
    const store = memorySessionStore({ clock: () => 0 })
    const settings = { store, refreshBefore: 60, clock: () => 0, logout: undefined }
    const spend = vi.fn()
    const refresh = prepareRefresh({ ...settings, refresh: spend }, createOutcomes(settings))
    const due = { tokens: { accessToken: 'a', refreshToken: 'b' }, tokenEndsAt: 0, renewAt: 0 }
    // As far ahead as the clock of another process may be; further is no clock's difference any more.
    await store.set(
      'key',
      recordOf(
        { ...due, claimedUntil: 75_000 },
        { openedAt: new Date(0), expiresAt: new Date(1e9) },
      ),
    )
    const outcome = expect(refresh('key')).rejects.toMatchObject({ retryAfter: 5 })
    await vi.advanceTimersByTimeAsync(20_000)
    await outcome
    expect(spend).not.toHaveBeenCalled()
    // The wait in the background is over too: the next request looks anew.
    await store.set(
      'key',
      recordOf(
        { tokens: { accessToken: 'c' } },
        { openedAt: new Date(0), expiresAt: new Date(1e9) },
      ),
    )
    expect((await refresh('key'))?.tokens.accessToken).toBe('c')
  })
})

describe('POST /tokens/refresh', () => {
  const refreshWith = (app: ReturnType<typeof sessionApp>['app'], cookie: string, body?: object) =>
    request(app).post('/tokens/refresh').set('Cookie', cookie).send(body)

  test('gives the page the token of its session, without a refresh while it is good', async () => {
    const { refresh } = strictIssuer()
    const { app, cookie, move } = await expired({ refresh })
    move(-600)
    const response = await refreshWith(app, cookie).expect(200)
    expect(response.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 })
    expect(response.text).not.toContain('refresh-')
    expect(response.headers['cache-control']).toBe('private, no-store')
    expect(refresh).not.toHaveBeenCalled()
  })

  test('replaces a token that an API has refused, once for all tabs that say so', async () => {
    const { refresh } = strictIssuer({ delay: 20 })
    const { app, cookie, move } = await expired({ refresh })
    move(-600)
    const { accessToken: rejected } = (await refreshWith(app, cookie)).body as {
      accessToken: string
    }
    const answers = await Promise.all([1, 2, 3].map(() => refreshWith(app, cookie, { rejected })))
    const late = await refreshWith(app, cookie, { rejected })
    const tokens = [...answers, late].map(
      ({ body }) => (body as { accessToken: string }).accessToken,
    )
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]).not.toBe(rejected)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('does not offer a refused token again, whatever hinders a new one', async () => {
    const { app, cookie, move } = await expired({
      refresh: () => Promise.reject(new Error('down')),
    })
    move(-600)
    const { accessToken: rejected } = (await refreshWith(app, cookie)).body as {
      accessToken: string
    }
    await refreshWith(app, cookie, { rejected }).expect(503)
    const without = await expired({})
    without.move(-600)
    const given = (await refreshWith(without.app, without.cookie)).body as { accessToken: string }
    const last = { rejected: given.accessToken }
    await refreshWith(without.app, without.cookie, last).expect(401)
  })

  test.each([
    ['and cannot be replaced', 0, undefined, 401],
    ['and its issuer says no', 0, () => Promise.resolve(undefined), 401],
    ['and its issuer is down', 0, () => Promise.reject(new Error('down')), 503],
    ['in a second', -1, undefined, 200],
  ])('never gives out a token that is over %s', async (_what, after, refresh, status) => {
    const { app, cookie, move } = await expired({ refresh })
    move(after)
    await refreshWith(app, cookie).expect(status)
  })

  test.each([
    ['id', undefined],
    ['token', 'token'],
  ] as const)(
    'reads from the token itself when it is over where nobody said so, in a cookie with the %s',
    async (_what, cookieContent) => {
      let now = Date.now()
      const { refresh } = strictIssuer()
      const given = await accessToken(60)
      const login = () => ({ accessToken: given, refreshToken: 'refresh-0' })
      const { app } = sessionApp({ login, refresh, cookieContent, clock: () => now })
      const cookie = cookieOf(await request(app).post('/tokens/create'))
      now += 58_000
      await refreshWith(app, cookie).expect(200)
      now += 3_000
      expect(refresh).not.toHaveBeenCalled()
      const response = await refreshWith(app, cookie)
      expect(response.status).toBe(cookieContent === undefined ? 200 : 401)
      expect((response.body as { accessToken?: string }).accessToken).not.toBe(given)
    },
  )

  test.each(['opaque', 'a.b.c', `a.${Buffer.from('{"exp":"1"}').toString('base64url')}.c`])(
    'knows nothing of the end of %s',
    async (given) => {
      const { app } = sessionApp({ login: () => ({ accessToken: given }) })
      const cookie = cookieOf(await request(app).post('/tokens/create'))
      const response = await refreshWith(app, cookie).expect(200)
      expect(response.body).toEqual({ accessToken: given, tokenType: 'Bearer' })
    },
  )

  test('does not ask a store again that has just failed', async () => {
    const store = memorySessionStore()
    const { app, cookie } = await expired({ store })
    const get = vi.spyOn(store, 'get').mockRejectedValue(new Error('down'))
    await refreshWith(app, cookie, { rejected: 'a' }).expect(503)
    expect(get).toHaveBeenCalledOnce()
  })

  test('answers 401 when nobody is signed in', async () => {
    const { app } = sessionApp()
    const response = await refreshWith(app, 'a=b', { rejected: 1 }).expect(401)
    expect(response.headers['www-authenticate']).toBe('Bearer')
    expect(setCookies(response)).toEqual([])
  })
})

describe('a sign-out while a refresh is under way', () => {
  test('holds: the late answer brings nothing back and is revoked', async () => {
    const { refresh } = strictIssuer({ delay: 100 })
    const logout = vi.fn(() => Promise.resolve())
    const { app, cookie } = await expired({ refresh, logout })
    const late = get(app, cookie).then((response) => response)
    await vi.waitFor(() => {
      expect(refresh).toHaveBeenCalled()
    })
    // With a header the middleware looks at no session, so nothing waits for the refresh.
    const headers = { Cookie: cookie, Authorization: 'Bearer a' }
    await request(app).post('/tokens/logout').set(headers).expect(204)
    expect((await late).status).toBe(401)
    await get(app, cookie).expect(401)
    const revoked = logout.mock.calls.map(
      (call: unknown[]) => (call[0] as { refreshToken: string }).refreshToken,
    )
    expect(revoked).toEqual(['refresh-0', 'refresh-1'])
  })

  test('ends the session even when it happens between two looks at the store', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ refresh, store })
    const look = store.get.bind(store)
    let looks = 0
    vi.spyOn(store, 'get').mockImplementation((key) => {
      looks += 1
      return looks === 2 ? Promise.resolve(undefined) : look(key)
    })
    await get(app, cookie).expect(401)
    expect(refresh).not.toHaveBeenCalled()
  })
})

describe('a lost race', () => {
  function losing(change: (record: SessionRecord) => Promise<void>): SessionStore {
    const store = memorySessionStore()
    let isFirst = true
    return {
      ...store,
      async replace(key, version, record) {
        const current = await store.get(key)
        if (isFirst && current !== undefined) {
          isFirst = false
          await change(current)
          return false
        }
        return store.replace(key, version, record)
      },
    }
  }

  test('for the right to refresh starts over', async () => {
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ refresh, store: losing(() => Promise.resolve()) })
    await get(app, cookie).expect(200)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('with the answer in hand takes what the winner has stored', async () => {
    const store = memorySessionStore()
    const winner = await accessToken(7200, { sub: 'winner' })
    const replace = store.replace.bind(store)
    let writes = 0
    vi.spyOn(store, 'replace').mockImplementation(async (key, version, record) => {
      writes += 1
      if (writes < 2) return replace(key, version, record)
      const data = JSON.stringify({ tokens: { accessToken: winner } })
      await store.set(key, { ...record, version: 'winner', data })
      return false
    })
    const logout = vi.fn(() => Promise.resolve())
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ refresh, store, logout })
    const response = await get(app, cookie).expect(200)
    expect(response.body).toEqual({ subject: 'winner' })
    expect(logout).not.toHaveBeenCalled()
  })

  test('against an issuer that says no takes what the winner has stored', async () => {
    const store = memorySessionStore()
    const winner = await accessToken(7200, { sub: 'winner' })
    const remove = store.delete.bind(store)
    vi.spyOn(store, 'delete').mockImplementation(async (key, version) => {
      const record = (await store.get(key)) as SessionRecord
      const data = JSON.stringify({ tokens: { accessToken: winner } })
      await store.set(key, { ...record, version: 'winner', data })
      await remove(key, version)
    })
    const { app, cookie } = await expired({ refresh: () => Promise.resolve(undefined), store })
    expect((await get(app, cookie).expect(200)).body).toEqual({ subject: 'winner' })
  })
})

describe('memorySessionStore', () => {
  const record = (version: string, expiresAt = 1000): SessionRecord => ({
    version,
    expiresAt: new Date(expiresAt),
    openedAt: new Date(0),
    data: '{}',
  })

  test('forgets the oldest beyond its bound', async () => {
    const store = memorySessionStore({ maxEntries: 2, clock: () => 0 })
    for (const key of ['a', 'b', 'a', 'c']) await store.set(key, record(key))
    expect(await store.get('b')).toBeUndefined()
    expect((await store.get('a'))?.version).toBe('a')
    expect((await store.get('c'))?.version).toBe('c')
  })

  test('forgets what is over, at that very moment', async () => {
    let now = 999
    const store = memorySessionStore({ clock: () => now })
    await store.set('a', record('1'))
    expect(await store.get('a')).toBeDefined()
    now = 1000
    expect(await store.replace('a', '1', record('2'))).toBe(false)
    expect(await store.get('a')).toBeUndefined()
  })

  test('replaces and deletes only the version it is told', async () => {
    const store = memorySessionStore({ clock: () => 0 })
    await store.set('a', record('1'))
    expect(await store.replace('a', '0', record('2'))).toBe(false)
    expect(await store.replace('a', '1', record('2'))).toBe(true)
    await store.delete('a', '1')
    expect((await store.get('a'))?.version).toBe('2')
    await store.delete('a', '2')
    expect(await store.get('a')).toBeUndefined()
    expect(() => memorySessionStore({ maxEntries: 0 })).toThrow('"maxEntries"')
  })

  test('holds neither a session id nor anything under one', async () => {
    const store = memorySessionStore()
    const set = vi.spyOn(store, 'set')
    const { app } = sessionApp({ store })
    const cookie = cookieOf(await request(app).post('/tokens/create').send({ password: 'right' }))
    const [, id = ''] = cookie.split('=')
    expect(id).toHaveLength(43)
    expect(JSON.stringify(set.mock.calls)).not.toContain(id)
  })
})

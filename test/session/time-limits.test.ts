import request from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { memorySessionStore, type TokenResponse } from 'express-jwt-bearer/session'
import { deferred, expired, fakeTimers, get, strictIssuer } from '../support/expiring-session.js'
import { accessToken, cookieOf, sessionApp, setCookies, signIn } from '../support/session-app.js'

afterEach(() => {
  vi.useRealTimers()
})

const called = (spy: unknown, times = 1) =>
  vi.waitFor(() => {
    expect(spy).toHaveBeenCalledTimes(times)
  })

describe('a refresh() that never settles', () => {
  test('costs one request ten seconds and nobody else anything while the old token is good', async () => {
    const signals: AbortSignal[] = []
    const refresh = vi.fn((_token: string, signal: AbortSignal) => {
      signals.push(signal)
      return new Promise<undefined>(() => undefined)
    })
    const { app, cookie, another, move } = await expired({ refresh })
    move(-30)
    fakeTimers()
    const first = get(app, cookie).then(({ status }) => status)
    await called(refresh)
    for (const process of [app, app, another()]) await get(process, cookie).expect(200)
    expect(signals[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await first).toBe(200)
    expect(signals[0]?.reason).toMatchObject({ name: 'TimeoutError' })
    await get(app, cookie).expect(200)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('blocks nobody after its limit: the next one is asked when the pause is over', async () => {
    const { refresh: works } = strictIssuer()
    const refresh = vi.fn(works).mockReturnValueOnce(new Promise(() => undefined))
    const { app, cookie, move } = await expired({ refresh })
    fakeTimers()
    const waiting = [1, 2, 3].map(() => get(app, cookie).then(({ status }) => status))
    await called(refresh)
    // Everybody is there long before the time is up.
    await get(app, '', '/public')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await Promise.all(waiting)).toEqual([503, 503, 503])
    vi.useRealTimers()
    move(4)
    await get(app, cookie).expect(503)
    expect(refresh).toHaveBeenCalledOnce()
    move(1)
    await get(app, cookie).expect(200)
    expect(refresh).toHaveBeenCalledTimes(2)
  })

  test('and does after all still brings its tokens to the session', async () => {
    const late = deferred<TokenResponse | undefined>()
    const refresh = vi.fn(() => late.promise)
    const { app, cookie } = await expired({ refresh })
    fakeTimers()
    const first = get(app, cookie).then(({ status }) => status)
    await called(refresh)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await first).toBe(503)
    vi.useRealTimers()
    late.resolve({ accessToken: await accessToken(7200), expiresIn: 600, refreshToken: 'next' })
    await vi.waitFor(async () => {
      await get(app, cookie).expect(200)
    })
    expect(refresh).toHaveBeenCalledOnce()
  })

  test.each([
    ['no', undefined],
    ['nonsense', {} as TokenResponse],
  ])('and says %s after all changes nothing', async (_what, answer) => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const late = deferred<TokenResponse | undefined>()
    const refresh = vi.fn(() => late.promise)
    const { app, cookie } = await expired({ refresh })
    fakeTimers()
    const first = get(app, cookie).then(({ status }) => status)
    await called(refresh)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await first).toBe(503)
    vi.useRealTimers()
    late.resolve(answer)
    await get(app, cookie).expect(503)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('a login() that never settles', () => {
  test('is answered with 503 after ten seconds, and tokens that come later are revoked', async () => {
    const late = deferred<TokenResponse | undefined>()
    const signals: AbortSignal[] = []
    const login = vi.fn((_credentials: unknown, _req: unknown, signal: AbortSignal) => {
      signals.push(signal)
      return late.promise
    })
    const logout = vi.fn(() => Promise.resolve())
    const { app } = sessionApp({ login, logout })
    fakeTimers()
    const answer = request(app)
      .post('/tokens/create')
      .then((response) => response)
    await called(login)
    await vi.advanceTimersByTimeAsync(10_000)
    const response = await answer
    expect([response.status, setCookies(response)]).toEqual([503, []])
    expect(response.headers['retry-after']).toBe('1')
    expect(signals[0]?.aborted).toBe(true)
    late.resolve(await signIn())
    await called(logout)
    expect(logout).toHaveBeenCalledWith(
      expect.objectContaining({ refreshToken: 'refresh-0' }),
      expect.any(AbortSignal),
    )
  })

  test('and says no after all changes nothing', async () => {
    const late = deferred<TokenResponse | undefined>()
    const login = vi.fn(() => late.promise)
    const logout = vi.fn(() => Promise.resolve())
    const { app } = sessionApp({ login, logout })
    fakeTimers()
    const answer = request(app)
      .post('/tokens/create')
      .then(({ status }) => status)
    await called(login)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await answer).toBe(503)
    late.resolve(undefined)
    await vi.advanceTimersByTimeAsync(0)
    expect(logout).not.toHaveBeenCalled()
  })
})

describe('a logout() that never settles', () => {
  test('hears after ten seconds that nobody waits any longer', async () => {
    const signals: AbortSignal[] = []
    const logout = vi.fn((_tokens: unknown, signal: AbortSignal) => {
      signals.push(signal)
      return new Promise(() => undefined)
    })
    const { app } = sessionApp({ logout })
    const cookie = cookieOf(await request(app).post('/tokens/create').send({ password: 'right' }))
    fakeTimers()
    const answer = request(app)
      .post('/tokens/logout')
      .set('Cookie', cookie)
      .then(({ status }) => status)
    await called(logout)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await answer).toBe(204)
    await vi.advanceTimersByTimeAsync(8_000)
    expect(signals[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(signals[0]?.aborted).toBe(true)
  })
})

describe('a store that hangs', () => {
  test('counts as down after five seconds: guards answer 503, public pages go on', async () => {
    const store = memorySessionStore()
    const { app, cookie } = await expired({ store, clock: Date.now })
    const hanging = vi.spyOn(store, 'get').mockReturnValue(new Promise(() => undefined))
    for (const [path, expected] of [
      ['/api', 503],
      ['/me', 503],
      ['/public', 200],
      ['/page', 200],
    ] as const) {
      fakeTimers()
      hanging.mockClear()
      let isDone = false
      const answer = get(app, cookie, path).then((response) => {
        isDone = true
        return response
      })
      await called(hanging)
      await vi.advanceTimersByTimeAsync(4_500)
      await get(app, '', path)
      expect(isDone).toBe(false)
      await vi.advanceTimersByTimeAsync(500)
      const response = await answer
      expect([path, response.status, setCookies(response)]).toEqual([path, expected, []])
      vi.useRealTimers()
    }
  })

  test('while somebody signs in is answered with 503, and what it writes later is deleted', async () => {
    const store = memorySessionStore()
    const set = store.set.bind(store)
    const written = deferred<undefined>()
    const keys: string[] = []
    const hanging = vi.spyOn(store, 'set').mockImplementation(async (key, record) => {
      keys.push(key)
      await written.promise
      await set(key, record)
    })
    const logout = vi.fn(() => Promise.resolve())
    const { app } = sessionApp({ store, logout })
    fakeTimers()
    const answer = request(app)
      .post('/tokens/create')
      .send({ password: 'right' })
      .then((response) => response)
    await called(hanging)
    await vi.advanceTimersByTimeAsync(5_000)
    const response = await answer
    expect([response.status, setCookies(response)]).toEqual([503, []])
    expect(logout).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(1_000)
    written.resolve(undefined)
    await vi.waitFor(async () => {
      expect(await store.get(keys[0] ?? '')).toBeUndefined()
    })
  })

  test('is not asked for ever to forget what nobody got the cookie of', async () => {
    const store = memorySessionStore()
    const set = vi.spyOn(store, 'set').mockReturnValue(new Promise(() => undefined))
    const remove = vi.spyOn(store, 'delete').mockRejectedValue(new Error('down'))
    const { app } = sessionApp({ store })
    fakeTimers()
    const answer = request(app)
      .post('/tokens/create')
      .send({ password: 'right' })
      .then(({ status }) => status)
    await called(set)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await answer).toBe(503)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(remove.mock.calls.length).toBe(30)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('while something is written too late may fail to forget it', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const store = memorySessionStore()
    const written = deferred<undefined>()
    const set = vi.spyOn(store, 'set').mockReturnValue(written.promise)
    const remove = vi.spyOn(store, 'delete').mockRejectedValue(new Error('down'))
    const { app } = sessionApp({ store })
    fakeTimers()
    const answer = request(app)
      .post('/tokens/create')
      .send({ password: 'right' })
      .then(({ status }) => status)
    await called(set)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await answer).toBe(503)
    remove.mockClear()
    written.resolve(undefined)
    await vi.waitFor(() => {
      expect(remove).toHaveBeenCalled()
    })
    await vi.advanceTimersByTimeAsync(0)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('when a claim is to be written leaves a good token in use', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie, move } = await expired({ store, refresh })
    move(-30)
    const hanging = vi.spyOn(store, 'replace').mockReturnValue(new Promise(() => undefined))
    fakeTimers()
    const answer = get(app, cookie).then(({ status }) => status)
    await called(hanging)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await answer).toBe(200)
    expect(refresh).not.toHaveBeenCalled()
  })

  test('when a pause is to be noted leaves it to the claim to run out', async () => {
    const store = memorySessionStore()
    const replace = store.replace.bind(store)
    const refresh = vi.fn(() => Promise.reject(new Error('down')))
    const { app, cookie } = await expired({ store, refresh })
    vi.spyOn(store, 'replace').mockImplementation((key, version, record) =>
      record.data.includes('retryAt')
        ? Promise.reject(new Error('down'))
        : replace(key, version, record),
    )
    await get(app, cookie).expect(503)
    expect(refresh).toHaveBeenCalledOnce()
  })

  test('when a claim is to be written is answered with 503 where the token is over', async () => {
    const store = memorySessionStore()
    const { refresh } = strictIssuer()
    const { app, cookie } = await expired({ store, refresh })
    const hanging = vi.spyOn(store, 'replace').mockReturnValue(new Promise(() => undefined))
    fakeTimers()
    const answer = get(app, cookie).then(({ status }) => status)
    await called(hanging)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await answer).toBe(503)
  })
})

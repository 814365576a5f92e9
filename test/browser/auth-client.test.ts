import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  createAuthClient,
  type AuthClient,
  type AuthClientOptions,
  type AuthState,
} from 'express-jwt-bearer/browser'
import { apiOrigin, fakePage, json, ownOrigin, type Answers } from '../support/fake-page.js'

const alice: AuthState = {
  version: 1,
  user: { id: 'alice', email: 'alice@example.com', roles: ['Admin'] },
  claims: { department: 'x' },
}
const bob: AuthState = { version: 1, user: { id: 'bob', roles: [] }, claims: {} }
const nobody: AuthState = { version: 1, user: null, claims: {} }

let clients: AuthClient[] = []

function open(
  state: AuthState | string | undefined,
  answers: Answers = {},
  options: AuthClientOptions = {},
) {
  const page = fakePage(state, answers)
  const onSignedOut = vi.fn()
  const client = createAuthClient({ onSignedOut, ...options })
  clients.push(client)
  return { page, client, onSignedOut }
}

const storageOf = (name: 'localStorage' | 'sessionStorage') =>
  (globalThis as unknown as Record<typeof name, { values: Map<string, string> }>)[name].values

/** Says something in the place of another tab, and waits until everybody has heard it. */
async function tell(message: string): Promise<void> {
  const [channel, ear] = [1, 2].map(() => new BroadcastChannel('express-jwt-bearer'))
  await new Promise((resolve) => {
    if (ear !== undefined) ear.onmessage = resolve
    channel?.postMessage(message)
  })
  await new Promise((resolve) => setImmediate(resolve))
  channel?.close()
  ear?.close()
}

afterEach(() => {
  vi.useRealTimers()
  for (const client of clients) client.dispose()
  clients = []
  vi.unstubAllGlobals()
})

/** An API that takes one token and a session that gives it out. */
function api(good: string, path = '/api'): Answers {
  return {
    [`GET ${path}`]: ({ headers }) =>
      json({}, headers.get('Authorization') === `Bearer ${good}` ? 200 : 401),
    [`POST ${path}`]: async (request) =>
      request.headers.get('Authorization') === `Bearer ${good}`
        ? json(await request.json())
        : json({}, 401),
    'POST /tokens/refresh': () => json({ accessToken: good, expiresIn: 600, refreshToken: 'no' }),
  }
}

describe('createAuthClient', () => {
  test('knows the user from the page, without a request', async () => {
    const { page, client } = open(alice)
    expect(client.state).toEqual({ user: alice.user, claims: alice.claims, isChecking: false })
    await client.tokenStore.get()
    expect(page.requests).toEqual([])
  })

  test('knows that nobody is signed in, without a request', () => {
    const { page, client } = open(nobody)
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: false })
    expect(page.requests).toEqual([])
  })

  test.each([
    ['without a state', undefined],
    ['with a damaged state', '{"version"'],
    ['with a state of another version', '{"version":2,"user":{"id":"mallory"}}'],
    ['with an empty element', ''],
  ])('asks the server once on a page %s', async (_what, state) => {
    const { page, client, onSignedOut } = open(state, { 'GET /me': () => json(alice) })
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: true })
    await vi.waitFor(() => {
      expect(client.state.user).toEqual(alice.user)
    })
    expect(page.calls()).toEqual(['GET /me'])
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  test('learns from the server that nobody is signed in, which is no sign-out', async () => {
    const { client, onSignedOut } = open(undefined, { 'GET /me': () => json({}, 401) })
    await vi.waitFor(() => {
      expect(client.state.isChecking).toBe(false)
    })
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  test.each([
    ['does not answer', {}],
    ['answers with an error', { 'GET /me': () => json({}, 503) }],
    ['answers with something else', { 'GET /me': () => json({ user: { id: 'mallory' } }) }],
  ])('shows nothing while the server %s', async (_what, answers) => {
    const { page, client } = open(undefined, answers)
    await vi.waitFor(() => {
      expect(page.requests).toHaveLength(1)
    })
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: true })
  })

  test.each([
    ['a paragraph', { tagName: 'P' }],
    ['a form with a member of that name', { tagName: { value: 'SCRIPT' } as never }],
    ['a drawing', { tagName: 'script' }],
    ['a script that runs', { type: 'text/javascript' }],
    ['a script without a type', { type: '' }],
  ])('takes no state out of %s, and asks the server', async (_what, element) => {
    const page = fakePage(alice, { 'GET /me': () => json(nobody) }, element)
    const client = createAuthClient()
    clients.push(client)
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: true })
    await vi.waitFor(() => {
      expect(client.state.isChecking).toBe(false)
    })
    expect(page.calls()).toEqual(['GET /me'])
  })

  test.each(['https://evil.example', '//evil.example', '/\\evil.example'])(
    'refuses routes at %s, which is another origin',
    (basePath) => {
      fakePage(alice)
      expect(() => createAuthClient({ basePath })).toThrow('"basePath" must be a path of this site')
    },
  )

  test.each(['auth', '/auth', `${ownOrigin}/auth`])(
    'takes %s for routes of this site',
    async (basePath) => {
      const { page } = open(undefined, { 'GET /auth/me': () => json(alice) }, { basePath })
      await vi.waitFor(() => {
        expect(page.requests[0]?.url).toBe(`${ownOrigin}/auth/me`)
      })
    },
  )

  test('takes an access token over from the page where the server put one', async () => {
    const { client } = open({ ...alice, accessToken: 'a', expiresIn: 5 })
    expect(await client.tokenStore.get()).toEqual({ accessToken: 'a', expiresIn: 5 })
  })

  test('looks for another element and under another path when told to', async () => {
    const { page } = open(
      alice,
      { 'GET /auth/me': () => json(alice) },
      { stateId: 'other', basePath: '/auth' },
    )
    await vi.waitFor(() => {
      expect(page.calls()).toEqual(['GET /auth/me'])
    })
  })
})

describe('an outage', () => {
  const unknown: AuthState = { version: 1, claims: {} }

  test('while the page was rendered leaves what the client keeps, and is asked about until it ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const page = fakePage(alice)
    const before = createAuthClient({ storage: 'localStorage' })
    await before.tokenStore.set({ accessToken: 'a' })
    before.dispose()
    const values = [...storageOf('localStorage')]
    let answer = () => json({}, 503)
    const { client, onSignedOut } = open(
      unknown,
      { 'GET /me': () => answer() },
      { storage: 'localStorage' },
    )
    for (const [key, value] of values) storageOf('localStorage').set(key, value)
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: true })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(client.state.isChecking).toBe(true)
    expect(await client.tokenStore.get()).toBeUndefined()
    answer = () => json(unknown)
    await vi.advanceTimersByTimeAsync(8_000)
    expect(client.state.isChecking).toBe(true)
    answer = () => json(alice)
    await vi.advanceTimersByTimeAsync(16_000)
    expect(client.state).toEqual({ user: alice.user, claims: alice.claims, isChecking: false })
    expect(await client.tokenStore.get()).toEqual({ accessToken: 'a' })
    expect(onSignedOut).not.toHaveBeenCalled()
    expect(page.listeners()).toBe(0)
  })

  test('is asked about with pauses that grow to half a minute, and never after dispose()', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { page, client } = open(undefined)
    const asked: number[] = []
    for (const time of [0, 499, 1, 999, 1, 1_999, 1, 117_000]) {
      await vi.advanceTimersByTimeAsync(time)
      asked.push(page.requests.length)
    }
    expect(asked).toEqual([1, 1, 2, 2, 3, 3, 4, 9])
    client.dispose()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(page.requests).toHaveLength(9)
  })

  test('of a call that never ends is over after half a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const signals: AbortSignal[] = []
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((time) => {
      expect(time).toBe(30_000)
      const controller = new AbortController()
      setTimeout(() => {
        controller.abort()
      }, time)
      return controller.signal
    })
    const { page, client } = open(undefined, {
      'GET /me': ({ signal }) => {
        signals.push(signal)
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('aborted'))
          })
        })
      },
    })
    await vi.advanceTimersByTimeAsync(30_500)
    expect(page.requests.length).toBe(2)
    client.dispose()
    vi.restoreAllMocks()
  })
})

describe('signIn', () => {
  const answers: Answers = {
    'POST /tokens/create': async (request) =>
      ((await request.json()) as { password: string }).password === 'right'
        ? json({ accessToken: 'a', tokenType: 'Bearer', expiresIn: 600, refreshToken: 'secret' })
        : json({}, 401),
    'GET /me': () => json(alice),
  }

  test('signs in, tells its listeners and keeps no refresh token', async () => {
    const { client } = open(nobody, answers)
    const states: unknown[] = []
    const tokens: unknown[] = []
    const stop = client.subscribe(({ user }) => states.push(user?.id))
    client.tokenStore.subscribe((change) => tokens.push(change?.accessToken))
    expect(await client.signIn({ password: 'right' })).toBe(true)
    expect(client.state.user).toEqual(alice.user)
    expect(await client.tokenStore.get()).toEqual({
      accessToken: 'a',
      tokenType: 'Bearer',
      expiresIn: 600,
    })
    stop()
    await client.tokenStore.clear()
    await client.tokenStore.clear()
    expect([states, tokens]).toEqual([['alice'], ['a', undefined]])
  })

  test('says that credentials were refused, and changes nothing', async () => {
    const { client, onSignedOut } = open(nobody, answers)
    expect(await client.signIn({ password: 'wrong' })).toBe(false)
    expect(client.state.user).toBeNull()
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  test.each([
    ['cannot be reached', {}],
    ['fails', { 'POST /tokens/create': () => json({}, 503) }],
    ['gives no token', { 'POST /tokens/create': () => json({}) }],
    ['knows of no user afterwards', { ...answers, 'GET /me': () => json({}, 401) }],
  ])('rejects when the server %s', async (_what, failing) => {
    const { client } = open(nobody, failing)
    await expect(client.signIn({ password: 'right' })).rejects.toThrow()
    expect(client.state.user).toBeNull()
    expect(await client.tokenStore.get()).toBeUndefined()
  })

  test('brings nothing back once the user has signed out again', async () => {
    let answerMe: (() => void) | undefined
    const { client } = open(nobody, {
      ...answers,
      'GET /me': () =>
        new Promise((resolve) => {
          answerMe = () => {
            resolve(json(alice))
          }
        }),
      'POST /tokens/logout': () => new Response(null, { status: 204 }),
    })
    const late = client.signIn({ password: 'right' })
    await vi.waitFor(() => {
      expect(answerMe).toBeDefined()
    })
    await client.signOut()
    answerMe?.()
    expect(await late).toBe(false)
    expect(client.state.user).toBeNull()
    expect(await client.tokenStore.get()).toBeUndefined()
  })
})

describe('signOut', () => {
  test('clears the page at once and then tells the server', async () => {
    const { page, client, onSignedOut } = open(
      { ...alice, accessToken: 'a' },
      { 'POST /tokens/logout': () => new Response(null, { status: 204 }) },
    )
    const done = client.signOut()
    expect(client.state.user).toBeNull()
    await done
    expect(await client.tokenStore.get()).toBeUndefined()
    expect(page.calls()).toEqual(['POST /tokens/logout'])
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  test('says so when the server cannot be told', async () => {
    const { client } = open(alice, { 'POST /tokens/logout': () => json({}, 503) })
    await expect(client.signOut()).rejects.toThrow('503')
    expect(client.state.user).toBeNull()
  })

  test('that failed shows the user again once the server has said who is signed in', async () => {
    const { client, onSignedOut } = open(alice, {
      'POST /tokens/logout': () => json({}, 503),
      'GET /me': () => json(alice),
    })
    await expect(client.signOut()).rejects.toThrow('503')
    await vi.waitFor(() => {
      expect(client.state.user).toEqual(alice.user)
    })
    expect(onSignedOut).not.toHaveBeenCalled()
  })
})

describe('fetch', () => {
  const withToken = { ...alice, accessToken: 'old' }

  test('leaves the page’s own origin to the cookie while there is no token', async () => {
    const { page, client } = open(alice, { 'GET /api': () => json({}) })
    await client.fetch('/api?a=1')
    expect(page.requests[0]?.headers.get('Authorization')).toBeNull()
    expect(page.requests[0]?.url).toBe(`${ownOrigin}/api?a=1`)
  })

  test('carries the token to the own origin and the allowed ones, and nowhere else', async () => {
    const other = 'https://api.example.evil'
    const { page, client } = open(
      withToken,
      {
        'GET /api': () => json({}),
        [`GET ${apiOrigin}/api`]: () => json({}),
        [`GET ${other}/api`]: () => json({}),
        'GET http://app.example/api': () => json({}),
      },
      { origins: [`${apiOrigin}/ignored/path`] },
    )
    for (const url of [
      '/api',
      new URL(`${apiOrigin}/api`),
      new Request(`${apiOrigin}/api`),
      `${other}/api`,
      `//${new URL(other).host}/api`,
      'http://app.example/api',
    ]) {
      await client.fetch(url)
    }
    expect(page.requests.map(({ headers }) => headers.get('Authorization'))).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer old',
      null,
      null,
      null,
    ])
  })

  test('leaves a credential alone that the caller chose', async () => {
    const { page, client } = open(withToken, { 'GET /api': () => json({}, 401) })
    const response = await client.fetch('/api', { headers: { Authorization: 'Basic a' } })
    expect(response.status).toBe(401)
    expect(page.requests.map(({ headers }) => headers.get('Authorization'))).toEqual(['Basic a'])
  })

  test('gets a token for another origin when the page came without one', async () => {
    const { page, client } = open(alice, api('new', `${apiOrigin}/api`), { origins: [apiOrigin] })
    expect((await client.fetch(`${apiOrigin}/api`)).status).toBe(200)
    expect(page.calls()).toEqual(['POST /tokens/refresh', 'GET /api'])
    expect(await page.requests[0]?.json()).toEqual({})
  })

  test('asks for no token where nobody is signed in', async () => {
    const { page, client } = open(
      nobody,
      { [`GET ${apiOrigin}/api`]: () => json({}) },
      { origins: [apiOrigin] },
    )
    await client.fetch(`${apiOrigin}/api`)
    expect(page.calls()).toEqual(['GET /api'])
  })

  test('refreshes after a 401 and calls once more, body included', async () => {
    const { page, client } = open(withToken, api('new'))
    const response = await client.fetch('/api', { method: 'POST', body: '{"a":1}' })
    expect(await response.json()).toEqual({ a: 1 })
    expect(page.calls()).toEqual(['POST /api', 'POST /tokens/refresh', 'POST /api'])
    expect(await page.requests[1]?.json()).toEqual({ rejected: 'old' })
    expect(await client.tokenStore.get()).toEqual({ accessToken: 'new', expiresIn: 600 })
  })

  test('refreshes once for many calls', async () => {
    const { page, client } = open(withToken, api('new'))
    const responses = await Promise.all(Array.from({ length: 10 }, () => client.fetch('/api')))
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(page.calls().filter((call) => call === 'POST /tokens/refresh')).toHaveLength(1)
  })

  test('uses what another call has fetched meanwhile', async () => {
    const answers = api('new')
    let slow: (() => void) | undefined
    const { page, client } = open(withToken, {
      ...answers,
      'GET /slow': ({ headers }) =>
        headers.get('Authorization') === 'Bearer new'
          ? json({})
          : new Promise((resolve) => {
              slow = () => {
                resolve(json({}, 401))
              }
            }),
    })
    const late = client.fetch('/slow')
    await vi.waitFor(() => {
      expect(slow).toBeDefined()
    })
    await client.fetch('/api')
    slow?.()
    expect((await late).status).toBe(200)
    expect(page.calls().filter((call) => call === 'POST /tokens/refresh')).toHaveLength(1)
  })

  test('ends the session after a 401 that a fresh token does not help, once for many calls', async () => {
    const { page, client, onSignedOut } = open(withToken, {
      ...api('new'),
      'GET /api': () => json({}, 401),
    })
    const responses = await Promise.all([1, 2, 3].map(() => client.fetch('/api')))
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(client.state.user).toBeNull()
    expect(await client.tokenStore.get()).toBeUndefined()
    expect(onSignedOut).toHaveBeenCalledOnce()
    expect(page.calls().filter((call) => call === 'GET /api')).toHaveLength(6)
  })

  test('counts relative addresses from the origin of the page', async () => {
    const { page, client } = open(withToken, { 'GET /x': () => json({}) })
    await client.fetch('x')
    await client.fetch('./x')
    await client.fetch('/x')
    expect(page.requests.map(({ url }) => url)).toEqual(Array(3).fill(`${ownOrigin}/x`))
    expect(page.requests[0]?.headers.get('Authorization')).toBe('Bearer old')
  })

  test.each([
    ['says so', nobody],
    ['has not said yet', undefined],
  ])('calls no onSignedOut where nobody is signed in and the server %s', async (_what, state) => {
    const { client, onSignedOut } = open(state, {
      'GET /api': () => json({}, 401),
      'GET /me': () => json({}, 401),
      'POST /tokens/refresh': () => json({}, 401),
    })
    expect((await client.fetch('/api')).status).toBe(401)
    expect((await client.fetch('/api')).status).toBe(401)
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: false })
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  test('lets no onSignedOut that throws stop it', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { client } = open(
      alice,
      { 'GET /api': () => json({}, 401), 'POST /tokens/refresh': () => json({}, 401) },
      {
        onSignedOut: () => {
          throw new Error('mine')
        },
      },
    )
    expect((await client.fetch('/api')).status).toBe(401)
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
  })

  test('ends the session when there is no fresh token, once for many calls', async () => {
    const { client, onSignedOut } = open(alice, {
      'GET /api': () => json({}, 401),
      'POST /tokens/refresh': () => json({}, 401),
    })
    const responses = await Promise.all([1, 2, 3].map(() => client.fetch('/api')))
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(client.state.user).toBeNull()
    expect(onSignedOut).toHaveBeenCalledOnce()
  })

  test('keeps everything after a 403', async () => {
    const { page, client, onSignedOut } = open(withToken, { 'GET /api': () => json({}, 403) })
    expect((await client.fetch('/api')).status).toBe(403)
    expect(client.state.user).toEqual(alice.user)
    expect(await client.tokenStore.get()).toBeDefined()
    expect(onSignedOut).not.toHaveBeenCalled()
    expect(page.requests).toHaveLength(1)
  })

  test.each([
    ['cannot be reached', {}],
    ['is down', { 'POST /tokens/refresh': () => json({}, 503) }],
    ['talks nonsense', { 'POST /tokens/refresh': () => json(null) }],
  ])('signs nobody out while the session %s', async (_what, answers) => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const { client, onSignedOut } = open(withToken, { 'GET /api': () => json({}, 401), ...answers })
    expect((await client.fetch('/api')).status).toBe(401)
    expect(client.state.user).toEqual(alice.user)
    expect(onSignedOut).not.toHaveBeenCalled()
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('writes nothing when a refresh finishes after the sign-out, nor calls again', async () => {
    let answerRefresh: (() => void) | undefined
    const { page, client, onSignedOut } = open(withToken, {
      'GET /api': () => json({}, 401),
      'POST /tokens/logout': () => new Response(null, { status: 204 }),
      'POST /tokens/refresh': () =>
        new Promise((resolve) => {
          answerRefresh = () => {
            resolve(json({ accessToken: 'new' }))
          }
        }),
    })
    const late = client.fetch('/api')
    await vi.waitFor(() => {
      expect(answerRefresh).toBeDefined()
    })
    await client.signOut()
    const next = client.fetch('/api')
    answerRefresh?.()
    expect((await late).status).toBe(401)
    expect(await client.tokenStore.get()).toBeUndefined()
    expect(onSignedOut).not.toHaveBeenCalled()
    await vi.waitFor(() => {
      expect(page.calls().filter((call) => call === 'POST /tokens/refresh')).toHaveLength(2)
    })
    client.dispose()
    answerRefresh?.()
    expect((await next).status).toBe(401)
  })
})

describe('other tabs', () => {
  test('learn of a sign-out', async () => {
    const logout = { 'POST /tokens/logout': () => new Response(null, { status: 204 }) }
    const first = open({ ...alice, accessToken: 'a' }, logout)
    const second = open({ ...alice, accessToken: 'b' }, logout)
    await second.client.signOut()
    await vi.waitFor(() => {
      expect(first.client.state.user).toBeNull()
    })
    expect(await first.client.tokenStore.get()).toBeUndefined()
    expect(first.onSignedOut).toHaveBeenCalledOnce()
    expect(second.onSignedOut).not.toHaveBeenCalled()
  })

  test('ask anew after a sign-in and never use the earlier user’s token', async () => {
    const answers: Answers = {
      'POST /tokens/create': () => json({ accessToken: 'b' }),
      'GET /me': () => json(bob),
      'GET /api': () => json({}),
    }
    const first = open({ ...alice, accessToken: 'a' }, answers)
    const second = open(nobody, answers)
    await second.client.signIn({})
    await vi.waitFor(() => {
      expect(first.client.state.user).toEqual(bob.user)
    })
    await first.client.fetch('/api')
    expect(second.page.requests.at(-1)?.headers.get('Authorization')).toBeNull()
    expect(first.onSignedOut).not.toHaveBeenCalled()
  })

  test('hide their user while another one signs out, and are told when it has worked', async () => {
    let finish: ((response: Response) => void) | undefined
    const answers: Answers = {
      'POST /tokens/logout': () =>
        new Promise((resolve) => {
          finish = resolve
        }),
    }
    const first = open(alice, answers)
    const second = open(alice, answers)
    const done = second.client.signOut()
    await vi.waitFor(() => {
      expect(first.client.state).toEqual({ user: null, claims: {}, isChecking: true })
    })
    expect(first.onSignedOut).not.toHaveBeenCalled()
    await vi.waitFor(() => {
      expect(finish).toBeDefined()
    })
    finish?.(new Response(null, { status: 204 }))
    await done
    await vi.waitFor(() => {
      expect(first.onSignedOut).toHaveBeenCalledOnce()
    })
    expect(first.client.state).toEqual({ user: null, claims: {}, isChecking: false })
    expect(second.onSignedOut).not.toHaveBeenCalled()
  })

  test('show their user again when the sign-out of another one failed', async () => {
    const answers = { 'POST /tokens/logout': () => json({}, 503), 'GET /me': () => json(alice) }
    const first = open(alice, answers)
    const second = open(alice, answers)
    const seen: unknown[] = []
    first.client.subscribe(({ user, isChecking }) => seen.push([user?.id, isChecking]))
    await expect(second.client.signOut()).rejects.toThrow('503')
    await vi.waitFor(() => {
      expect(seen.at(-1)).toEqual(['alice', false])
    })
    expect(seen[0]).toEqual([undefined, true])
    expect(first.onSignedOut).not.toHaveBeenCalled()
  })

  test('ask the server themselves when the one that signs out is not heard of again', async () => {
    const { client, onSignedOut } = open(alice, { 'GET /me': () => json({}, 401) })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await tell('signing-out')
    expect(client.state.isChecking).toBe(true)
    await vi.advanceTimersByTimeAsync(2_900)
    expect(onSignedOut).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(100)
    expect(onSignedOut).toHaveBeenCalledOnce()
  })

  test.each([
    ['was signed in', alice, true],
    ['came during an outage', undefined, false],
  ])('whose question failed still hear of a sign-out: one that %s', async (_what, state, had) => {
    const { page, client, onSignedOut } = open(state)
    page.show(true)
    expect(client.state.isChecking).toBe(true)
    await tell('signed-out')
    await vi.waitFor(() => {
      expect(client.state).toEqual({ user: null, claims: {}, isChecking: false })
    })
    expect(onSignedOut).toHaveBeenCalledTimes(had ? 1 : 0)
  })

  test('whose question failed still hear of a sign-in, and of the sign-out after it', async () => {
    let answer = () => json({}, 503)
    const { page, client, onSignedOut } = open(alice, { 'GET /me': () => answer() })
    page.show(true)
    await tell('signed-in')
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: true })
    answer = () => json(bob)
    await tell('signed-in')
    await vi.waitFor(() => {
      expect(client.state.user).toEqual(bob.user)
    })
    answer = () => json({}, 503)
    await tell('signed-in')
    await tell('signed-out')
    await vi.waitFor(() => {
      expect(onSignedOut).toHaveBeenCalledOnce()
    })
  })

  test('whose question failed ask again by themselves', async () => {
    let answer = () => json({}, 503)
    const { page, client } = open(alice, { 'GET /me': () => answer() })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    page.show(true)
    await vi.advanceTimersByTimeAsync(500)
    expect(client.state.isChecking).toBe(true)
    answer = () => json(alice)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(client.state.user).toEqual(alice.user)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(page.calls()).toEqual(Array(3).fill('GET /me'))
  })

  test('let the latest question count, not the latest answer', async () => {
    const answers: ((response: Response) => void)[] = []
    const { page, client } = open(alice, {
      'GET /me': () =>
        new Promise((resolve) => {
          answers.push(resolve)
        }),
    })
    page.show(true)
    page.show(true)
    await vi.waitFor(() => {
      expect(answers).toHaveLength(2)
    })
    answers[1]?.(json(bob))
    await vi.waitFor(() => {
      expect(client.state.user).toEqual(bob.user)
    })
    answers[0]?.(json(alice))
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(client.state.user).toEqual(bob.user)
  })

  test('take no notice where nobody is signed in, nor of messages that are not ours', async () => {
    const { client, onSignedOut, page } = open(nobody)
    const channel = new BroadcastChannel('express-jwt-bearer')
    for (const message of ['signed-out', 'signing-out', 'other', { type: 'signed-in' }])
      channel.postMessage(message)
    await new Promise((resolve) => setTimeout(resolve, 30))
    channel.close()
    expect(onSignedOut).not.toHaveBeenCalled()
    expect([client.state.user, page.requests]).toEqual([null, []])
  })
})

describe('the back/forward cache', () => {
  test('brings nothing private back: it is hidden at once and the server is asked', async () => {
    const { page, client, onSignedOut } = open(alice, { 'GET /me': () => json({}, 401) })
    page.show(true)
    expect(client.state).toEqual({ user: null, claims: {}, isChecking: true })
    await vi.waitFor(() => {
      expect(onSignedOut).toHaveBeenCalledOnce()
    })
    expect(client.state.user).toBeNull()
  })

  test('shows the user again who is still signed in', async () => {
    const { page, client, onSignedOut } = open(alice, { 'GET /me': () => json(alice) })
    page.show(true)
    await vi.waitFor(() => {
      expect(client.state.user).toEqual(alice.user)
    })
    expect(onSignedOut).not.toHaveBeenCalled()
  })

  test('is not meant when a page is shown for the first time', () => {
    const { page, client } = open(alice)
    page.show(false)
    expect(client.state.user).toEqual(alice.user)
    expect(page.requests).toEqual([])
  })
})

describe('storage', () => {
  test('keeps the token in memory alone by default', () => {
    open({ ...alice, accessToken: 'a' })
    expect([storageOf('localStorage').size, storageOf('sessionStorage').size]).toEqual([0, 0])
  })

  test.each(['localStorage', 'sessionStorage'] as const)(
    'keeps the token in %s by choice, for its user alone',
    async (storage) => {
      const { client } = open({ ...alice, accessToken: 'a' }, {}, { storage })
      await client.tokenStore.set({ accessToken: 'b', refreshToken: 'secret' })
      const kept = [...storageOf(storage).values()].join()
      expect(kept).toContain('"b"')
      expect(kept).not.toContain('secret')
      const values = storageOf(storage)

      const again = open(alice, {}, { storage })
      for (const [key, value] of values) storageOf(storage).set(key, value)
      expect(await again.client.tokenStore.get()).toEqual({ accessToken: 'b' })

      const other = open(bob, {}, { storage })
      for (const [key, value] of values) storageOf(storage).set(key, value)
      expect(await other.client.tokenStore.get()).toBeUndefined()
    },
  )

  test.each(['{', '{"tokens":1}', 'null', '{"tokens":{"accessToken":1},"owner":"alice"}'])(
    'does not trust what other scripts left there: %s',
    async (value) => {
      const { client } = open(alice, {}, { storage: 'localStorage' })
      await client.tokenStore.set({ accessToken: 'b' })
      for (const key of storageOf('localStorage').keys()) storageOf('localStorage').set(key, value)
      expect(await client.tokenStore.get()).toBeUndefined()
    },
  )

  test('is emptied when the server says that nobody is signed in', async () => {
    const page = fakePage(alice)
    const client = createAuthClient({ storage: 'localStorage' })
    await client.tokenStore.set({ accessToken: 'b' })
    client.dispose()
    expect(storageOf('localStorage').size).toBe(1)
    const textContent = JSON.stringify(nobody)
    const element = { tagName: 'SCRIPT', type: 'application/json', textContent }
    vi.stubGlobal('document', { getElementById: () => element })
    clients.push(createAuthClient({ storage: 'localStorage' }))
    expect(storageOf('localStorage').size).toBe(0)
    expect(page.requests).toEqual([])
  })
})

describe('dispose', () => {
  test('lets go of the page and drops late results', async () => {
    let answer: (() => void) | undefined
    const { page, client } = open(undefined, {
      'GET /me': () =>
        new Promise((resolve) => {
          answer = () => {
            resolve(json(alice))
          }
        }),
    })
    await vi.waitFor(() => {
      expect(answer).toBeDefined()
    })
    client.dispose()
    answer?.()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(client.state.user).toBeNull()
    expect(page.listeners()).toBe(0)
  })
})

describe('subscribe', () => {
  test('goes on when a listener throws', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { client } = open(alice, {
      'POST /tokens/logout': () => new Response(null, { status: 204 }),
    })
    const seen = vi.fn()
    client.subscribe(() => {
      throw new Error('mine')
    })
    client.subscribe(seen)
    await client.signOut()
    expect(seen).toHaveBeenCalledOnce()
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
  })
})

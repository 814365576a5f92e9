import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  createMemoryUserTokenStore,
  createTokenManager,
  TokenRequestError,
  TokenUnavailableError,
  type TokenEndpointResponse,
  type UserTokenLock,
  type UserTokenStore,
} from 'express-jwt-bearer/tokens'
import { alice, createBench, createScriptedClient, outcome } from './scripted-client.js'

afterEach(() => {
  vi.useRealTimers()
})

const unreachable = () => {
  throw new TypeError('fetch failed')
}
const refuse = (details: ConstructorParameters<typeof TokenRequestError>[0]) => () => {
  throw new TokenRequestError(details)
}

const idTokenOf = (sub: string) =>
  `e30.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.c2lnbmF0dXJl`

async function signedIn(options: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench(options)
  await bench.manager.storeTokens(alice, bench.script.answer())
  return bench
}

describe('getAccessToken()', () => {
  test('answers a session without tokens with a typed failure', async () => {
    const { manager, script, events } = createBench()
    const result = await manager.getAccessToken(alice)
    expect(result).toMatchObject({ kind: 'failure', error: { code: 'no_session' } })
    expect(script.requests).toEqual([])
    expect(events).toMatchObject([{ kind: 'tokenFailed', code: 'no_session', terminal: true }])
  })

  test('gives the token of the sign-in for as long as it is fresh', async () => {
    const { manager, script, pass } = await signedIn()
    pass(539)
    expect(await manager.getAccessToken(alice)).toMatchObject({
      kind: 'success',
      accessToken: 'access-1',
      accessTokenType: 'bearer',
      expiration: new Date('2030-01-01T00:10:00Z'),
      scope: 'openid orders',
    })
    expect(script.requests).toEqual([])
    pass(1)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
  })

  test.each([
    ['a fifth of a short lifetime', { expires_in: 20 }, undefined, 15.9, 16],
    ['the given buffer', { expires_in: 600 }, 100, 499, 500],
    ['no buffer at all', { expires_in: 600 }, 0, 599, 600],
  ])('renews ahead of the expiration by %s', async (_case, answer, buffer, fresh, stale) => {
    const { manager, script, pass } = createBench({ buffer })
    await manager.storeTokens(alice, script.answer(answer))
    pass(fresh)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    pass(stale - fresh)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
  })

  test('uses the whole buffer for a token that was stored by other means', async () => {
    const { manager, store, pass } = createBench()
    const expiration = new Date('2030-01-01T00:01:40Z')
    await store.storeToken(alice, { accessToken: 'theirs', expiration, refreshToken: 'r' })
    pass(39)
    expect(outcome(await manager.getAccessToken(alice))).toBe('theirs')
    pass(1)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
  })

  test('refreshes once for a hundred callers, who all get the same token', async () => {
    const { manager, script, pass } = await signedIn()
    pass(600)
    const results = await Promise.all(
      Array.from({ length: 100 }, () => manager.getAccessToken(alice)),
    )
    expect(new Set(results.map(outcome))).toEqual(new Set(['access-2']))
    expect(script.requests).toEqual([{ refreshToken: 'refresh-1' }])
  })

  test('does not refresh again for a caller who read the store before the refresh ended', async () => {
    const memory = createMemoryUserTokenStore()
    let hold: Promise<void> | undefined
    const store: UserTokenStore = {
      ...memory,
      async getToken(user) {
        const stored = await memory.getToken(user)
        await hold
        return stored
      },
    }
    const { manager, script, pass } = await signedIn({ store })
    pass(600)
    let letGo = (): void => undefined
    hold = new Promise((resolve) => (letGo = resolve))
    const late = manager.getAccessToken(alice)
    hold = undefined
    await manager.getAccessToken(alice)
    letGo()
    expect(outcome(await late)).toBe('access-2')
    expect(script.requests).toHaveLength(1)
  })

  test('keeps the refresh token and the scope when the issuer sends no new ones', async () => {
    const { manager, script, store, pass } = await signedIn()
    script.next.push(() => script.answer({ refresh_token: undefined, scope: undefined }))
    pass(600)
    expect(await manager.getAccessToken(alice)).toMatchObject({ scope: 'openid orders' })
    expect((await store.getToken(alice))?.token.refreshToken).toBe('refresh-1')
  })

  test('uses a token of unknown lifetime until an API refuses it', async () => {
    const { manager, script, pass } = createBench()
    await manager.storeTokens(alice, script.answer({ expires_in: undefined }))
    pass(1_000_000)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    const options = { rejectedToken: 'access-1' }
    expect(outcome(await manager.getAccessToken(alice, options))).toBe('access-2')
  })

  test('uses a token without a refresh token to its end, and then ends the session', async () => {
    const { manager, script, events, pass } = createBench()
    await manager.storeTokens(alice, script.answer({ refresh_token: undefined }))
    pass(599)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    pass(1)
    expect(outcome(await manager.getAccessToken(alice))).toBe('refresh_rejected')
    expect(events).toMatchObject([{ code: 'refresh_rejected', terminal: true }])
    expect(script.requests).toEqual([])
  })

  test('renews a good token on demand, once for all who demand it together', async () => {
    const { manager, script } = await signedIn()
    const options = { forceRenewal: true }
    const results = await Promise.all([1, 2, 3].map(() => manager.getAccessToken(alice, options)))
    expect(results.map(outcome)).toEqual(['access-2', 'access-2', 'access-2'])
    expect(script.requests).toHaveLength(1)
    expect(outcome(await manager.getAccessToken(alice, options))).toBe('access-3')
  })

  test('does not renew for a refused token that has been renewed since', async () => {
    const { manager, script } = await signedIn()
    const options = { rejectedToken: 'access-1' }
    const results = await Promise.all([1, 2, 3].map(() => manager.getAccessToken(alice, options)))
    expect(results.map(outcome)).toEqual(['access-2', 'access-2', 'access-2'])
    expect(outcome(await manager.getAccessToken(alice, options))).toBe('access-2')
    expect(script.requests).toHaveLength(1)
  })

  test('keeps sessions and users apart', async () => {
    const { manager, script, pass } = await signedIn()
    const other = { ...alice, sessionId: 'another' }
    await manager.storeTokens(other, script.answer())
    pass(600)
    const [first, second] = await Promise.all([
      manager.getAccessToken(alice),
      manager.getAccessToken(other),
    ])
    expect(outcome(first)).not.toBe(outcome(second))
    expect(script.requests.map(({ refreshToken }) => refreshToken)).toEqual([
      'refresh-1',
      'refresh-2',
    ])
  })

  // CVE-2025-26620 and CVE-2025-67490: callers with other parameters were given one another's token.
  test('gets tokens for other scopes and resources one after the other from one refresh token', async () => {
    const { manager, script, store } = await signedIn()
    const questions = [
      {},
      { scope: 'orders.read' },
      { scope: 'orders.write' },
      { resource: 'api://orders' },
      { scope: 'orders.read', resource: 'api://orders' },
    ]
    const ask = () => Promise.all(questions.map((q) => manager.getAccessToken(alice, q)))
    const tokens = (await ask()).map(outcome)
    expect(new Set(tokens).size).toBe(5)
    expect(script.requests).toEqual([
      { refreshToken: 'refresh-1', scope: 'orders.read' },
      { refreshToken: 'refresh-2', scope: 'orders.write' },
      { refreshToken: 'refresh-3', resource: 'api://orders' },
      { refreshToken: 'refresh-4', scope: 'orders.read', resource: 'api://orders' },
    ])
    expect((await ask()).map(outcome)).toEqual(tokens)
    expect((await store.getToken(alice))?.token.refreshToken).toBe('refresh-5')
  })

  test('takes the same scopes in another order for the same question', async () => {
    const { manager, script } = await signedIn()
    const results = [
      await manager.getAccessToken(alice, { scope: 'b a' }),
      await manager.getAccessToken(alice, { scope: ' a  b b' }),
    ]
    expect(new Set(results.map(outcome)).size).toBe(1)
    expect(script.requests).toHaveLength(1)
  })

  test('is not confused by a scope named like a member of every object', async () => {
    const { manager, store, script } = await signedIn()
    expect(outcome(await manager.getAccessToken(alice, { scope: '__proto__' }))).toBe('access-2')
    await manager.getAccessToken(alice, { resource: 'constructor' })
    expect(Object.keys((await store.getToken(alice))?.token.accessTokens ?? {})).toHaveLength(2)
    expect(script.requests).toHaveLength(2)
  })

  test('forgets tokens for other parameters when they are over', async () => {
    const { manager, store, pass } = await signedIn()
    await manager.getAccessToken(alice, { scope: 'a' })
    pass(700)
    await manager.getAccessToken(alice, { scope: 'b' })
    expect(Object.keys((await store.getToken(alice))?.token.accessTokens ?? {})).toEqual([
      '["b",null]',
    ])
  })

  test('lets a caller give up without taking the token from the others', async () => {
    const { manager, script, pass } = await signedIn()
    pass(600)
    let letGo = (): void => undefined
    const hold = new Promise<void>((resolve) => (letGo = resolve))
    script.next.push(async () => {
      await hold
      return script.answer()
    })
    const controller = new AbortController()
    const impatient = manager.getAccessToken(alice, { signal: controller.signal })
    const patient = manager.getAccessToken(alice, { signal: new AbortController().signal })
    controller.abort(new Error('gave up'))
    await expect(impatient).rejects.toThrow('gave up')
    letGo()
    expect(outcome(await patient)).toBe('access-2')
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(script.requests).toHaveLength(1)
  })

  test('rejects a caller who gave up before asking', async () => {
    const { manager } = await signedIn()
    const signal = AbortSignal.abort(new Error('gave up'))
    await expect(manager.getAccessToken(alice, { signal })).rejects.toThrow('gave up')
    await expect(manager.getClientAccessToken({ signal })).rejects.toThrow('gave up')
  })
})

describe('an issuer that does not answer', () => {
  test.each([
    ['no connection', unreachable],
    ['status 500', refuse({ status: 500 })],
    ['status 503', refuse({ status: 503, retryAfter: 1 })],
    ['status 429', refuse({ status: 429 })],
    ['a client it does not know', refuse({ status: 401, oauthError: 'invalid_client' })],
  ])('signs nobody out and leaves a token that still works in use: %s', async (_case, fail) => {
    const { manager, script, store, pass } = await signedIn()
    pass(590)
    script.next.push(fail)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    expect((await store.getToken(alice))?.token.refreshToken).toBe('refresh-1')
    pass(10)
    script.next.push(fail)
    expect(outcome(await manager.getAccessToken(alice))).toBe('refresh_unavailable')
    pass(60)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
  })

  test('is asked less and less often, and never by more than one caller', async () => {
    const { manager, script, pass } = await signedIn()
    pass(600)
    script.next.push(...Array.from({ length: 1000 }, () => unreachable))
    for (let second = 0; second < 120; second += 0.5) {
      await Promise.all([1, 2, 3].map(() => manager.getAccessToken(alice)))
      pass(0.5)
    }
    expect(script.requests.length).toBeGreaterThan(7)
    expect(script.requests.length).toBeLessThan(16)
  })

  test.each([
    ['it cannot be reached', unreachable],
    ['it breaks', refuse({ status: 500 })],
    ['it is away', refuse({ status: 503 })],
    ['it breaks with a code', refuse({ status: 502, oauthError: 'server_error' })],
    ['it has too much to do', refuse({ status: 429 })],
  ])('is left alone by every session when %s', async (_case, fail) => {
    const { manager, script, pass } = await signedIn()
    const bob = { subject: 'bob', sessionId: 'b' }
    await manager.storeTokens(bob, script.answer())
    pass(600)
    script.next.push(fail)
    await manager.getAccessToken(alice)
    expect(outcome(await manager.getAccessToken(bob))).toBe('refresh_unavailable')
    expect(script.requests).toHaveLength(1)
  })

  test.each<[string, () => never | TokenEndpointResponse]>([
    ['a refusal', refuse({ status: 400, oauthError: 'invalid_request' })],
    ['a refusal that says when to come back', refuse({ status: 403, retryAfter: 120 })],
    ['an error code without a status', refuse({ oauthError: 'unauthorized_client' })],
    ['an answer that nobody understands', refuse({ status: 200 })],
    ['an answer without a token', () => ({}) as TokenEndpointResponse],
    ['an answer with a token that is none', () => ({ access_token: 1 }) as never],
    ['nothing at all', () => undefined as unknown as TokenEndpointResponse],
  ])('is still asked for others when it has %s for one session', async (_case, fail) => {
    const { manager, script, pass } = await signedIn()
    const bob = { subject: 'bob', sessionId: 'b' }
    await manager.storeTokens(bob, script.answer())
    pass(600)
    script.next.push(fail)
    expect(outcome(await manager.getAccessToken(alice))).toBe('refresh_unavailable')
    expect(outcome(await manager.getAccessToken(alice))).toBe('refresh_unavailable')
    expect(outcome(await manager.getAccessToken(bob))).toBe('access-3')
    expect(script.requests).toHaveLength(2)
  })

  test.each([
    ['as long as it asks', 120, 120],
    ['an hour at most', 1_000_000, 3600],
  ])('is left alone %s', async (_case, retryAfter, seconds) => {
    const { manager, script, pass } = await signedIn()
    pass(600)
    script.next.push(refuse({ status: 503, retryAfter }))
    const result = await manager.getAccessToken(alice)
    expect(result).toMatchObject({ error: { code: 'refresh_unavailable', retryAfter: seconds } })
    pass(seconds - 1)
    expect(await manager.getAccessToken(alice)).toMatchObject({ error: { retryAfter: 1 } })
    expect(script.requests).toHaveLength(1)
    pass(1)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
  })

  test('counts failures that were under way together as one', async () => {
    const { manager, script, pass } = createBench()
    const users = Array.from({ length: 20 }, (_, index) => ({
      subject: `${index}`,
      sessionId: 's',
    }))
    for (const user of users) await manager.storeTokens(user, script.answer())
    pass(600)
    script.next.push(...users.map(() => unreachable))
    const results = await Promise.all(users.map((user) => manager.getAccessToken(user)))
    for (const result of results) {
      if (result.kind === 'success') throw new Error('there is no token')
      expect(result.error.retryAfter).toBeLessThanOrEqual(1)
    }
  })

  test('does not fill the memory with the sessions that failed', async () => {
    const { manager, script, pass } = createBench()
    const users = Array.from({ length: 1002 }, (_, i) => ({ subject: `${i}`, sessionId: 's' }))
    for (const user of users) await manager.storeTokens(user, script.answer())
    pass(600)
    for (const user of users) {
      script.next.push(refuse({ status: 400 }))
      await manager.getAccessToken(user)
      pass(1)
    }
    const first = users[0] as (typeof users)[0]
    script.next.push(refuse({ status: 400 }))
    const result = await manager.getAccessToken(first)
    expect(result).toMatchObject({ error: { code: 'refresh_unavailable' } })
    // A second failure in a row would wait for at least a second: the first one is forgotten.
    if (result.kind === 'failure') expect(result.error.retryAfter).toBeLessThanOrEqual(1)
  })
})

describe('an issuer that refuses', () => {
  test('ends the session whose refresh token it no longer accepts', async () => {
    const { manager, script, store, events, pass } = await signedIn()
    pass(600)
    script.next.push(refuse({ status: 400, oauthError: 'invalid_grant' }))
    const result = await manager.getAccessToken(alice)
    expect(result).toMatchObject({
      error: { code: 'refresh_rejected', oauthError: 'invalid_grant' },
    })
    expect(await store.getToken(alice)).toBeUndefined()
    expect(events).toMatchObject([
      { kind: 'sessionEnded', reason: 'rejected' },
      {
        kind: 'tokenFailed',
        code: 'refresh_rejected',
        terminal: true,
        oauthError: 'invalid_grant',
      },
    ])
    expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
  })

  test.each(['invalid_scope', 'invalid_target'])(
    'keeps the session when only the question is wrong: %s',
    async (oauthError) => {
      const { manager, script } = await signedIn()
      script.next.push(refuse({ status: 400, oauthError }))
      const result = await manager.getAccessToken(alice, { scope: 'admin' })
      expect(result).toMatchObject({ error: { code: 'refresh_rejected', oauthError } })
      expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
      expect(outcome(await manager.getAccessToken(alice, { scope: 'b' }))).toBe('access-2')
    },
  )

  // OpenID Connect Core 12.2
  test.each<[string, string | undefined, string | undefined, string]>([
    ['the same user', idTokenOf('alice'), idTokenOf('alice'), 'renewed'],
    ['somebody else', idTokenOf('alice'), idTokenOf('bob'), 'refresh_rejected'],
    ['nobody at the sign-in', undefined, idTokenOf('bob'), 'renewed'],
    ['nobody at the refresh', idTokenOf('alice'), undefined, 'renewed'],
    ['somebody unreadable, because it is encrypted', 'a.b.c.d.e', idTokenOf('bob'), 'renewed'],
  ])('names in a renewed ID token %s', async (_who, first, second, expected) => {
    const { manager, script, store, events, pass } = createBench()
    await manager.storeTokens(alice, script.answer({ id_token: first }))
    pass(600)
    script.next.push(() => script.answer({ access_token: 'renewed', id_token: second }))
    expect(outcome(await manager.getAccessToken(alice))).toBe(expected)
    const isOver = expected === 'refresh_rejected'
    expect((await store.getToken(alice)) === undefined).toBe(isOver)
    expect(events.some(({ kind }) => kind === 'sessionEnded')).toBe(isOver)
    expect(inspect(events)).not.toContain('bob')
  })

  test('uses the token of a process that was faster', async () => {
    const { manager, script, store, pass } = await signedIn()
    pass(600)
    script.next.push(async () => {
      await store.storeToken(alice, { accessToken: 'theirs', refreshToken: 'also theirs' })
      throw new TokenRequestError({ oauthError: 'invalid_grant' })
    })
    expect(outcome(await manager.getAccessToken(alice))).toBe('theirs')
  })

  test('waits a moment for the token of a process that was faster', async () => {
    const { manager, script, store, events, pass } = await signedIn()
    pass(600)
    script.next.push(() => {
      setTimeout(() => {
        void store.storeToken(alice, { accessToken: 'theirs', refreshToken: 'also theirs' })
      }, 50)
      throw new TokenRequestError({ oauthError: 'invalid_grant' })
    })
    expect(outcome(await manager.getAccessToken(alice))).toBe('theirs')
    expect(events).toEqual([])
  })

  test('leaves a session alone that signed in anew at the last moment', async () => {
    const memory = createMemoryUserTokenStore()
    const store: UserTokenStore = {
      ...memory,
      async clearToken(user, condition) {
        await memory.storeToken(user, { accessToken: 'of the new sign-in' })
        return memory.clearToken(user, condition)
      },
    }
    const { manager, script, kinds, pass } = await signedIn({ store })
    pass(600)
    script.next.push(refuse({ oauthError: 'invalid_grant' }))
    expect(outcome(await manager.getAccessToken(alice))).toBe('refresh_rejected')
    expect(kinds()).toEqual(['tokenFailed'])
    expect(outcome(await manager.getAccessToken(alice))).toBe('of the new sign-in')
  })

  test('finds nobody signed in after a sign-out elsewhere', async () => {
    const { manager, script, store, pass } = await signedIn()
    pass(600)
    script.next.push(async () => {
      await store.clearToken(alice)
      throw new TokenRequestError({ oauthError: 'invalid_grant' })
    })
    expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
  })
})

describe('writes that cross', () => {
  test('discards what a refresh brought after the user signed out, and revokes it', async () => {
    const { manager, script, store, pass } = await signedIn()
    pass(600)
    script.next.push(async () => {
      await manager.signOut(alice)
      return script.answer()
    })
    expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
    expect(await store.getToken(alice)).toBeUndefined()
    expect(script.revoked).toEqual(['refresh-1', 'refresh-2'])
  })

  test('prefers a sign-in that came while the refresh was under way', async () => {
    const { manager, script, store, pass } = await signedIn()
    pass(600)
    script.next.push(async () => {
      await manager.storeTokens(alice, script.answer({ access_token: 'of the sign-in' }))
      return script.answer()
    })
    expect(outcome(await manager.getAccessToken(alice))).toBe('of the sign-in')
    expect((await store.getToken(alice))?.token.accessToken).toBe('of the sign-in')
    expect(script.revoked).toEqual([])
  })

  test('goes on with the newest refresh token when another process stored a token for something else', async () => {
    const { manager, script, store } = await signedIn()
    script.next.push(async () => {
      const stored = await store.getToken(alice)
      if (stored) await store.storeToken(alice, { ...stored.token, refreshToken: 'newest' })
      return script.answer()
    })
    expect(outcome(await manager.getAccessToken(alice, { scope: 'a' }))).toBe('access-3')
    expect(script.requests.map(({ refreshToken }) => refreshToken)).toEqual(['refresh-1', 'newest'])
  })

  test('gives up for the moment when it loses twice', async () => {
    const { manager, script, store } = await signedIn()
    const lose = async () => {
      const stored = await store.getToken(alice)
      if (stored) await store.storeToken(alice, { ...stored.token, refreshToken: 'another' })
      return script.answer()
    }
    script.next.push(lose, lose)
    const result = await manager.getAccessToken(alice, { scope: 'a' })
    expect(result).toMatchObject({ error: { code: 'refresh_unavailable', retryAfter: 1 } })
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
  })
})

describe('several processes', () => {
  function withLock(): UserTokenStore & { held: boolean; fails: boolean } {
    const memory = createMemoryUserTokenStore()
    const store = {
      ...memory,
      held: false,
      fails: false,
      lock() {
        if (store.fails) return Promise.reject(new Error('away'))
        if (store.held) return Promise.resolve(undefined)
        store.held = true
        return Promise.resolve({
          release() {
            store.held = false
            return Promise.reject(new Error('a lock that cannot be given back runs out'))
          },
        })
      },
    }
    return store
  }

  test('refresh once between them', async () => {
    const { manager, another, script, pass } = await signedIn({ store: withLock() })
    const managers = [manager, another(), another(), another()]
    for (let expiry = 1; expiry <= 3; expiry += 1) {
      pass(600)
      const results = await Promise.all(
        managers.flatMap((each) => [1, 2, 3].map(() => each.getAccessToken(alice))),
      )
      expect(new Set(results.map(outcome)).size).toBe(1)
      expect(script.requests).toHaveLength(expiry)
    }
  })

  test('see a sign-out elsewhere while they wait', async () => {
    const store = withLock()
    const { manager, pass } = await signedIn({ store })
    pass(600)
    store.held = true
    const lock = vi.spyOn(store, 'lock')
    const waiting = manager.getAccessToken(alice)
    await vi.waitFor(() => {
      expect(lock).toHaveBeenCalled()
    })
    await store.clearToken(alice)
    expect(outcome(await waiting)).toBe('no_session')
  })

  test('do not wait for ever for an owner that lets nobody else refresh', async () => {
    const store = withLock()
    const { client } = createScriptedClient()
    const { manager, pass } = await signedIn({ store, client: { ...client, timeout: -4.9 } })
    pass(590)
    store.held = true
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    pass(10)
    expect(await manager.getAccessToken(alice)).toMatchObject({
      error: { code: 'refresh_unavailable', retryAfter: 1 },
    })
  })

  test('go on without a lock that cannot be had', async () => {
    const store = withLock()
    const { manager, script, pass } = await signedIn({ store })
    pass(600)
    store.fails = true
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(script.requests).toHaveLength(1)
  })

  test('let one write win where none of them can have the lock', async () => {
    const store = withLock()
    const { manager, another, script, pass } = await signedIn({ store })
    store.fails = true
    pass(600)
    const managers = [manager, another(), another(), another()]
    // An issuer that lets a refresh token be used several times within a moment.
    script.next.push(...managers.map(() => () => script.answer()))
    const results = await Promise.all(managers.map((each) => each.getAccessToken(alice)))
    const stored = await store.getToken(alice)
    expect(new Set(results.map(outcome))).toEqual(new Set([stored?.token.accessToken]))
  })

  test('use a token that is still good while somebody else renews it', async () => {
    const store = withLock()
    const { manager, script, pass } = await signedIn({ store })
    store.held = true
    pass(599)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    expect(script.requests).toEqual([])
  })

  test('do not wait for a lock that nobody hands out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const released = vi.fn(() => Promise.resolve())
    let handOut: (lock: UserTokenLock | undefined) => void = () => undefined
    const memory = createMemoryUserTokenStore()
    const lock = () => new Promise<UserTokenLock | undefined>((resolve) => (handOut = resolve))
    const { manager, script, pass } = await signedIn({ store: { ...memory, lock } })
    pass(600)
    const asked = manager.getAccessToken(alice)
    await vi.advanceTimersByTimeAsync(4999)
    expect(script.requests).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome(await asked)).toBe('access-2')
    handOut({ release: released })
    await vi.advanceTimersByTimeAsync(0)
    expect(released).toHaveBeenCalledOnce()
    // Somebody else had it all along.
    pass(600)
    const again = manager.getAccessToken(alice)
    await vi.advanceTimersByTimeAsync(5000)
    expect(outcome(await again)).toBe('access-3')
    handOut(undefined)
    await vi.advanceTimersByTimeAsync(0)
  })

  test('do not wait for a lock to be given back', async () => {
    const memory = createMemoryUserTokenStore()
    const lock = () => Promise.resolve({ release: () => new Promise<void>(() => undefined) })
    const { manager, pass } = await signedIn({ store: { ...memory, lock } })
    pass(600)
    const start = performance.now()
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(performance.now() - start).toBeLessThan(3000)
  })

  test.each([1, 30, 300])('hold a lock for longer than two requests of %i s', async (timeout) => {
    const memory = createMemoryUserTokenStore()
    const lock = vi.fn(() => Promise.resolve({ release: () => Promise.resolve() }))
    const { client } = createScriptedClient()
    const settings = { store: { ...memory, lock }, client: { ...client, timeout } }
    const { manager, pass } = await signedIn(settings)
    pass(600)
    await manager.getAccessToken(alice)
    expect(lock).toHaveBeenCalledExactlyOnceWith(alice, expect.any(Number))
    // And than the reads and writes of a slow store around them.
    const [[, ttl]] = lock.mock.calls as unknown as [[unknown, number]]
    expect(ttl).toBeGreaterThanOrEqual(2 * (timeout + 1) + 20)
  })

  test('begin no request that could outlast the lock', async () => {
    let stoodStill = 0
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + stoodStill)
    const store = withLock()
    const { manager, script, pass } = await signedIn({ store })
    pass(590)
    const read = store.getToken.bind(store)
    store.getToken = (user) => {
      // The process stood still while it had the lock of 27 seconds; a request may take 2.
      if (store.held) stoodStill += 20_000
      return read(user)
    }
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
    expect(script.requests).toEqual([])
    stoodStill = 0
    store.getToken = (user) => {
      if (store.held) stoodStill += 17_000
      return read(user)
    }
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    vi.restoreAllMocks()
  })
})

describe('a store that does not answer', () => {
  function failingStore() {
    const memory = createMemoryUserTokenStore()
    const state = { isAway: false, writesFail: false }
    const check = (fails: boolean) => {
      if (fails) throw new Error('ECONNREFUSED')
    }
    const store: UserTokenStore = {
      async storeToken(...all) {
        check(state.isAway || state.writesFail)
        return memory.storeToken(...all)
      },
      async getToken(user) {
        check(state.isAway)
        return memory.getToken(user)
      },
      async clearToken(...all) {
        check(state.isAway)
        return memory.clearToken(...all)
      },
      lock: (user, ttl) => {
        check(state.isAway)
        locks.push({ user, ttl })
        return Promise.resolve({
          release: () => {
            locks.pop()
            return Promise.resolve()
          },
        })
      },
    }
    const locks: unknown[] = []
    return { state, store, locks, memory }
  }

  test('is a failure that passes by itself', async () => {
    const { state, store } = failingStore()
    const { manager, events } = await signedIn({ store })
    state.isAway = true
    expect(outcome(await manager.getAccessToken(alice))).toBe('store_unavailable')
    expect(events).toMatchObject([
      { kind: 'tokenFailed', code: 'store_unavailable', terminal: false },
    ])
    await expect(manager.storeTokens(alice, { access_token: 'a' })).rejects.toBeInstanceOf(
      TokenUnavailableError,
    )
    await expect(manager.signOut(alice)).rejects.toMatchObject({ code: 'store_unavailable' })
    state.isAway = false
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-1')
  })

  test('loses no token that the issuer has just given', async () => {
    const { state, store, locks, memory } = failingStore()
    const { manager, script, kinds, pass } = await signedIn({ store })
    pass(600)
    state.writesFail = true
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(kinds()).toEqual(['tokenRetrieved', 'storeFailed'])
    expect(locks).toHaveLength(1)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    state.isAway = true
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    state.isAway = false
    state.writesFail = false
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect((await memory.getToken(alice))?.token.refreshToken).toBe('refresh-2')
    expect(script.requests).toHaveLength(1)
  })

  test('gets the token as soon as it is back, though nobody asks', async () => {
    const { state, store, memory } = failingStore()
    const { manager, pass } = await signedIn({ store })
    pass(600)
    state.writesFail = true
    await manager.getAccessToken(alice)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    state.writesFail = false
    await expect
      .poll(async () => (await memory.getToken(alice))?.token.refreshToken, { timeout: 3000 })
      .toBe('refresh-2')
  })

  test('keeps the newest of several tokens that wait for it', async () => {
    const { state, store, memory } = failingStore()
    delete store.lock
    const { manager, pass } = await signedIn({ store })
    pass(600)
    state.writesFail = true
    await manager.getAccessToken(alice)
    expect(outcome(await manager.getAccessToken(alice, { forceRenewal: true }))).toBe('access-3')
    state.writesFail = false
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-3')
    expect((await memory.getToken(alice))?.token.refreshToken).toBe('refresh-3')
  })

  const nothing = () => Promise.resolve()
  type Act = (
    manager: ReturnType<typeof createTokenManager>,
    memory: UserTokenStore,
  ) => Promise<unknown>
  test.each<[string, Act, string]>([
    ['nothing else happens', nothing, 'access-3'],
    ['the user signs out', (manager) => manager.signOut(alice), 'no_session'],
    [
      'the user signs in elsewhere',
      (_manager, memory) => memory.storeToken(alice, { accessToken: 'new' }),
      'new',
    ],
  ])('keeps the newest of two tokens that wait, if %s', async (_case, act, expected) => {
    const memory = createMemoryUserTokenStore()
    let isAway = false
    let letGo = (): void => undefined
    let hold: Promise<void> | undefined
    const store: UserTokenStore = {
      ...memory,
      async storeToken(user, token, condition) {
        if (hold && token.refreshToken === 'refresh-2') await hold
        if (isAway) throw new Error('away')
        return memory.storeToken(user, token, condition)
      },
    }
    const { manager, script, pass } = await signedIn({ store })
    pass(600)
    isAway = true
    await manager.getAccessToken(alice)
    script.next.push(() => {
      hold = new Promise((resolve) => (letGo = resolve))
      return script.answer()
    })
    const renewing = manager.getAccessToken(alice, { forceRenewal: true })
    await expect.poll(() => hold !== undefined).toBe(true)
    const reading = manager.getAccessToken(alice)
    expect(outcome(await renewing)).toBe('access-3')
    isAway = false
    await act(manager, memory)
    letGo()
    await reading
    expect(outcome(await manager.getAccessToken(alice))).toBe(expected)
    expect((await memory.getToken(alice))?.token.accessToken ?? 'no_session').toBe(expected)
  })

  test.each([
    ['a sign-out', (m: ReturnType<typeof createTokenManager>) => m.signOut(alice), 'no_session'],
    [
      'a new sign-in',
      (m: ReturnType<typeof createTokenManager>) => m.storeTokens(alice, { access_token: 'new' }),
      'new',
    ],
  ])('never gets a waiting token after %s', async (_case, act, expected) => {
    const { state, store } = failingStore()
    const { manager, pass } = await signedIn({ store })
    pass(600)
    state.writesFail = true
    await manager.getAccessToken(alice)
    state.writesFail = false
    await act(manager)
    expect(outcome(await manager.getAccessToken(alice))).toBe(expected)
  })

  test('takes a write for done whose confirmation was lost', async () => {
    const memory = createMemoryUserTokenStore()
    let isLost = false
    const store: UserTokenStore = {
      ...memory,
      async storeToken(...all) {
        const version = await memory.storeToken(...all)
        if (!isLost) return version
        isLost = false
        throw new Error('ECONNRESET')
      },
    }
    const { manager, script, pass } = await signedIn({ store })
    pass(600)
    isLost = true
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(script.requests).toHaveLength(1)
  })
})

describe('a store whose answers are lost', () => {
  /** Fails before or after it has written, as it is told. */
  function losing() {
    const memory = createMemoryUserTokenStore()
    const state = { loses: false, isAway: false }
    const store: UserTokenStore = {
      ...memory,
      async storeToken(...all) {
        if (state.isAway) throw new Error('ECONNREFUSED')
        const version = await memory.storeToken(...all)
        if (state.loses) throw new Error('ECONNRESET')
        return version
      },
      getToken: (user) =>
        state.isAway || state.loses ? Promise.reject(new Error('away')) : memory.getToken(user),
    }
    return { memory, state, store }
  }

  test('is told from one that has taken in somebody else', async () => {
    const { memory, store } = losing()
    const { manager, script, pass, kinds } = await signedIn({ store })
    const write = store.storeToken.bind(store)
    store.storeToken = async (...all) => {
      store.storeToken = write
      await write(...all)
      throw new Error('ECONNRESET')
    }
    pass(600)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    expect(kinds()).toEqual(['tokenRetrieved'])
    expect((await memory.getToken(alice))?.token.refreshToken).toBe('refresh-2')
    // Somebody else's tokens in its place are another matter.
    store.storeToken = async () => {
      store.storeToken = write
      await memory.storeToken(alice, { accessToken: 'of a sign-in' })
      throw new Error('ECONNRESET')
    }
    const renewed = await manager.getAccessToken(alice, { forceRenewal: true })
    expect(outcome(renewed)).toBe('of a sign-in')
    expect(script.requests).toHaveLength(2)
  })

  test('never gets an older token in place of the newest, over several renewals', async () => {
    const { memory, state, store } = losing()
    const { manager, script, pass } = await signedIn({ store })
    const renew = () => manager.getAccessToken(alice, { forceRenewal: true })
    pass(600)
    script.next.push(() => {
      state.loses = true
      return script.answer()
    })
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    // By now the store holds the second token under a version that nobody here knows.
    expect(outcome(await renew())).toBe('access-3')
    state.loses = false
    state.isAway = true
    expect(outcome(await renew())).toBe('access-4')
    expect(outcome(await renew())).toBe('access-5')
    state.isAway = false
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-5')
    expect((await memory.getToken(alice))?.token.refreshToken).toBe('refresh-5')
    expect(script.requests.map(({ refreshToken }) => refreshToken)).toEqual([
      'refresh-1',
      'refresh-2',
      'refresh-3',
      'refresh-4',
    ])
  })

  test('gets the newest token over one that was written late', async () => {
    const { memory, state, store } = losing()
    const { manager, script, pass } = await signedIn({ store })
    pass(600)
    state.isAway = false
    const write = store.storeToken.bind(store)
    let late: Promise<unknown> | undefined
    store.storeToken = (...all) => {
      if (all[1].refreshToken !== 'refresh-2') return write(...all)
      // Goes through when everybody has given it up.
      late ??= vi
        .waitFor(() => {
          expect(script.requests).toHaveLength(2)
        }, 5000)
        .then(() => write(...all))
      return Promise.reject(new Error('ETIMEDOUT'))
    }
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
    script.next.push(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return script.answer()
    })
    const renewed = await manager.getAccessToken(alice, { forceRenewal: true })
    await late
    expect(outcome(renewed)).toBe('access-3')
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-3')
    expect((await memory.getToken(alice))?.token.refreshToken).toBe('refresh-3')
  })
})

test('a store that goes away in the midst of a renewal fails it, without a good token', async () => {
  const memory = createMemoryUserTokenStore()
  let reads = 0
  const store: UserTokenStore = { ...memory }
  const { manager, script, pass } = await signedIn({ store })
  store.getToken = (user) =>
    reads++ === 0 ? memory.getToken(user) : Promise.reject(new Error('away'))
  pass(600)
  expect(outcome(await manager.getAccessToken(alice))).toBe('store_unavailable')
  expect(script.requests).toEqual([])
})

test('a session that ends while a lost write is looked at has no tokens', async () => {
  const memory = createMemoryUserTokenStore()
  const store: UserTokenStore = { ...memory }
  const { manager, script, pass } = await signedIn({ store })
  pass(600)
  script.next.push(async () => {
    await memory.storeToken(alice, { accessToken: 'of a sign-in' })
    store.getToken = async (user) => {
      const stored = await memory.getToken(user)
      await memory.clearToken(user)
      return stored
    }
    return script.answer()
  })
  expect(outcome(await manager.getAccessToken(alice))).toBe('no_session')
})

describe('a store that hangs', () => {
  test('counts as down after five seconds, and a token that is good is used', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const memory = createMemoryUserTokenStore()
    const hang = () => new Promise<never>(() => undefined)
    const store: UserTokenStore = { ...memory }
    const { manager, script, pass } = await signedIn({ store })
    pass(599)
    let reads = 0
    store.getToken = (user) => (reads++ === 0 ? memory.getToken(user) : hang())
    const good = manager.getAccessToken(alice)
    await vi.advanceTimersByTimeAsync(5000)
    expect(outcome(await good)).toBe('access-1')
    const bad = [
      manager.getAccessToken(alice),
      manager.signOut(alice).catch((error: unknown) => ({ kind: 'failure' as const, error })),
    ]
    await vi.advanceTimersByTimeAsync(4999)
    const settled = vi.fn()
    void Promise.race(bad).then(settled)
    await vi.advanceTimersByTimeAsync(0)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    for (const result of await Promise.all(bad)) {
      expect(result).toMatchObject({ error: { code: 'store_unavailable' } })
    }
    store.storeToken = hang
    const storing = manager.storeTokens(alice, script.answer()).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await storing).toMatchObject({ code: 'store_unavailable' })
  })

  test('holds up a renewal for six seconds, and its callers for one after that', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const memory = createMemoryUserTokenStore()
    let hangs = true
    const store: UserTokenStore = {
      ...memory,
      storeToken: (user, token, condition) =>
        hangs && condition
          ? new Promise(() => undefined)
          : memory.storeToken(user, token, condition),
    }
    const { manager, kinds, pass, script } = await signedIn({ store })
    pass(600)
    const asked = manager.getAccessToken(alice)
    await vi.advanceTimersByTimeAsync(6000)
    expect(outcome(await asked)).toBe('access-2')
    expect(kinds()).toContain('storeFailed')
    const again = [1, 2, 3].map(() => manager.getAccessToken(alice))
    await vi.advanceTimersByTimeAsync(1000)
    expect((await Promise.all(again)).map(outcome)).toEqual(Array(3).fill('access-2'))
    hangs = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await memory.getToken(alice))?.token.refreshToken).toBe('refresh-2')
    expect(script.requests).toHaveLength(1)
  })
})

describe('signOut()', () => {
  test('forgets the tokens, tells the issuer and returns the ID token', async () => {
    const { manager, script, store, events } = createBench()
    await manager.storeTokens(alice, script.answer({ id_token: 'the ID token' }))
    expect(await manager.signOut(alice)).toEqual({ idToken: 'the ID token' })
    expect(await store.getToken(alice)).toBeUndefined()
    expect(script.revoked).toEqual(['refresh-1'])
    expect(events).toMatchObject([{ kind: 'sessionEnded', reason: 'signedOut' }])
    expect(await manager.signOut(alice)).toEqual({ idToken: undefined })
    expect(script.revoked).toHaveLength(1)
  })

  test('has nothing to revoke without a refresh token', async () => {
    const { manager, script } = createBench()
    await manager.storeTokens(alice, script.answer({ refresh_token: undefined }))
    await manager.signOut(alice)
    expect(script.revoked).toEqual([])
  })

  test('succeeds although the issuer refuses', async () => {
    const { manager, script, store, kinds } = await signedIn()
    script.revoke = () => Promise.reject(new TokenRequestError({ status: 503 }))
    await manager.signOut(alice)
    expect(await store.getToken(alice)).toBeUndefined()
    expect(kinds()).toEqual(['sessionEnded', 'revocationFailed'])
  })

  test('does not wait long for an issuer that never answers', async () => {
    const { manager, script, store } = await signedIn()
    script.revoke = () => new Promise(() => undefined)
    const start = performance.now()
    await manager.signOut(alice)
    expect(performance.now() - start).toBeLessThan(4500)
    expect(await store.getToken(alice)).toBeUndefined()
  })
})

describe('onTokens()', () => {
  const tokens = { access_token: 'a', claims: () => ({ sub: 'alice' }) }

  test('stores the tokens under the subject of the ID token', async () => {
    const { manager } = createBench()
    const user = await manager.onTokens(tokens, { sessionId: 's' })
    expect(user).toEqual({ subject: 'alice', sessionId: 's' })
    expect(outcome(await manager.getAccessToken(user))).toBe('a')
  })

  test('takes another name for the user', async () => {
    const { manager } = createBench()
    const user = await manager.onTokens(tokens, { sessionId: 's', subject: 'user 7' })
    expect(user).toEqual({ subject: 'user 7', sessionId: 's' })
  })

  test.each([
    ['no ID token', { access_token: 'a', claims: () => undefined }],
    ['no claims at all', { access_token: 'a' }],
  ])('asks for a name when there is %s', async (_case, response) => {
    const { manager } = createBench()
    await expect(manager.onTokens(response, { sessionId: 's' })).rejects.toThrow('"subject"')
  })
})

describe('getClientAccessToken()', () => {
  test('asks once for any number of callers and keeps the token while it is fresh', async () => {
    const { manager, script, events, pass } = createBench()
    const ask = () => Promise.all([1, 2, 3].map(() => manager.getClientAccessToken()))
    expect((await ask()).map(outcome)).toEqual(['access-1', 'access-1', 'access-1'])
    pass(539)
    await ask()
    expect(script.requests).toEqual([{}])
    pass(1)
    expect((await ask()).map(outcome)).toEqual(['access-2', 'access-2', 'access-2'])
    expect(events.map((event) => [event.kind, 'user' in event])).toEqual([
      ['tokenRetrieved', false],
      ['tokenRetrieved', false],
    ])
  })

  test('keeps scopes and resources apart', async () => {
    const { manager, script } = createBench()
    const questions = [{ scope: 'a' }, { scope: 'b' }, { resource: 'a' }, {}]
    const results = await Promise.all(questions.map((q) => manager.getClientAccessToken(q)))
    expect(new Set(results.map(outcome)).size).toBe(4)
    expect(script.requests).toEqual(questions)
  })

  test('renews on demand and in place of a refused token', async () => {
    const { manager } = createBench()
    await manager.getClientAccessToken()
    const renewed = await manager.getClientAccessToken({ forceRenewal: true })
    expect(outcome(renewed)).toBe('access-2')
    const options = { rejectedToken: 'access-1' }
    expect(outcome(await manager.getClientAccessToken(options))).toBe('access-2')
    const again = { rejectedToken: 'access-2' }
    expect(outcome(await manager.getClientAccessToken(again))).toBe('access-3')
  })

  test('never keeps a failure, and serves the old token for as long as it works', async () => {
    const { manager, script, events, pass } = createBench()
    script.next.push(refuse({ status: 500 }))
    expect(outcome(await manager.getClientAccessToken())).toBe('refresh_unavailable')
    expect(events).toMatchObject([{ kind: 'tokenFailed', terminal: false }])
    expect(await manager.getClientAccessToken()).toMatchObject({
      error: { retryAfter: expect.any(Number) as number },
    })
    expect(script.requests).toHaveLength(1)
    pass(2)
    expect(outcome(await manager.getClientAccessToken())).toBe('access-1')
    pass(590)
    script.next.push(unreachable)
    expect(outcome(await manager.getClientAccessToken())).toBe('access-1')
    pass(10)
    script.next.push(refuse({ status: 401, oauthError: 'invalid_client' }))
    expect(await manager.getClientAccessToken()).toMatchObject({
      error: { oauthError: 'invalid_client' },
    })
  })
})

describe('an issuer that refuses the application itself', () => {
  test.each([
    ['invalid_client', 401, 'secret'],
    ['unauthorized_client', 400, 'grant'],
    ['unsupported_grant_type', 400, 'grant'],
    ['invalid_scope', 400, '"scope"'],
    ['invalid_target', 400, '"resource"'],
    ['invalid_request', 400, '"oauthError"'],
    ['access_denied', 403, '"oauthError"'],
    ['invalid_scope', undefined, '"scope"'],
  ])('says once and for all what to do: %s (%s)', async (oauthError, status, advice) => {
    const { manager, script, events, pass } = createBench()
    script.next.push(refuse({ status, oauthError }))
    const ask = () => manager.getClientAccessToken({ scope: 'a' })
    const results = await Promise.all([ask(), ask(), ask()])
    for (const result of [...results, await ask()]) {
      expect(result).toMatchObject({
        error: { code: 'refresh_rejected', oauthError, retryAfter: undefined },
      })
      expect(result.kind === 'failure' && result.error.message).toContain(advice)
    }
    expect(events).toHaveLength(4)
    for (const event of events) expect(event).toMatchObject({ kind: 'tokenFailed', terminal: true })
    expect(script.requests).toHaveLength(1)
    // Somebody sets it right.
    pass(1)
    expect(outcome(await ask())).toBe('access-1')
    expect(outcome(await ask())).toBe('access-1')
  })

  test.each([
    ['an outage', refuse({ status: 503, oauthError: 'temporarily_unavailable' })],
    ['an outage without a status of its own', refuse({ oauthError: 'server_error' })],
    ['too many requests', refuse({ status: 429, oauthError: 'invalid_client' })],
    ['a breakdown', refuse({ status: 500, oauthError: 'invalid_client' })],
    ['no connection', unreachable],
    ['an answer that nobody understands', () => ({}) as TokenEndpointResponse],
  ])('is told from %s', async (_case, fail) => {
    const { manager, script, events } = createBench()
    script.next.push(fail)
    expect(outcome(await manager.getClientAccessToken())).toBe('refresh_unavailable')
    expect(await manager.getClientAccessToken()).toMatchObject({
      error: { code: 'refresh_unavailable', retryAfter: expect.any(Number) as number },
    })
    expect(events).toMatchObject([{ terminal: false }, { terminal: false }])
  })

  test('lets the old token serve to its end, and nobody else wait', async () => {
    const { manager, script, pass } = await signedIn()
    expect(outcome(await manager.getClientAccessToken())).toBe('access-2')
    pass(590)
    script.next.push(refuse({ status: 401, oauthError: 'invalid_client' }))
    expect(outcome(await manager.getClientAccessToken())).toBe('access-2')
    expect(outcome(await manager.getClientAccessToken({ scope: 'a' }))).toBe('access-3')
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-4')
    pass(10)
    script.next.push(refuse({ status: 401, oauthError: 'invalid_client' }))
    expect(outcome(await manager.getClientAccessToken())).toBe('refresh_rejected')
  })

  test('holds up nobody when its client never settles', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { manager, script } = createBench()
    script.next.push(() => new Promise(() => undefined))
    const asked = manager.getClientAccessToken()
    await vi.advanceTimersByTimeAsync(2000)
    expect(outcome(await asked)).toBe('refresh_unavailable')
  })

  test('keeps no more than a thousand tokens', async () => {
    const { manager, script } = createBench()
    const ask = (scope: number) => manager.getClientAccessToken({ scope: String(scope) })
    for (let scope = 0; scope <= 1000; scope += 1) await ask(scope)
    expect(script.requests).toHaveLength(1001)
    await ask(1000)
    await ask(1)
    expect(script.requests).toHaveLength(1001)
    await ask(0)
    expect(script.requests).toHaveLength(1002)
  })
})

test('a client without a limit gets thirty seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { client, script } = createScriptedClient()
  const boundless = { ...client, timeout: undefined as unknown as number }
  const { manager, pass } = await signedIn({ client: boundless })
  pass(600)
  script.next.push(() => new Promise(() => undefined))
  const asked = manager.getAccessToken(alice)
  const settled = vi.fn()
  void asked.then(settled)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(settled).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1000)
  expect(outcome(await asked)).toBe('refresh_unavailable')
})

describe('createTokenManager()', () => {
  const { client } = createScriptedClient()

  test.each([
    ['no client', {}, '"client" must be a token client'],
    ['an openid-client configuration in its place', { client: { timeout: 30 } }, 'openidClient()'],
    ['an unknown option', { client, bufferMs: 1 }, '"bufferMs" is not a member'],
    ['a negative buffer', { client, buffer: -1 }, '"buffer" must be a non-negative number'],
    ['a clock that is none', { client, clock: 1 }, '"clock" must be a function'],
    ['a handler that is none', { client, onEvent: 1 }, '"onEvent" must be a function'],
  ])('refuses %s', (_case, options, message) => {
    expect(() => createTokenManager(options as never)).toThrow(message)
    expect(() => createTokenManager(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }) as Error,
    )
  })

  test('keeps tokens in memory by default and takes undefined for not given', async () => {
    const manager = createTokenManager({
      client,
      store: undefined,
      buffer: undefined,
      onEvent: undefined,
      clock: undefined,
    })
    await manager.storeTokens(alice, { access_token: 'a', expires_in: 600 })
    expect(outcome(await manager.getAccessToken(alice, { signal: undefined }))).toBe('a')
  })

  test('is not disturbed by a handler that throws', async () => {
    const { manager, pass } = await signedIn({
      onEvent: () => {
        throw new Error('a bug in the handler')
      },
    })
    pass(600)
    expect(outcome(await manager.getAccessToken(alice))).toBe('access-2')
  })

  test('hides the token from logs of its results', async () => {
    const { manager } = await signedIn()
    const result = await manager.getAccessToken(alice)
    expect(outcome(result)).toBe('access-1')
    expect(inspect(result, { depth: 9, showHidden: true })).not.toContain('access-1')
    expect(JSON.stringify(result)).not.toContain('access-1')
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({ kind: 'success' })
  })

  test('passes on a set-up that the store finds wrong', async () => {
    const { createSessionUserTokenStore } = await import('express-jwt-bearer/tokens')
    const { manager } = createBench({ store: createSessionUserTokenStore() })
    await expect(manager.getAccessToken(alice)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })
})

import {
  createMemoryRefreshStore,
  createTokenIssuer,
  type RefreshStore,
} from 'express-jwt-bearer/issuer'
import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { claimsOf, headerOf, interrupted, setUp, tokensOf } from './set-up.js'

const refused = (reason: string) => ({ kind: 'refused', error: 'invalid_grant', reason })

describe('issue', () => {
  test('signs an access token in the profile of RFC 9068', async () => {
    const { issuer, caller } = setUp({ accessTokenJitter: 0 })
    const tokens = await issuer.issue('alice', { roles: ['Admin'] })
    expect(headerOf(tokens)).toEqual({ alg: 'HS256', typ: 'at+jwt' })
    expect(claimsOf(tokens)).toEqual({
      iss: 'https://issuer.test',
      aud: 'api://orders',
      sub: 'alice',
      client_id: 'api://orders',
      iat: 1_700_000_000,
      exp: 1_700_000_600,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      sid: tokens.refreshToken.split('.')[0],
      roles: ['Admin'],
    })
    expect(tokens).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 })
    expect(Object.keys(tokens).sort()).toEqual([
      'accessToken',
      'expiresIn',
      'refreshToken',
      'tokenType',
    ])
    const result = await caller(tokens)
    expect(result.kind === 'success' && result.principal.isInRole('Admin')).toBe(true)
  })

  test('names several audiences and another client where it is told so', async () => {
    const { issuer } = setUp({ audience: ['api://orders', 'api://stock'], clientId: 'shop' })
    expect(claimsOf(await issuer.issue('alice'))).toMatchObject({
      aud: ['api://orders', 'api://stock'],
      client_id: 'shop',
    })
    expect(claimsOf(await issuer.issue('alice', {}, { clientId: 'phone' }))['client_id']).toBe(
      'phone',
    )
  })

  test.each([
    ['the whole lifetime', 0, 600],
    ['5 % less', 1 - Number.EPSILON, 570],
  ])('shortens lifetimes by chance, at most to %s', async (_case, random, expiresIn) => {
    vi.spyOn(Math, 'random').mockReturnValue(random)
    const { issuer } = setUp()
    expect((await issuer.issue('alice')).expiresIn).toBe(expiresIn)
    vi.restoreAllMocks()
  })

  test('hands out refresh tokens of 256 random bits', async () => {
    const { issuer } = setUp({ maxSessions: 200 })
    const all = await Promise.all(Array.from({ length: 100 }, () => issuer.issue('alice')))
    const secrets = new Set(all.map(({ refreshToken }) => refreshToken.split('.')[1]))
    expect(secrets.size).toBe(100)
    for (const text of secrets) expect(Buffer.from(String(text), 'base64url')).toHaveLength(32)
  })

  test.each(['iss', 'aud', 'sub', 'client_id', 'iat', 'nbf', 'exp', 'jti', 'sid'])(
    'refuses a claim "%s" of the caller',
    async (name) => {
      const { issuer } = setUp()
      await expect(issuer.issue('alice', { [name]: 'x' })).rejects.toThrow(
        `The claim "${name}" is set by the issuer`,
      )
    },
  )

  test.each([[''], [undefined]])('refuses the subject %j', async (subject) => {
    await expect(setUp().issuer.issue(subject as string)).rejects.toThrow(TypeError)
  })

  test('ends the oldest session of a subject that has too many', async () => {
    const { issuer, caller, passTime } = setUp({ maxSessions: 2 })
    const first = await issuer.issue('alice')
    passTime(1)
    const second = await issuer.issue('alice')
    await issuer.issue('bob')
    expect((await caller(first)).kind).toBe('success')
    await issuer.issue('alice')
    expect(await issuer.refresh(first.refreshToken)).toEqual(refused('revokedPresented'))
    expect((await caller(first)).kind).toBe('failure')
    expect((await issuer.refresh(second.refreshToken)).kind).toBe('success')
  })
})

describe('issue, many at once', () => {
  /** A store whose answers take their time, as those of engines do. */
  function slow(store: RefreshStore): RefreshStore {
    const later = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    return Object.fromEntries(
      Object.entries(store).map(([name, method]: [string, (...all: unknown[]) => unknown]) => [
        name,
        async (...all: unknown[]) => {
          await later()
          const answer = await method(...all)
          await later()
          return answer
        },
      ]),
    ) as unknown as RefreshStore
  }

  test.each([1, 5])('keeps a subject to %i sessions', async (maxSessions) => {
    const { issuer, store, clock } = setUp({ maxSessions })
    const { issuer: another } = setUp({ store: slow(store), maxSessions, clock })
    await issuer.issue('alice')
    const signIns = await Promise.all(Array.from({ length: 20 }, () => another.issue('alice')))
    const live = await issuer.sessions('alice')
    expect(live).toHaveLength(maxSessions)
    const refreshed = await Promise.all(
      signIns.map(({ refreshToken }) => issuer.refresh(refreshToken)),
    )
    expect(refreshed.filter(({ kind }) => kind === 'success')).toHaveLength(maxSessions)
  })
})

describe('issue, when the store fails half-way', () => {
  const away = () => Promise.reject(new Error('away'))

  test.each<[string, (store: RefreshStore) => Partial<RefreshStore>]>([
    ['before anything is written', () => ({ create: away })],
    [
      'while it answers that the session is written',
      (store) => ({
        create: async (...all) => {
          await store.create(...all)
          return away()
        },
      }),
    ],
    ['while it lists the sessions', () => ({ list: away })],
    [
      'while it ends the oldest',
      (store) => {
        let calls = 0
        return { revokeFamily: (id) => (calls++ === 0 ? away() : store.revokeFamily(id)) }
      },
    ],
  ])('%s, leaves no session behind', async (_when, fault) => {
    const { issuer, store } = setUp()
    await issuer.issue('alice')
    const { issuer: failing } = setUp({ store: { ...store, ...fault(store) }, maxSessions: 1 })
    await expect(failing.issue('alice')).rejects.toThrow('away')
    expect(await store.list('alice')).toHaveLength(1)
  })

  test('and stays away for a while, leaves no session behind when it is back', async () => {
    vi.useFakeTimers()
    const { issuer, store } = setUp()
    let isAway = true
    const list = () => (isAway ? away() : store.list('alice'))
    const revokeFamily = (id: string) => (isAway ? away() : store.revokeFamily(id))
    const { issuer: failing } = setUp({ store: { ...store, list, revokeFamily } })
    await expect(failing.issue('alice')).rejects.toThrow('away')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await issuer.sessions('alice')).toHaveLength(1)
    isAway = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await issuer.sessions('alice')).toEqual([])
    vi.useRealTimers()
  })

  test('does not wait for a deny list that is down to end the oldest session', async () => {
    const denyList = { deny: away, isDenied: () => Promise.resolve(false) }
    const { issuer, types } = setUp({ maxSessions: 1, denyList })
    const first = await issuer.issue('alice')
    const second = await issuer.issue('alice')
    expect(types()).toEqual(['denyListUnavailable'])
    expect(await issuer.refresh(first.refreshToken)).toEqual(refused('revokedPresented'))
    expect((await issuer.refresh(second.refreshToken)).kind).toBe('success')
  })
})

describe('the lifetime of an access token', () => {
  test.each([
    ['the shortest there is', { accessTokenLifetime: 1, accessTokenJitter: 0.99 }, 1],
    ['a fraction of a second over it', { accessTokenLifetime: 2.9, accessTokenJitter: 0 }, 2],
    ['cut off by the session', { absoluteLifetime: 5, accessTokenLifetime: 600 }, 5],
  ])('is never nothing: %s', async (_case, options, seconds) => {
    const { issuer, passTime } = setUp(options)
    for (let part = 0; part < 10; part += 1) {
      const tokens = await issuer.issue('alice')
      const { exp, iat } = claimsOf(tokens) as { exp: number; iat: number }
      expect(exp - iat).toBeGreaterThanOrEqual(Math.max(1, seconds))
      expect(exp - iat).toBe(tokens.expiresIn)
      passTime(0.099)
    }
  })

  test.each([
    ['an hour ahead', 3600],
    ['a day behind', -86_400],
  ])('goes by the store when its clock is %s of the app', async (_case, ahead) => {
    const { clock } = setUp()
    let late = 0
    const store = createMemoryRefreshStore({ clock: () => clock() + (ahead + late) * 1000 })
    const { issuer } = setUp({ store, absoluteLifetime: 1000, idleLifetime: 1000, clock })
    const first = await issuer.issue('alice')
    late = 900
    const second = tokensOf(await issuer.refresh(first.refreshToken))
    expect(second.expiresIn).toBe(100)
    late = 999.5
    const last = tokensOf(await issuer.refresh(second.refreshToken))
    const { exp, iat } = claimsOf(last) as { exp: number; iat: number }
    expect(exp - iat).toBe(1)
  })
})

describe('refresh', () => {
  test('exchanges a refresh token for a new pair with the same claims', async () => {
    const { issuer, types, events } = setUp()
    const first = await issuer.issue('alice', { roles: ['Admin'] }, { meta: { device: 'phone' } })
    const result = await issuer.refresh(first.refreshToken)
    const second = tokensOf(result)
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(claimsOf(second)).toMatchObject({
      sub: 'alice',
      roles: ['Admin'],
      sid: claimsOf(first)['sid'],
    })
    expect(claimsOf(second)['jti']).not.toBe(claimsOf(first)['jti'])
    expect(result).toMatchObject({ session: { subject: 'alice', meta: { device: 'phone' } } })
    expect(types()).toEqual(['rotated'])
    expect(events[0]).toEqual({
      type: 'rotated',
      tokenId: expect.stringMatching(/^[\w-]{8}$/) as string,
      sessionId: claimsOf(first)['sid'],
      subject: 'alice',
      clientId: 'api://orders',
    })
  })

  test('answers a repeated request with the same refresh token and a new access token', async () => {
    const { issuer, types, passTime } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const first = tokensOf(await issuer.refresh(refreshToken))
    passTime(19)
    const second = tokensOf(await issuer.refresh(refreshToken))
    expect(second.refreshToken).toBe(first.refreshToken)
    expect(claimsOf(second)['jti']).not.toBe(claimsOf(first)['jti'])
    expect(types()).toEqual(['rotated', 'replayed'])
  })

  test('does not move the window when a token is replayed', async () => {
    const { issuer, passTime } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    await issuer.refresh(refreshToken)
    passTime(15)
    expect((await issuer.refresh(refreshToken)).kind).toBe('success')
    passTime(5)
    expect(await issuer.refresh(refreshToken)).toEqual(refused('reuseDetected'))
  })

  test('refuses a straggler whose successor is in use and keeps the session', async () => {
    const { issuer, types } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const second = tokensOf(await issuer.refresh(refreshToken))
    const third = tokensOf(await issuer.refresh(second.refreshToken))
    expect(await issuer.refresh(refreshToken)).toEqual(refused('replayLate'))
    expect((await issuer.refresh(third.refreshToken)).kind).toBe('success')
    expect(types()).toEqual(['rotated', 'rotated', 'replayLate', 'rotated'])
  })

  test('ends the session and its access tokens when a token is reused after the window', async () => {
    const { issuer, types, passTime, caller } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const second = tokensOf(await issuer.refresh(refreshToken))
    passTime(20)
    expect((await caller(second)).kind).toBe('success')
    expect(await issuer.refresh(refreshToken)).toEqual(refused('reuseDetected'))
    expect(await caller(second)).toMatchObject({
      kind: 'failure',
      error: { code: 'ERR_TOKEN_REVOKED' },
    })
    expect(await issuer.refresh(second.refreshToken)).toEqual(refused('revokedPresented'))
    expect(types()).toEqual(['rotated', 'reuseDetected', 'denied', 'revokedPresented'])
  })

  test('refuses reuse even when the deny list is down, and says so', async () => {
    const down = () => Promise.reject(new Error('down'))
    const denyList = { deny: down, isDenied: down }
    const { issuer, types, passTime } = setUp({ denyList })
    const { refreshToken } = await issuer.issue('alice')
    const second = tokensOf(await issuer.refresh(refreshToken))
    passTime(20)
    expect(await issuer.refresh(refreshToken)).toEqual(refused('reuseDetected'))
    expect(await issuer.refresh(second.refreshToken)).toEqual(refused('revokedPresented'))
    expect(types()).toEqual(['rotated', 'denyListUnavailable', 'reuseDetected', 'revokedPresented'])
  })

  test.each([
    ['nothing', undefined],
    ['an object', { length: 66 }],
    ['an empty text', ''],
    ['a megabyte', 'a'.repeat(1_000_000)],
    ['a token of the right form', `${'a'.repeat(22)}.${'b'.repeat(43)}`],
    ['a token and a line break', `${'a'.repeat(22)}.${'b'.repeat(43)}\n`],
  ])('refuses %s as unknown', async (_case, token) => {
    const { issuer, types } = setUp()
    expect(await issuer.refresh(token as unknown as string)).toEqual(refused('unknown'))
    expect(types()).toEqual(['unknown'])
  })

  test('refuses a token whose secret differs in one character', async () => {
    const { issuer } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const other = refreshToken.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))
    expect(await issuer.refresh(other)).toEqual(refused('unknown'))
    expect((await issuer.refresh(refreshToken)).kind).toBe('success')
  })

  test('refuses the token of another client and does no harm to its session', async () => {
    const { issuer, types } = setUp()
    const { refreshToken } = await issuer.issue('alice', {}, { clientId: 'phone' })
    expect(await issuer.refresh(refreshToken, { clientId: 'web' })).toEqual(
      refused('clientMismatch'),
    )
    expect((await issuer.refresh(refreshToken, { clientId: 'phone' })).kind).toBe('success')
    expect(types()).toEqual(['clientMismatch', 'rotated'])
  })

  test('refuses a token that was idle for too long', async () => {
    const { issuer, passTime } = setUp({ idleLifetime: 100 })
    const one = await issuer.issue('alice')
    const other = await issuer.issue('alice')
    passTime(99)
    expect((await issuer.refresh(one.refreshToken)).kind).toBe('success')
    passTime(1)
    expect(await issuer.refresh(other.refreshToken)).toEqual(refused('expired'))
  })

  test('never outlives the absolute lifetime, over 1,000 rotations', async () => {
    const { issuer, passTime, clock } = setUp({ absoluteLifetime: 1000, idleLifetime: 10 })
    const end = clock() / 1000 + 1000
    let tokens = await issuer.issue('alice')
    for (let rotation = 0; rotation < 1000; rotation++) {
      passTime(0.999)
      tokens = tokensOf(await issuer.refresh(tokens.refreshToken))
      expect(claimsOf(tokens)['exp']).toBeLessThanOrEqual(end)
    }
    passTime(1)
    expect(await issuer.refresh(tokens.refreshToken)).toEqual(refused('expired'))
  })

  test('gives 64 parallel presenters one and the same successor', async () => {
    const { issuer, types } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const results = await Promise.all(
      Array.from({ length: 64 }, () => issuer.refresh(refreshToken)),
    )
    const successors = new Set(results.map((result) => tokensOf(result).refreshToken))
    expect(successors.size).toBe(1)
    expect(types().filter((type) => type === 'rotated')).toHaveLength(1)
    const [successor] = successors
    expect((await issuer.refresh(String(successor))).kind).toBe('success')
  })

  test('leaves no live child when a revocation comes between decision and rotation', async () => {
    const store = createMemoryRefreshStore({ clock: () => 1_700_000_000_000 })
    const racing = interrupted(store, 'rotate', () => store.revokeSubject('alice'))
    const { issuer } = setUp({ store: racing })
    const { refreshToken } = await issuer.issue('alice')
    expect(await issuer.refresh(refreshToken)).toEqual(refused('revokedPresented'))
    expect(await store.list('alice')).toEqual([])
  })

  test('leaves no live child when a revocation comes right after the rotation', async () => {
    const { issuer, store } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const [result] = await Promise.all([issuer.refresh(refreshToken), store.revokeSubject('alice')])
    const child = result.kind === 'success' ? result.tokens.refreshToken : refreshToken
    expect(await issuer.refresh(child)).toEqual(refused('revokedPresented'))
  })

  test('gives up on a store that contradicts itself', async () => {
    const store = createMemoryRefreshStore({ clock: () => 1_700_000_000_000 })
    const { issuer } = setUp({ store: { ...store, rotate: () => Promise.resolve(false) } })
    const { refreshToken } = await issuer.issue('alice')
    await expect(issuer.refresh(refreshToken)).rejects.toThrow('refuses to rotate it')
  })

  test('loads claims anew where it is told how to', async () => {
    const { issuer } = setUp()
    const { refreshToken } = await issuer.issue('alice', { roles: ['Admin'] })
    const claims = vi.fn(() => ({ roles: ['User'] }))
    const tokens = tokensOf(await issuer.refresh(refreshToken, { claims }))
    expect(claimsOf(tokens)['roles']).toEqual(['User'])
    expect(claims).toHaveBeenCalledWith(expect.objectContaining({ subject: 'alice' }))
    await expect(
      issuer.refresh(tokens.refreshToken, { claims: () => ({ sub: 'bob' }) }),
    ).rejects.toThrow('The claim "sub" is set by the issuer')
  })

  test('ends the session of a subject that may no longer sign in', async () => {
    const { issuer, caller } = setUp()
    const tokens = await issuer.issue('alice')
    const gone = { claims: () => undefined }
    expect(await issuer.refresh(tokens.refreshToken, gone)).toEqual(refused('revokedPresented'))
    expect(await issuer.refresh(tokens.refreshToken)).toEqual(refused('revokedPresented'))
    expect((await caller(tokens)).kind).toBe('failure')
  })

  test('leaves the token as it was when claims cannot be loaded', async () => {
    const { issuer } = setUp()
    const { refreshToken } = await issuer.issue('alice')
    const claims = () => Promise.reject(new Error('database is down'))
    await expect(issuer.refresh(refreshToken, { claims })).rejects.toThrow('database is down')
    expect((await issuer.refresh(refreshToken)).kind).toBe('success')
  })

  test('goes on when a listener fails', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const listeners = [
      () => {
        throw new Error('listener')
      },
      () => Promise.reject(new Error('listener')),
      undefined,
    ]
    for (const onEvent of listeners) {
      const { issuer } = setUp({ onEvent })
      const { refreshToken } = await issuer.issue('alice')
      expect((await issuer.refresh(refreshToken)).kind).toBe('success')
    }
    await Promise.resolve()
    expect(warn).toHaveBeenCalledTimes(2)
    vi.restoreAllMocks()
  })

  test('says nothing of tokens in events, refusals and errors, nor in what the store holds', async () => {
    const holds: unknown[] = []
    const clock = { now: 1_700_000_000_000 }
    const store = createMemoryRefreshStore({ clock: () => clock.now })
    const spying = new Proxy(store, {
      get:
        (target, name: keyof typeof store) =>
        (...args: unknown[]) => {
          holds.push(args)
          return (target[name] as (...all: unknown[]) => unknown)(...args)
        },
    })
    const { issuer, events } = setUp({ store: spying })
    const first = await issuer.issue('alice')
    const second = tokensOf(await issuer.refresh(first.refreshToken))
    const third = tokensOf(await issuer.refresh(second.refreshToken))
    const said: unknown[] = [await issuer.refresh(first.refreshToken)]
    clock.now += 30_000
    said.push(await issuer.refresh(first.refreshToken), await issuer.refresh(third.refreshToken))
    said.push(await issuer.refresh('nonsense'), issuer, await issuer.sessions('alice'))
    const text = [events, said, holds]
      .flatMap((value) => [inspect(value, { depth: 9 }), JSON.stringify(value)])
      .join('\n')
    for (const { accessToken, refreshToken } of [first, second, third]) {
      expect(text).not.toContain(refreshToken.split('.')[1])
      expect(text).not.toContain(accessToken.split('.')[2])
    }
    expect(events.map(({ type }) => type)).toEqual([
      'rotated',
      'rotated',
      'replayLate',
      'reuseDetected',
      'revokedPresented',
      'unknown',
    ])
  })
})

describe('sessions', () => {
  test('lists live sessions with what was noted about them', async () => {
    const { issuer, passTime } = setUp()
    await issuer.issue('alice', {}, { meta: { device: 'phone' } })
    passTime(1)
    const tokens = await issuer.issue('alice', {}, { meta: { device: 'laptop' } })
    expect((await issuer.sessions('alice')).map(({ meta }) => meta['device'])).toEqual([
      'phone',
      'laptop',
    ])
    await issuer.revoke(tokens.refreshToken)
    expect(await issuer.sessions('alice')).toHaveLength(1)
  })
})

describe('prune', () => {
  test('forgets sessions that are over', async () => {
    const { issuer, passTime } = setUp({ absoluteLifetime: 100 })
    const { refreshToken } = await issuer.issue('alice')
    expect(await issuer.prune()).toBe(0)
    passTime(100)
    expect(await issuer.prune()).toBe(1)
    expect(await issuer.refresh(refreshToken)).toEqual(refused('unknown'))
  })
})

describe('createTokenIssuer', () => {
  const needed = { issuer: 'https://issuer.test', audience: 'api://orders' }

  test('works with nothing but its name and its audience', async () => {
    const issuer = createTokenIssuer(needed)
    const tokens = await issuer.issue('alice')
    expect(headerOf(tokens)['alg']).toBe('ES256')
    expect((await issuer.refresh(tokens.refreshToken)).kind).toBe('success')
    expect(issuer.bearerOptions().events).toBeUndefined()
  })

  test.each([
    ['no issuer', { issuer: undefined }, '"issuer" is missing'],
    ['no audience', { audience: [] }, '"audience" is missing'],
    ['an unknown option', { ttl: 1 }, '"ttl" is not a member'],
    [
      'a lifetime of nothing',
      { accessTokenLifetime: 0 },
      '"accessTokenLifetime" must be at least 1',
    ],
    ['a window over a minute', { reuseInterval: 61 }, '"reuseInterval" must be 60 seconds at most'],
    ['a jitter of less than nothing', { accessTokenJitter: -0.1 }, '"accessTokenJitter" must be a'],
    ['a jitter that is no number', { accessTokenJitter: NaN }, '"accessTokenJitter" must be a'],
    ['a jitter of everything', { accessTokenJitter: 1 }, '"accessTokenJitter" must be less than 1'],
    [
      'a plain text as key',
      { keys: 'secret-of-mine' },
      '"keys" must be a key ring or symmetricKey',
    ],
    ['no key', { keys: null }, '"keys" must be a key ring or symmetricKey'],
  ])('refuses %s', (_case, wrong, message) => {
    const options = { ...needed, ...wrong } as unknown as typeof needed
    expect(() => createTokenIssuer(options)).toThrow(message)
    expect(() => createTokenIssuer(options)).not.toThrow('secret-of-mine')
  })

  test('takes the limits of its options', () => {
    expect(() =>
      createTokenIssuer({
        ...needed,
        accessTokenLifetime: 1,
        reuseInterval: 60,
        accessTokenJitter: 0,
      }),
    ).not.toThrow()
  })
})

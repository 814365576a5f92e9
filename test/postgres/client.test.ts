import { ConfigurationError } from 'express-jwt-bearer'
import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
  createPostgresSessionStore,
  createPostgresUserTokenStore,
  createSchema,
  type PostgresClient,
} from 'express-jwt-bearer/postgres'
import type { UserKey } from 'express-jwt-bearer/tokens'
import { describe, expect, test, vi } from 'vitest'

const notAClient = {} as PostgresClient
const client: PostgresClient = { query: () => Promise.resolve({ rows: [] }) }

describe.each([
  ['createPostgresRefreshStore', createPostgresRefreshStore],
  ['createPostgresDenyList', createPostgresDenyList],
  ['createPostgresKeyRingStore', createPostgresKeyRingStore],
  ['createPostgresSessionStore', createPostgresSessionStore],
  ['createPostgresUserTokenStore', createPostgresUserTokenStore],
])('%s', (_name, create) => {
  test.each([
    ['an object without query()', notAClient],
    ['nothing', undefined as unknown as PostgresClient],
  ])('refuses %s as client', (_case, wrong) => {
    expect(() => create(wrong)).toThrow(ConfigurationError)
    expect(() => create(wrong)).toThrow('"client" must be a PostgreSQL client')
  })

  test('accepts whatever has query()', () => {
    expect(() => create(client)).not.toThrow()
  })
})

describe('createSchema', () => {
  test('refuses what is no client', async () => {
    await expect(createSchema(notAClient)).rejects.toThrow(ConfigurationError)
  })
})

test.each([
  ['a key ring without a name', () => createPostgresKeyRingStore(client, { name: '' })],
  [
    'a key ring with a misspelt option',
    () => createPostgresKeyRingStore(client, { Name: 'a' } as object),
  ],
  ['a negative idle lifetime', () => createPostgresUserTokenStore(client, { idleLifetime: -1 })],
  [
    'user tokens with a misspelt option',
    () => createPostgresUserTokenStore(client, { ttl: 1 } as object),
  ],
])('%s is refused', (_case, create) => {
  expect(create).toThrow(ConfigurationError)
})

describe('a statement that meets another one', () => {
  const failing = (...codes: unknown[]) => {
    const calls = vi.fn()
    const query: PostgresClient['query'] = () => {
      calls()
      const code = codes.shift()
      if (code === undefined) return Promise.resolve({ rows: [] })
      return Promise.reject(Object.assign(new Error('refused'), { code }))
    }
    return { calls, list: createPostgresDenyList({ query }) }
  }

  test.each([['40001'], ['40P01']])('is tried again after %s', async (code) => {
    const { calls, list } = failing(code, code, code)
    expect(await list.isDenied({ jti: 'a' })).toBe(false)
    expect(calls).toHaveBeenCalledTimes(4)
  })

  test.each([['23505'], ['08006'], [40_001], [null]])(
    'is not tried again after %s',
    async (code) => {
      const { calls, list } = failing(code)
      await expect(list.isDenied({ jti: 'a' })).rejects.toThrow('refused')
      expect(calls).toHaveBeenCalledOnce()
    },
  )

  test('is given up after a while', async () => {
    vi.useFakeTimers()
    const { calls, list } = failing(...Array<string>(1000).fill('40001'))
    const outcome = expect(list.isDenied({ jti: 'a' })).rejects.toThrow('refused')
    await vi.advanceTimersByTimeAsync(5000)
    await outcome
    expect(calls.mock.calls.length).toBeLessThan(50)
    vi.useRealTimers()
  })
})

describe('text that PostgreSQL cannot hold', () => {
  const texts = vi.fn()
  const query: PostgresClient['query'] = (_text, parameters = []) => {
    texts(...parameters)
    return Promise.resolve({ rows: [] })
  }
  const odd = ['a\0', 'a\ud800']

  test.each(odd)('names no session and no subject: %j', async (text) => {
    texts.mockClear()
    const store = createPostgresRefreshStore({ query })
    expect(await store.list(text)).toEqual([])
    expect(await store.revokeSubject(text)).toEqual([])
    expect(await store.revokeFamily(text)).toBe(false)
    expect(texts).not.toHaveBeenCalled()
    await store.list('a')
    expect(texts).toHaveBeenCalledWith('a')
  })

  test.each(odd)('names nothing of a sign-in: %j', async (text) => {
    texts.mockClear()
    const store = createPostgresSessionStore({ query })
    expect(await store.endBySid(text, new Date())).toBe(0)
    expect(await store.endBySub(text, new Date())).toBe(0)
    expect(texts).not.toHaveBeenCalled()
    await store.endBySid('a', new Date(5))
    expect(texts).toHaveBeenCalledWith('a', 5)
  })

  test('is denied in another spelling', async () => {
    texts.mockClear()
    const list = createPostgresDenyList({ query })
    await list.deny({ kind: 'jti', id: 'a\0', lifetime: 1 })
    await list.isDenied({ jti: 'a\0', iat: NaN })
    expect(texts.mock.calls).toEqual([
      ['jti', 'a\ufffd', 1, null],
      ['a\ufffd', null, null, null],
    ])
  })

  test.each([
    ...odd.map((subject) => ({ subject, sessionId: 's' })),
    { subject: 'a', sessionId: '' },
    { subject: undefined, sessionId: 's' },
  ])('and a key that names nobody are refused for user tokens: %j', async (key) => {
    const store = createPostgresUserTokenStore({ query })
    const user = key as UserKey
    texts.mockClear()
    await expect(store.getToken(user)).rejects.toThrow(TypeError)
    await expect(store.storeToken(user, { accessToken: 'a' })).rejects.toThrow(TypeError)
    await expect(store.clearToken(user)).rejects.toThrow(TypeError)
    await expect(store.lock?.(user, 1)).rejects.toThrow(TypeError)
    expect(texts).not.toHaveBeenCalled()
  })
})

test('a version that is replaced while it is cleared is looked at again', async () => {
  const answers = [
    { cleared: false, seen: 'v1' },
    { cleared: false, seen: 'v2' },
  ]
  const query: PostgresClient['query'] = () => Promise.resolve({ rows: [answers.shift()] })
  const store = createPostgresUserTokenStore({ query })
  expect(await store.clearToken({ subject: 'a', sessionId: 's' }, { ifVersion: 'v1' })).toBe(false)
  expect(answers).toEqual([])
})

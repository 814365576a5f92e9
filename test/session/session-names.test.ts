import { describe, expect, test } from 'vitest'
import { memorySessionStore } from 'express-jwt-bearer/session'
import { createOutcomes } from '../../src/session/outcomes.js'
import { keepOnServer } from '../../src/session/keeper.js'
import { prepareRefresh } from '../../src/session/refresh-session.js'
import { dataOf, namesOf, readTokens, recordOf } from '../../src/session/session-data.js'
import { resolveSession } from '../../src/session/settings.js'
import type { SessionRecord } from '../../src/session/session-store.js'
import type { TokenResponse } from '../../src/browser/token-store-service.js'
import { encode } from '../support/tokens.js'

const jwt = (claims: unknown) => `${encode({ alg: 'none' })}.${encode(claims)}.x`

describe('the names of a session', () => {
  test.each<[string, Partial<TokenResponse>, { sid?: string; sub?: string }]>([
    ['what the sign-in says', { sid: 's', sub: 'u' }, { sid: 's', sub: 'u' }],
    ['the ID token', { idToken: jwt({ sid: 's', sub: 'u' }) }, { sid: 's', sub: 'u' }],
    ['the access token', { accessToken: jwt({ sid: 's', sub: 'u' }) }, { sid: 's', sub: 'u' }],
    [
      'each by itself, in this order',
      { sid: 'a', idToken: jwt({ sid: 'b', sub: 'b' }), accessToken: jwt({ sid: 'c', sub: 'c' }) },
      { sid: 'a', sub: 'b' },
    ],
    [
      'the next one where one says nothing of use',
      { sid: '', idToken: jwt({ sid: 5 }), accessToken: jwt({ sid: 'c' }) },
      { sid: 'c' },
    ],
    ['nothing in opaque tokens', { idToken: 'x', accessToken: 'y.z' }, {}],
    ['nothing in a token that is no object', { accessToken: jwt(null) }, {}],
    ['nothing in one that is a text', { accessToken: jwt('sid') }, {}],
  ])('come from %s', (_case, tokens, expected) => {
    expect(namesOf({ accessToken: 'a', ...tokens })).toEqual({
      sid: undefined,
      sub: undefined,
      ...expected,
    })
  })

  test('and the ID token are kept with the tokens', () => {
    const tokens = { accessToken: 'a', idToken: 'i', sid: 's', sub: 'u' }
    expect(readTokens(tokens)).toMatchObject(tokens)
  })
})

describe('a session', () => {
  const login = () => undefined

  test('knows its names and when it was opened', async () => {
    const store = memorySessionStore()
    const now = Date.now()
    const keeper = keepOnServer(resolveSession({ login, store, clock: () => now }))
    await keeper.start({ accessToken: 'a', sid: 's', sub: 'u' })
    await keeper.start({ accessToken: 'b', sub: 'u' })
    expect(await store.endBySid('s', new Date(now))).toBe(0)
    expect(await store.endBySid('s', new Date(now + 1))).toBe(1)
    expect(await store.endBySub('u', new Date(now + 1))).toBe(1)
  })

  test.each<[string, Partial<TokenResponse>]>([
    ['says nothing of them', {}],
    ['says something else', { sid: 'other', sub: 'other' }],
  ])(
    'keeps names and opening when a refresh %s, and its ID token until there is another',
    async (_case, more) => {
      const store = memorySessionStore()
      const settings = {
        ...{ store, clock: Date.now, refreshBefore: 0, logout: undefined },
        refresh: () => Promise.resolve({ accessToken: 'b', ...more }),
      }
      const frame = {
        ...{ openedAt: new Date(5), expiresAt: new Date(Date.now() + 60_000) },
        ...{ sid: 's', sub: 'u' },
      }
      const tokens = { accessToken: 'a', refreshToken: 'r', idToken: 'i' }
      await store.set('key', recordOf({ tokens, renewAt: 0 }, frame))
      await prepareRefresh(settings, createOutcomes(settings))('key')
      const record = (await store.get('key')) as SessionRecord
      expect(record).toMatchObject(frame)
      expect(dataOf(record).tokens).toMatchObject({
        accessToken: 'b',
        refreshToken: 'r',
        idToken: 'i',
      })
    },
  )

  test('learns its names from a refresh where nothing told them before', async () => {
    const store = memorySessionStore()
    const settings = {
      ...{ store, clock: Date.now, refreshBefore: 0, logout: undefined },
      refresh: () => Promise.resolve({ accessToken: 'b', idToken: jwt({ sid: 's' }) }),
    }
    const frame = { openedAt: new Date(5), expiresAt: new Date(Date.now() + 60_000) }
    const tokens = { accessToken: 'a', refreshToken: 'r' }
    await store.set('key', recordOf({ tokens, renewAt: 0 }, frame))
    await prepareRefresh(settings, createOutcomes(settings))('key')
    expect(await store.endBySid('s', new Date(6))).toBe(1)
  })
})

describe('a store in memory', () => {
  test('forgets the names of sessions that make room', async () => {
    const store = memorySessionStore({ maxEntries: 1 })
    const expiresAt = new Date(Date.now() + 60_000)
    const record = { version: '1', data: '{}', openedAt: new Date(0), expiresAt, sub: 'u' }
    await store.set('a', record)
    await store.set('b', record)
    expect(await store.endBySub('u', new Date())).toBe(1)
  })

  test('takes a session that does not say when it was opened for an old one', async () => {
    const store = memorySessionStore()
    const record = { version: '1', data: '{}', expiresAt: new Date(Date.now() + 60_000), sub: 'u' }
    await store.set('a', record as SessionRecord)
    expect(await store.endBySub('u', new Date(0))).toBe(1)
  })
})

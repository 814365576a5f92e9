import express from 'express'
import request from 'supertest'
import {
  createMemoryUserTokenStore,
  createUserFetch,
  currentUser,
  fingerprint,
  runAsUser,
  userTokenContext,
  type UserKey,
} from 'express-jwt-bearer/tokens'
import { describe, expect, test } from 'vitest'
import { createBench, outcome } from './scripted-client.js'

const nobody: [what: string, key: unknown][] = [
  ['no subject', { sessionId: 's' }],
  ['no session', { subject: 'alice' }],
  ['an empty subject', { subject: '', sessionId: 's' }],
  ['an empty session', { subject: 'alice', sessionId: '' }],
  ['a session of null', { subject: 'alice', sessionId: null }],
  ['a session that is a number', { subject: 'alice', sessionId: 7 }],
  ['a subject that is a list', { subject: ['alice'], sessionId: 's' }],
  ['no parts at all', {}],
  ['text', 'alice'],
  ['null', null],
]

describe.each(nobody)('a user key with %s', (_what, key) => {
  const user = key as UserKey

  test('is refused by the token manager', async () => {
    const { manager, events } = createBench()
    const tokens = { access_token: 'a', claims: () => ({ sub: '' }) }
    for (const refused of [
      () => manager.getAccessToken(user),
      () => manager.storeTokens(user, tokens),
      () => manager.signOut(user),
    ]) {
      const call = refused()
      await expect(call).rejects.toThrow(TypeError)
      await expect(call).rejects.toThrow('"sessionId"')
    }
    expect(events).toEqual([])
  })

  test('is refused by the store in memory', async () => {
    const store = createMemoryUserTokenStore()
    await expect(store.getToken(user)).rejects.toThrow(TypeError)
    await expect(store.storeToken(user, { accessToken: 'a' })).rejects.toThrow(TypeError)
    await expect(store.clearToken(user)).rejects.toThrow(TypeError)
  })

  test('is refused by createUserFetch(), runAsUser() and fingerprint()', async () => {
    const { manager } = createBench()
    const call = createUserFetch({ manager, baseUrl: 'https://api.example' })
    await expect(call('/', { user })).rejects.toThrow(TypeError)
    expect(() => {
      runAsUser(user, () => undefined)
    }).toThrow(TypeError)
    if (typeof key === 'string') return
    expect(() => {
      fingerprint(user)
    }).toThrow(TypeError)
  })

  test('is no user of a request', async () => {
    const app = express()
    app.use(userTokenContext({ user: () => user }))
    app.get('/', (_req, res) => {
      res.json(currentUser() ?? 'nobody')
    })
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express counts the parameters
    const answer: express.ErrorRequestHandler = (error: Error, _req, res, _next) => {
      res.status(500).json(error.name)
    }
    app.use(answer)
    const { status, text } = await request(app).get('/')
    expect([status, JSON.parse(text)]).toEqual(key === null ? [200, 'nobody'] : [500, 'TypeError'])
  })
})

test('a sign-in without a session is refused', async () => {
  const { manager } = createBench()
  const tokens = { access_token: 'a', claims: () => ({ sub: 'alice' }) }
  await expect(manager.onTokens(tokens, { sessionId: '' })).rejects.toThrow(TypeError)
  await expect(manager.onTokens(tokens, {} as never)).rejects.toThrow(TypeError)
})

test('the shortest key names somebody', async () => {
  const { manager } = createBench()
  const user = { subject: 'a', sessionId: ' ' }
  await manager.storeTokens(user, { access_token: 'a' })
  expect(outcome(await manager.getAccessToken(user))).toBe('a')
})

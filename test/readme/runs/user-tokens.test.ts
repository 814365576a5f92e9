import express from 'express'
import * as tokens from 'express-jwt-bearer/tokens'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/user-tokens/README.md', () => {
  const take = useSnippets('examples/user-tokens/README.md')

  test('call an API as the user, within a request and without one', async () => {
    const app = express()
    const session: { user?: tokens.UserKey } = {}
    app.use((req, _res, next) => {
      Object.assign(req, { session })
      next()
    })
    const asked: [url: string, token: string | null][] = []
    vi.stubGlobal('fetch', (ask: Request) => {
      asked.push([ask.url, ask.headers.get('Authorization')])
      return Promise.resolve(Response.json({ order: 1 }))
    })
    const revoke = vi.fn(() => Promise.resolve())
    const answer = { access_token: 'of alice', token_type: 'bearer', refresh_token: 'r' }
    const openid = {
      discovery: () => ({
        timeout: 5,
        serverMetadata: () => ({ revocation_endpoint: 'https://issuer.example/revoke' }),
      }),
      authorizationCodeGrant: () => ({ ...answer, claims: () => ({ sub: 'alice' }) }),
    }
    const entry = {
      ...tokens,
      openidClient: (config: Parameters<typeof tokens.openidClient>[0]) => ({
        ...tokens.openidClient(config),
        revoke,
      }),
    }
    const heading = 'Calling APIs as the user'
    const { values } = await runSnippet(
      take(heading),
      { app },
      { 'express-jwt-bearer/tokens': entry, 'openid-client': openid },
      ['ordersApi'],
    )

    await request(app).get('/orders').expect(500)
    await request(app).get('/callback?code=1').expect(302).expect('Location', '/orders')
    await request(app).get('/orders').expect(200, { order: 1 })
    await runSnippet(take(heading, 1), { ...values, job: { user: session.user } })
    const call = ['https://api.example/orders/latest', 'Bearer of alice']
    expect(asked).toEqual([call, call])
    await request(app).post('/logout').expect(302)
    expect([session, revoke.mock.calls]).toEqual([{}, [['r']]])
    await request(app).get('/orders').expect(500)
  })

  test('prove a store of user tokens', async () => {
    const cases = new Map<string, () => Promise<void>>()
    const vitest = { test: (name: string, body: () => Promise<void>) => cases.set(name, body) }
    const createMyStore = () => tokens.createMemoryUserTokenStore()
    const modules = { vitest, 'node:timers/promises': { setTimeout: () => Promise.resolve() } }
    await runSnippet(take('Stores of user tokens'), { createMyStore }, modules)
    expect(cases.size).toBeGreaterThan(10)
    for (const run of cases.values()) await run()
  })
})

import { createServer } from 'node:http'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { introspection } from 'express-jwt-bearer/introspection'
import { getToken, revokeToken } from '../../examples/introspection/client.js'
import { api, audience, createProvider } from '../../examples/introspection/provider.js'
import { frameworks } from '../support/create-app.js'
import { listenOnLoopback, type Listening } from '../support/loopback.js'
import { startExample } from '../support/start-example.js'

let provider: Listening
let asked = 0

beforeAll(async () => {
  // The provider says on the console that it was made for a newer Node, and for development.
  for (const level of ['warn', 'info'] as const) vi.spyOn(console, level).mockReturnValue()
  provider = await listenOnLoopback(createServer())
  provider.server.on('request', ({ url }) => {
    if (url === '/token/introspection') asked += 1
  })
  provider.server.on('request', createProvider(provider.url))
})
afterAll(() => provider.close())

describe.each(frameworks)('a provider with opaque tokens, under $framework', ({ express }) => {
  function start(clientSecret = api.client_secret) {
    let now = Date.now()
    const app = express()
    app.use(
      jwtBearer({
        ...{ authority: provider.url, audience, requireHttpsMetadata: false, clock: () => now },
        introspection: introspection({ clientId: api.client_id, clientSecret }),
      }),
    )
    app.get('/', authorize(), (req, res) => {
      res.json(req.user)
    })
    app.get('/open', (_req, res) => {
      res.end()
    })
    return {
      pass: (seconds: number) => {
        now += seconds * 1000
      },
      send: (token: string, path = '/') =>
        request(app).get(path).set('Authorization', `Bearer ${token}`),
    }
  }

  test('lets its tokens work until they are revoked, and a minute longer at most', async () => {
    const { pass, send } = start()
    const token = await getToken(provider.url)
    expect(token.split('.')).toHaveLength(1)
    asked = 0
    const first = await send(token)
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({
      scopes: ['orders.read'],
      claims: { aud: audience, client_id: 'report-service', iss: provider.url },
    })
    await revokeToken(provider.url, token)
    pass(59)
    expect((await send(token)).status).toBe(200)
    expect(asked).toBe(1)
    pass(1)
    const over = await send(token)
    expect([over.status, over.headers['www-authenticate']]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
    expect(asked).toBe(2)
  })

  test('refuses tokens that it never issued', async () => {
    expect((await start().send('made-up')).status).toBe(401)
  })

  test('is no reason to blame the caller when it does not know us', async () => {
    const { send } = start('another secret')
    vi.spyOn(console, 'error').mockReturnValue()
    expect((await send('o-1')).status).toBe(500)
    expect((await send('o-1', '/open')).status).toBe(200)
  })
})

describe('the example', () => {
  test('shows a token that works, is revoked and stops', async () => {
    const example = await startExample('introspection', { lastWords: 'Stop with' })
    const lines = example.output().match(/^GET .*$/gm)
    await example.stop()
    expect(lines).toEqual([
      'GET /orders with it: 200 {"for":"report-service"}',
      'GET /orders just after it was revoked: 200 {"for":"report-service"}',
      'GET /orders 2 s later: 401 Bearer error="invalid_token", scope="orders.read"',
    ])
  })
})

import express, { type ErrorRequestHandler, type Express } from 'express'
import { jwtBearer, type JwtBearerEvents } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { issuer, options, protect, trusted } from '../../support/guide-app.js'
import { rowsBelow } from '../../support/guides.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

const secret = 'Q2pvdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHkhISE'

describe('the snippets of README.md', () => {
  const take = useSnippets('README.md')

  test('start an app whose printed token reads orders and creates none', async () => {
    vi.stubEnv('JWT_SIGNING_KEY', secret)
    const say = vi.spyOn(console, 'log').mockReturnValue()
    const { values } = await runSnippet(take('Start'), {}, {}, ['app'])
    const { app } = values as { app: Express }
    await runSnippet(take('Start', 1), {})
    const [, header] = /'(Authorization: Bearer [^']+)'/.exec(String(say.mock.calls[0])) ?? []
    const bearer = { Authorization: String(header).replace('Authorization: ', '') }

    await request(app).get('/health').expect(200)
    await request(app).get('/api/orders').set(bearer).expect(200, { for: 'alice' })
    await request(app).post('/api/orders').set(bearer).expect(403)
    await request(app)
      .get('/api/orders')
      .expect(401, { code: 'ERR_AUTHENTICATION_REQUIRED', message: 'Unauthorized' })
      .expect('WWW-Authenticate', 'Bearer')
    await request(app).get('/anything-else').expect(401)
  })

  test('refuse to start without the secret', async () => {
    vi.stubEnv('JWT_SIGNING_KEY', undefined)
    await expect(runSnippet(take('Start'), {})).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test('answer faults of the server with a status and nothing else', async () => {
    vi.stubEnv('JWT_SIGNING_KEY', secret)
    const log = vi.spyOn(console, 'error').mockReturnValue()
    const { values } = await runSnippet(take('Start'), {}, {}, ['answerErrors'])
    const { answerErrors } = values as { answerErrors: ErrorRequestHandler }
    const app = express()
    app.get('/fault', () => {
      throw new Error('a detail')
    })
    app.use(answerErrors)
    await request(app).get('/fault').expect(500, {})
    expect(log).toHaveBeenCalledOnce()
  })

  test('answer another secret with the text that the table explains', async () => {
    vi.stubEnv('JWT_SIGNING_KEY', secret)
    const { values } = await runSnippet(take('Start'), {}, {}, ['app'])
    vi.stubEnv('JWT_SIGNING_KEY', secret.toUpperCase())
    const say = vi.spyOn(console, 'log').mockReturnValue()
    await runSnippet(take('Start', 1), {})
    const [, token = ''] = /Bearer ([^']+)/.exec(String(say.mock.calls[0])) ?? []
    const { headers } = await request((values as { app: Express }).app)
      .get('/api/orders')
      .auth(token, { type: 'bearer' })
      .expect(401)
    const [, text = ''] =
      /error_description="([^"]+)"/.exec(headers['www-authenticate'] ?? '') ?? []
    const row = rowsBelow('README.md', 'Why do I get a 401, 403 or 503?').find(([cell]) =>
      cell?.includes(text),
    )
    expect([text, row?.[1]]).toEqual([
      'The signature key was not found',
      expect.stringContaining('a wrong secret'),
    ])
  })

  test('trust an authority', async () => {
    vi.stubGlobal('fetch', issuer.fetch)
    const { values } = await runSnippet(take('With an authority'), {}, {}, ['app'])
    const { app } = values as { app: Express }
    const ask = async (token: string) =>
      request(app).get('/api/orders').auth(token, { type: 'bearer' })
    const known = await issuer.token({ sub: 'alice' })
    expect(await ask(known)).toMatchObject({ status: 200, body: { for: 'alice' } })
    expect(await ask(await issuer.wrongAudience())).toMatchObject({ status: 401 })
    vi.stubGlobal('fetch', () => Promise.reject(new Error('unreachable')))
    const unknown = await (await createTestIssuer(trusted)).token()
    expect(await ask(known)).toMatchObject({ status: 200 })
    expect(await ask(unknown)).toMatchObject({ status: 503 })
  })

  test('refuse what was revoked', async () => {
    const { exports, values } = await runSnippet(take('Events'), {}, {}, ['revoked'])
    const { events } = exports as { events: JwtBearerEvents }
    ;(values as { revoked: Set<string> }).revoked.add('gone')
    const status = protect(express().use(jwtBearer({ ...options, events })))
    const ask = async (jti: string) => status(await issuer.token({ jti }))
    expect([await ask('here'), await ask('gone')]).toEqual([200, 401])
  })
})

import express from 'express'
import { jwtBearer } from 'express-jwt-bearer'
import { authState, createSession, memorySessionStore } from 'express-jwt-bearer/session'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { get } from '../support/expiring-session.js'
import { cookieOf, issuer, sessionApp, signIn } from '../support/session-app.js'

const nobody = { version: 1, user: null, claims: {} }
const unknown = { version: 1, claims: {} }

type Options = Partial<Parameters<typeof jwtBearer>[0]>

/** An app whose bearer tokens are judged in another way than usual. */
async function judgedBy(options: Options) {
  const session = createSession({ login: () => signIn() })
  const app = express().use(express.json(), session.middleware)
  const { onMessageReceived } = session
  app.use(
    jwtBearer({
      ...issuer.options,
      ...options,
      events: { ...options.events, onMessageReceived },
    }),
  )
  app.use(session.routes)
  app.get('/page', (req, res) => {
    res.json(authState(req))
  })
  const cookie = cookieOf(await request(app).post('/tokens/create'))
  return { app, cookie }
}

describe('the state for the page', () => {
  test('says nothing of a user while the store is down', async () => {
    const store = memorySessionStore()
    const { app } = sessionApp({ store })
    const cookie = cookieOf(await request(app).post('/tokens/create').send({ password: 'right' }))
    const down = vi.spyOn(store, 'get').mockRejectedValue(new Error('down'))
    const response = await get(app, cookie, '/page').expect(200)
    expect(response.body).toEqual(unknown)
    expect(response.headers['cache-control']).toBe('private, no-store')
    // Whoever brings no cookie is nobody, whatever the store does.
    expect((await request(app).get('/page')).body).toEqual(nobody)
    await get(app, cookie, '/me').expect(503)
    down.mockRestore()
    expect((await get(app, cookie, '/page')).body).toMatchObject({ user: { id: 'alice' } })
  })

  test('says nothing of a user while the keys of the issuer cannot be had', async () => {
    const { app, cookie } = await judgedBy({
      authority: 'https://issuer.example',
      tokenValidationParameters: {},
      fetch: () => Promise.reject(new TypeError('fetch failed')),
    })
    expect((await get(app, cookie, '/page').expect(200)).body).toEqual(unknown)
    const me = await get(app, cookie, '/me').expect(503)
    expect(Number(me.headers['retry-after'])).toBeGreaterThan(0)
    expect((await request(app).get('/page')).body).toEqual(nobody)
    await request(app).get('/me').expect(401)
    const bearer = await issuer.bearer()
    expect((await request(app).get('/page').set(bearer)).body).toEqual(unknown)
  })

  test('says nothing of a user whom an event could not judge, whatever status its error has', async () => {
    const { app, cookie } = await judgedBy({
      events: {
        onTokenValidated: () => {
          throw Object.assign(new Error('the directory is away'), { status: 401 })
        },
      },
    })
    expect((await get(app, cookie, '/page').expect(200)).body).toEqual(unknown)
    await get(app, cookie, '/me').expect(503)
  })

  test.each([
    [
      'refused by an event',
      {
        events: {
          onTokenValidated: (context: never) => {
            refuse(context)
          },
        },
      },
    ],
    ['meant for somebody else', { audience: 'somebody-else' }],
  ])('says "nobody" of a token that was %s', async (_what, options) => {
    const { app, cookie } = await judgedBy(options as Options)
    expect((await get(app, cookie, '/page').expect(200)).body).toEqual(nobody)
    const me = await get(app, cookie, '/me').expect(401)
    expect(me.headers['www-authenticate']).toBe('Bearer')
  })

  test.each([
    ['for its own faults alone', [], nobody],
    ['for a fault of the app as well', [new Error('down')], unknown],
  ])('tells apart why a token was refused %s', async (_what, others, expected) => {
    const { app, cookie } = await judgedBy({
      audience: 'somebody-else',
      events: {
        onAuthenticationFailed: (context) => {
          context.error = new AggregateError([context.error, ...others])
        },
      },
    })
    expect((await get(app, cookie, '/page')).body).toEqual(expected)
  })

  test('says "nobody" of malformed credentials', async () => {
    const { app } = await judgedBy({})
    const headers = { Authorization: 'Bearer a b' }
    expect((await request(app).get('/page').set(headers)).body).toEqual(nobody)
  })

  test('says nothing of a user whose sign-out failed', async () => {
    const store = memorySessionStore()
    const { app, session } = sessionApp({ store })
    const failing = express().post('/leave', async (req, res) => {
      await session
        .tokenStore(req, res)
        .clear()
        .catch(() => undefined)
      res.json(authState(req))
    })
    const cookie = cookieOf(await request(app).post('/tokens/create').send({ password: 'right' }))
    vi.spyOn(store, 'delete').mockRejectedValueOnce(new Error('down'))
    const failed = await request(failing).post('/leave').set('Cookie', cookie)
    expect(failed.body).toEqual(unknown)
    const done = await request(failing).post('/leave').set('Cookie', cookie)
    expect(done.body).toEqual(nobody)
  })
})

function refuse(context: never): void {
  ;(context as { fail(reason: string): void }).fail('not today')
}

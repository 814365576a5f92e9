import cookieParser from 'cookie-parser'
import type { Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { frameworks } from '../../support/create-app.js'
import { watchProcess } from '../../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const expired = await issuer.expired()
const token = await issuer.token({ sub: 'alice', name: 'Alice' })

describe.each(frameworks)('a token in a cookie under $framework', ({ express }) => {
  const app: Express = express()
  app.use(cookieParser())
  app.use(
    jwtBearer({
      ...issuer.options,
      events: {
        onMessageReceived: (context) => {
          // As people write it: cookie-parser leaves its cookies untyped.
          // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment
          context.token = context.req.cookies['auth']
        },
        onChallenge: (context) => {
          context.handleResponse()
          context.res.redirect('/login?ReturnUrl=' + encodeURIComponent(context.req.originalUrl))
        },
      },
    }),
  )
  app.get('/login', (req, res) => {
    res.json({ user: req.user?.name ?? null })
  })
  app.use('/account', authorize())
  app.get('/account/orders', (req, res) => {
    res.json({ user: req.user?.name })
  })
  app.get('/admin', authorize({ roles: 'Admin' }))

  test('lets its owner in', async () => {
    await request(app)
      .get('/account/orders')
      .set('Cookie', `auth=${token}`)
      .expect(200, { user: 'Alice' })
  })

  test.each([
    ['no cookie', []],
    ['an empty cookie', ['auth=']],
    ['a cookie that is no token', ['auth=nonsense']],
    ['a cookie that cookie-parser takes for an object', ['auth=j:{"a":1}']],
    ['an expired token', [`auth=${expired}`]],
  ])('leads %s to the login page and back', async (_what, cookies) => {
    const { headers, status } = await request(app)
      .get('/account/orders?page=2&sort=date')
      .set('Cookie', cookies)
    expect(status).toBe(302)
    expect(headers['location']).toBe(
      '/login?ReturnUrl=%2Faccount%2Forders%3Fpage%3D2%26sort%3Ddate',
    )
    expect(headers['www-authenticate']).toBeUndefined()
  })

  test('leaves the login page open', async () => {
    await request(app).get('/login').expect(200, { user: null })
    await request(app).get('/login').set('Cookie', 'auth=nonsense').expect(200, { user: null })
  })

  test('forbids without a redirect who is known', async () => {
    await request(app).get('/admin').set('Cookie', `auth=${token}`).expect(403)
  })

  test('wins over the header, which serves where there is no cookie', async () => {
    const bob = await issuer.bearer({ name: 'Bob' })
    const get = () => request(app).get('/account/orders').set(bob)
    await get().expect(200, { user: 'Bob' })
    await get().set('Cookie', `auth=${token}`).expect(200, { user: 'Alice' })
  })
})

import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { sameOriginGuard } from 'express-jwt-bearer/session'
import { cookieOf, issuer, sessionApp } from '../support/session-app.js'

const host = 'app.example'
const own = `https://${host}`
const trusted = 'https://partner.example'

// What a browser says about where a request comes from, and whether it may change something.
const origins: readonly [what: string, headers: Record<string, string>, mayChange: boolean][] = [
  ['our own page', { 'Sec-Fetch-Site': 'same-origin', Origin: own }, true],
  ['the address bar', { 'Sec-Fetch-Site': 'none' }, true],
  ['a sister host', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.app.example' }, false],
  ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, false],
  ['another site that hides its origin', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }, false],
  ['another site without an origin', { 'Sec-Fetch-Site': 'cross-site' }, false],
  ['a site value nobody knows', { 'Sec-Fetch-Site': 'SAME-ORIGIN' }, false],
  ['two site values', { 'Sec-Fetch-Site': 'same-origin, cross-site' }, false],
  ['a trusted site', { 'Sec-Fetch-Site': 'cross-site', Origin: trusted }, true],
  [
    'something like a trusted site',
    { 'Sec-Fetch-Site': 'cross-site', Origin: `${trusted}.evil` },
    false,
  ],
  ['our own page in an older browser', { Origin: own }, true],
  ['another site in an older browser', { Origin: 'https://evil.example' }, false],
  ['our host on another port', { Origin: `${own}:8443` }, false],
  ['a hidden origin in an older browser', { Origin: 'null' }, false],
  ['an empty origin', { Origin: '' }, false],
  ['a trusted site in an older browser', { Origin: trusted }, true],
  ['no browser', {}, true],
]
const safe = ['GET', 'HEAD', 'OPTIONS'] as const
const unsafe = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

const { app } = sessionApp({ trustedOrigins: [trusted] })
const cookie = cookieOf(await request(app).post('/tokens/create').send({ password: 'right' }))
const bearer = await issuer.bearer({ sub: 'bob' })

function send(method: string, path: string, headers: Record<string, string>) {
  const agent = request(app)
  const call = method.toLowerCase() as 'post'
  return agent[call](path).set({ Host: host, ...headers })
}

describe('session.middleware', () => {
  describe.each(origins)('judges a request of %s', (_what, headers, mayChange) => {
    test.each(safe)('with the cookie: %s passes', async (method) => {
      await send(method, '/api', { ...headers, Cookie: cookie }).expect(200)
    })

    test.each(unsafe)('with the cookie: %s passes only from here', async (method) => {
      const response = await send(method, '/api', { ...headers, Cookie: cookie })
      expect(response.status).toBe(mayChange ? 200 : 403)
      if (mayChange) return
      expect(response.headers['content-type']).toContain('application/problem+json')
      expect(response.headers['cache-control']).toBe('private, no-store')
    })

    test.each(unsafe)('with a token in the header: %s passes', async (method) => {
      const response = await send(method, '/api', { ...headers, ...bearer, Cookie: cookie })
      expect([response.status, response.body]).toEqual([200, { subject: 'bob' }])
    })

    test.each(unsafe)('without credentials: %s is challenged like any other', async (method) => {
      await send(method, '/api', headers).expect(401)
    })

    // A browser adds such a header by itself: it must not open a way around the guard.
    test.each(['Basic YTpi', 'Negotiate YII='])(
      'with the cookie beside "%s": passes only from here',
      async (authorization) => {
        const both = { ...headers, Authorization: authorization, Cookie: cookie }
        const response = await send('POST', '/api', both)
        expect(response.status).toBe(mayChange ? 200 : 403)
      },
    )

    test.each(['create', 'refresh', 'logout'])(
      'to POST /tokens/%s, with whatever credentials',
      async (route) => {
        for (const credentials of [{}, { Cookie: `${cookie}x` }, bearer]) {
          const response = await send('POST', `/tokens/${route}`, { ...headers, ...credentials })
          expect(response.status === 403).toBe(!mayChange)
          if (!mayChange) expect(response.headers['set-cookie']).toBeUndefined()
        }
      },
    )
  })
})

describe('sameOriginGuard', () => {
  const guarded = express()
    .use(sameOriginGuard({ trustedOrigins: [trusted] }))
    .use((_req, res) => res.end())

  test.each(origins)('judges a form of %s', async (_what, headers, mayChange) => {
    await request(guarded).get('/').set(headers).expect(200)
    await request(guarded)
      .post('/')
      .set({ Host: host, ...headers })
      .expect(mayChange ? 200 : 403)
  })

  test('trusts nobody else by default', async () => {
    for (const options of [undefined, {}, { trustedOrigins: undefined }]) {
      const strict = express().use(sameOriginGuard(options))
      await request(strict).post('/').set({ Host: host, Origin: trusted }).expect(403)
    }
  })

  test('refuses options that it does not know', () => {
    expect(() => sameOriginGuard({ trusted } as object)).toThrow('is not a member of')
  })
})

import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import express from 'express'
import express4 from 'express4'
import {
  authorize,
  createPrincipal,
  jwtBearer,
  type ChallengeContext,
  type MessageReceivedContext,
  type PolicyBuilderFunction,
} from 'express-jwt-bearer'
import { loginRedirect, type LoginRedirectOptions } from 'express-jwt-bearer/session'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { issuer } from '../support/session-app.js'

function appWith(options?: LoginRedirectOptions, make: typeof express = express) {
  const app = make()
  app.use(
    jwtBearer({ ...issuer.options, realm: 'app', events: { onChallenge: loginRedirect(options) } }),
  )
  app.use(
    authorize((policy) => policy.requireScope('read')),
    (_req, res) => {
      res.end()
    },
  )
  return app
}

const page = { Accept: 'text/html,*/*;q=0.8', 'Sec-Fetch-Mode': 'navigate' }
const oldPage = { Accept: 'text/html,*/*;q=0.8' }

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('loginRedirect on %s', (_name, make) => {
  test('sends a page load to the login and names where it came from', async () => {
    for (const headers of [page, oldPage]) {
      const response = await request(appWith({}, make)).get('/a?b=1&c=%2F').set(headers).expect(303)
      expect(response.headers['location']).toBe('/login?ReturnUrl=%2Fa%3Fb%3D1%26c%3D%252F')
      expect(response.headers['cache-control']).toBe('private, no-store')
      expect(response.headers['vary']).toBe('Accept, Sec-Fetch-Mode, Cookie')
    }
  })

  test.each([
    ['a script', { 'Sec-Fetch-Mode': 'cors', Accept: 'text/html' }],
    ['a script on its own origin', { 'Sec-Fetch-Mode': 'same-origin', Accept: 'text/html' }],
    ['a caller that takes anything', { Accept: '*/*' }],
    ['a caller that asks for JSON', { Accept: 'application/json' }],
    ['an older script', { Accept: 'text/html', 'X-Requested-With': 'XMLHttpRequest' }],
    ['a program with a bad token', { ...page, Authorization: 'Bearer bad' }],
  ])('answers %s with 401 and JSON', async (_what, headers) => {
    const response = await request(appWith(undefined, make)).get('/a').set(headers).expect(401)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.body).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401 })
    expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="app", (scope|error)=/)
    expect(response.headers['cache-control']).toBe('private, no-store')
  })

  test('keeps the 400 of a malformed header', async () => {
    const headers = { ...page, Authorization: 'Bearer a b' }
    const response = await request(appWith({}, make)).get('/a').set(headers).expect(400)
    expect(response.headers['www-authenticate']).toBe('Bearer realm="app", error="invalid_request"')
  })

  test('sends the sender of a form that comes too late to the login, and from there to the start', async () => {
    const forms = [
      request(appWith({}, make)).post('/a?b=1').set(page).type('form').send('c=1'),
      request(appWith({}, make)).post('/a?b=1').set(page),
      request(appWith({}, make)).post('/a?b=1').set(oldPage).type('form').send('c=1'),
      request(appWith({}, make)).post('/a').set(oldPage).attach('file', Buffer.from('x'), 'x'),
    ]
    for (const form of forms) {
      const response = await form.expect(303)
      expect(response.headers['location']).toBe('/login?ReturnUrl=%2F')
      expect(response.headers['cache-control']).toBe('private, no-store')
    }
    await request(appWith({}, make)).head('/a').set(page).expect(303)
  })

  test.each([
    ['a script', { ...page, 'Sec-Fetch-Mode': 'cors' }, 'application/x-www-form-urlencoded'],
    ['a script of its own origin', { ...page, 'Sec-Fetch-Mode': 'same-origin' }, 'text/plain'],
    ['an older script', { ...oldPage, 'X-Requested-With': 'XMLHttpRequest' }, 'text/plain'],
    ['a program that posts JSON', oldPage, 'application/json'],
    ['a program that posts something like a form', oldPage, 'text/plainer'],
    ['a program that posts nothing', oldPage, ''],
    ['a program with a token', { ...page, Authorization: 'Bearer bad' }, 'text/plain'],
  ])('answers what %s posts with 401 and JSON', async (_what, headers, type) => {
    const sent = request(appWith({}, make)).post('/a').set(headers)
    const response = await (type === '' ? sent : sent.set('Content-Type', type)).expect(401)
    expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="app", (scope|error)=/)
  })

  test('redirects no other method that sends something', async () => {
    for (const method of ['put', 'patch', 'delete'] as const) {
      await request(appWith({}, make))[method]('/a').set(page).expect(401)
    }
  })

  test.each([
    ['Basic YTpi', 303],
    ['Negotiate YII=', 303],
    ['Bearerish a', 303],
    ['Bearer', 401],
    ['DPoP a', 401],
    ['dpop a', 401],
    ['Bearer bad', 401],
  ])('takes who sends "%s" for a person or a program: %d', async (authorization, status) => {
    const headers = { ...page, Authorization: authorization }
    await request(appWith({}, make)).get('/a').set(headers).expect(status)
  })

  test.each(['/login', '/login/', '/LOGIN', '/login?ReturnUrl=%2F'])(
    'never goes round in circles at %s',
    async (path) => {
      await request(appWith({}, make)).get(path).set(page).expect(401)
    },
  )
})

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('loginRedirect for a sign-in that is too weak or too old, on %s', (_name, make) => {
  const metadata = 'https://app.example/.well-known/oauth-protected-resource'

  // The cookie knows alice, but not at the level or as freshly as the route asks.
  function weakApp(policy: PolicyBuilderFunction, redirect = true) {
    const onMessageReceived = (context: MessageReceivedContext) => {
      context.success(createPrincipal({ sub: 'alice', acr: 'bronze', auth_time: 1 }))
    }
    const onChallenge = redirect ? loginRedirect() : undefined
    const options = { ...issuer.options, realm: 'app', resourceMetadata: metadata }
    return make()
      .use((_req, res, next) => {
        res.setHeader('Access-Control-Allow-Origin', 'https://page.example')
        next()
      })
      .use(jwtBearer({ ...options, events: { onMessageReceived, onChallenge } }))
      .use(authorize(policy), (_req, res) => {
        res.end()
      })
  }

  test.each<[string, PolicyBuilderFunction, string]>([
    ['the level', (p) => p.requireAcr('gold', 'urn:b&c'), '&acr_values=gold%20urn%3Ab%26c'],
    ['the age', (p) => p.requireRecentAuthentication(60), '&max_age=60'],
    [
      'both',
      (p) => p.requireAcr('gold').requireRecentAuthentication(60),
      '&acr_values=gold&max_age=60',
    ],
  ])('tells the login %s that is wanted', async (_what, policy, query) => {
    const response = await request(weakApp(policy)).get('/pay?to=bob').set(page).expect(303)
    expect(response.headers['location']).toBe(`/login?ReturnUrl=%2Fpay%3Fto%3Dbob${query}`)
  })

  test('tells programs what the guard would have told them, on other origins too', async () => {
    const policy: PolicyBuilderFunction = (p) => p.requireScope('pay').requireAcr('gold')
    const answers = await Promise.all(
      [true, false].map((redirect) => request(weakApp(policy, redirect)).get('/').expect(401)),
    )
    for (const { headers } of answers) {
      expect(headers['www-authenticate']).toBe(
        `Bearer realm="app", error="insufficient_user_authentication", error_description="A different authentication level is required", scope="pay", acr_values="gold", resource_metadata="${metadata}"`,
      )
      expect(headers['access-control-expose-headers']).toBe('WWW-Authenticate')
    }
  })

  test('says no more than that to somebody who is not signed in', async () => {
    const app = make()
      .use(jwtBearer({ ...issuer.options, events: { onChallenge: loginRedirect() } }))
      .use(authorize((p) => p.requireAcr('gold')))
    const response = await request(app).get('/pay').set(page).expect(303)
    expect(response.headers['location']).toBe('/login?ReturnUrl=%2Fpay')
  })
})

describe('loginRedirect', () => {
  test('uses the path, the parameter and the rule it is given', async () => {
    const app = appWith({
      loginPath: '/sign-in',
      parameter: 'next',
      isPageLoad: (req) => req.path !== '/api',
    })
    const response = await request(app).get('/a').expect(303)
    expect(response.headers['location']).toBe('/sign-in?next=%2Fa')
    await request(app).get('/api').set(page).expect(401)
    await request(app).get('/sign-in').expect(401)
  })

  test.each([
    ['two slashes', '//evil.example/a', '%2Fevil.example%2Fa'],
    ['a slash and a backslash', '/\\evil.example', '%2F'],
    ['a whole URL', 'http://evil.example/', '%2F'],
    ['dots that leave two slashes', '/..//evil.example', '%2F'],
  ])('lets a request for %s lead nowhere else', async (_what, target, expected) => {
    const server = appWith().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('end', () => {
        resolve(text)
      })
      socket.write(
        `GET ${target} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      )
    })
    server.close()
    expect(answer).toContain(`\r\nLocation: /login?ReturnUrl=${expected}\r\n`)
  })

  test('judges a path of nothing but slashes, and one behind them, in no time', () => {
    const redirect = loginRedirect({ isPageLoad: () => true })
    for (const path of ['/'.repeat(100_000), `/${'/'.repeat(100_000)}a`]) {
      const location = vi.fn()
      const before = performance.now()
      redirect({
        req: { method: 'GET', baseUrl: '', path, originalUrl: path, headers: {} },
        res: { vary: () => undefined, setHeader: () => undefined, redirect: location },
        handleResponse: () => undefined,
      } as unknown as ChallengeContext)
      expect(performance.now() - before).toBeLessThan(200)
      expect(location).toHaveBeenCalledOnce()
    }
  })

  test('refuses options that it does not know', () => {
    expect(() => loginRedirect({ path: '/a' } as object)).toThrow('is not a member of')
    expect(loginRedirect({ loginPath: undefined })).toBeTypeOf('function')
    const context: (context: ChallengeContext) => void = loginRedirect()
    expect(context).toBeTypeOf('function')
  })
})

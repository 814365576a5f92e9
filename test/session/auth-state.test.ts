import { ClaimTypes, createPrincipal } from 'express-jwt-bearer'
import {
  authState,
  createSession,
  renderAuthState,
  renderJson,
  type AuthState,
  type SessionOptions,
} from 'express-jwt-bearer/session'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { cookieOf, sessionApp, signIn } from '../support/session-app.js'

const fake = (request: object): express.Request => request as unknown as express.Request
const unused = {} as unknown as express.Response

async function stateFor(
  claims: Record<string, unknown>,
  options: Partial<SessionOptions> = {},
): Promise<AuthState> {
  const app = express()
  app.use(createSession({ login: () => undefined, ...options }).middleware)
  app.use((req, res) => {
    req.user = createPrincipal(claims)
    res.json(authState(req))
  })
  return (await request(app).get('/')).body as AuthState
}

describe('authState', () => {
  test('is private wherever it goes', async () => {
    const { app } = sessionApp()
    const response = await request(app).get('/page').expect(200)
    expect(response.body).toEqual({ version: 1, user: null, claims: {} })
    expect(response.headers['cache-control']).toBe('private, no-store')
    expect(response.headers['vary']).toBe('Cookie')
  })

  test.each([
    [
      'short claim names',
      { sub: '1', email: 'a@b.c', given_name: 'Ann', family_name: 'Lee', roles: ['A', 'B'] },
    ],
    [
      ".NET's long claim names",
      {
        [ClaimTypes.NameIdentifier]: '1',
        [ClaimTypes.Email]: 'a@b.c',
        [ClaimTypes.GivenName]: 'Ann',
        [ClaimTypes.Surname]: 'Lee',
        [ClaimTypes.Role]: ['A', 'B'],
      },
    ],
  ])('reads the user from %s', async (_what, claims) => {
    const { user } = await stateFor(claims)
    expect(user).toEqual({
      id: '1',
      email: 'a@b.c',
      firstName: 'Ann',
      lastName: 'Lee',
      roles: ['A', 'B'],
    })
  })

  test('takes one role as text and none as none', async () => {
    expect((await stateFor({ sub: '1', role: 'A' })).user?.roles).toEqual(['A'])
    expect((await stateFor({ sub: '1' })).user).toEqual({ id: '1', roles: [] })
    expect((await stateFor({})).user?.id).toBe('')
  })

  test('shows the claims that are listed and no others', async () => {
    const claims = { sub: '1', department: { name: 'x' }, salary: 1 }
    expect((await stateFor(claims)).claims).toEqual({})
    const listed = await stateFor(claims, { claims: ['department', 'missing', 'toString'] })
    expect(listed.claims).toEqual({ department: { name: 'x' } })
  })

  test('gives the rest of the lifetime as a duration', async () => {
    const options = { clock: () => 1_000_000 }
    expect((await stateFor({ sub: '1', exp: 1060 }, options)).expiresIn).toBe(60)
    expect((await stateFor({ sub: '1', exp: 900 }, options)).expiresIn).toBe(0)
    expect(await stateFor({ sub: '1' }, options)).not.toHaveProperty('expiresIn')
  })

  test.each([
    ['without the access token', {}, false],
    ['with the access token by choice', { exposeAccessToken: true }, true],
  ])('comes %s, and never with the refresh token', async (_what, options, isThere) => {
    const { app } = sessionApp({ login: () => signIn(), ...options })
    const signedIn = await request(app).post('/tokens/create')
    const response = await request(app).get('/page').set('Cookie', cookieOf(signedIn))
    const { accessToken } = signedIn.body as { accessToken: string }
    expect(response.text.includes(accessToken)).toBe(isThere)
    expect(response.text).not.toContain('refresh-0')
  })

  test('says what is missing when the middleware did not run', () => {
    expect(() => authState(fake({}))).toThrow('session.middleware')
  })

  test('needs no response to tell the state', () => {
    const req = fake({ headers: {}, method: 'GET' })
    const session = createSession({ login: () => undefined })
    return new Promise<void>((resolve) => {
      session.middleware(req, unused, () => {
        expect(authState(req).user).toBeNull()
        resolve()
      })
    })
  })
})

describe('renderAuthState', () => {
  const hostile = [
    '</script><img src=x onerror=alert(1)>',
    '<!--<script>',
    ']]>',
    'a\u2028b\u2029c',
    '&lt;',
    '__proto__',
    '"\'`\\',
  ]

  test.each(hostile)('writes %j as text that a browser reads back unchanged', (value) => {
    const user = { id: value, firstName: value, roles: [value] }
    const state: AuthState = { version: 1, user, claims: { [value]: value } }
    const html = renderAuthState(state)
    const [, json = ''] =
      /^<script type="application\/json" id="auth-state">(.*)<\/script>$/.exec(html) ?? []
    expect(json).not.toMatch(/[<>&\u2028\u2029]/)
    expect(JSON.stringify(JSON.parse(json))).toBe(JSON.stringify(state))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('takes another id, and none that is markup', () => {
    const state: AuthState = { version: 1, user: null, claims: {} }
    expect(renderAuthState(state, { id: 'me' })).toContain('id="me"')
    expect(renderAuthState(state, { id: undefined })).toBe(renderAuthState(state))
    expect(() => renderAuthState(state, { id: 'a"><script>' })).toThrow('"id" must')
  })

  test('writes other data the same way', () => {
    expect(renderJson('</script>', 'd')).toBe(
      String.raw`<script type="application/json" id="d">"\u003c/script\u003e"</script>`,
    )
    expect(renderJson(undefined, 'd')).toContain('>null<')
  })
})

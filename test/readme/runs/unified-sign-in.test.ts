import express from 'express'
import type { Session } from 'express-jwt-bearer/session'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { fakePage, json, ownOrigin } from '../../support/fake-page.js'
import { issuer, options } from '../../support/guide-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/unified-sign-in/README.md', () => {
  const take = useSnippets('examples/unified-sign-in/README.md')

  test('sign in with a cookie, render the page as the user and sign out', async () => {
    const app = express()
    const accessToken = await issuer.token({ sub: 'alice', email: 'alice@example.com' })
    const asked: string[] = []
    const askIssuer = (path: string, body: { password?: string }) => {
      asked.push(path)
      const isRight = path === '/tokens/create' && body.password === 'right'
      return Promise.resolve(isRight ? { accessToken, refreshToken: 'secret' } : undefined)
    }
    await runSnippet(take('On the server'), { app, options, askIssuer })
    const create = (password: string) => request(app).post('/tokens/create').send({ password })
    await create('wrong').expect(401)
    const page = () => request(app).get('/weather').set('Accept', 'text/html')
    await page().expect(303).expect('Location', '/login?ReturnUrl=%2Fweather')
    const signedIn = await create('right').expect(200)
    const [cookie = ''] = signedIn.headers['set-cookie'] as unknown as string[]
    const { text } = await page().set('Cookie', cookie).expect(200)
    expect(text).toContain('Hello, alice')
    expect(text).toContain('"email":"alice@example.com"')
    expect(text + signedIn.text).not.toContain('secret')
    await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
    await page().set('Cookie', cookie).expect(303)
    expect(asked).toEqual(['/tokens/create', '/tokens/create', '/tokens/logout'])
  })

  test('sign out by a form of the app, in front of the session', async () => {
    const app = express()
    const askIssuer = vi.fn(() => Promise.resolve({ accessToken: 'good', refreshToken: 'secret' }))
    const code = take('Signing out')
    const { values } = await runSnippet(code, { app, askIssuer }, {}, ['session'])
    const { session } = values as { session: Session }
    app.use(express.json(), session.routes)
    const signedIn = await request(app).post('/tokens/create').expect(200)
    const [cookie = ''] = signedIn.headers['set-cookie'] as unknown as string[]
    const send = (origin: string) =>
      request(app).post('/logout').set({ Cookie: cookie, Host: 'app.example', Origin: origin })
    await send('https://evil.example').expect(403)
    expect(askIssuer).toHaveBeenCalledOnce()
    const left = await send('https://app.example').expect(303).expect('Location', '/')
    expect(left.headers['set-cookie']?.[0]).toContain('Max-Age=0')
    expect(askIssuer).toHaveBeenLastCalledWith('/tokens/logout', { refreshToken: 'secret' })
  })

  test('take the sign-in up in the page', async () => {
    const user = { id: 'alice', email: 'alice@example.com', roles: [] }
    let isSignedIn = false
    fakePage(
      { version: 1, user: null, claims: {} },
      {
        'POST /tokens/create': () => {
          isSignedIn = true
          return json({ accessToken: 'good' })
        },
        'POST /tokens/refresh': () => json({}, 401),
        'GET /me': () => json({ version: 1, user, claims: {} }),
        'GET /api/weather': () => json({}, isSignedIn ? 200 : 401),
      },
    )
    const assign = vi.fn()
    const search = '?ReturnUrl=%2Fweather%3Fday%3D2'
    vi.stubGlobal('location', { origin: ownOrigin, pathname: '/login', search, assign })
    const { exports } = await runSnippet(take('In the page'), {})
    const { signIn, loadWeather } = exports as {
      signIn: (email: string, password: string) => Promise<boolean>
      loadWeather: () => Promise<Response>
    }
    expect(await signIn('alice@example.com', 'right')).toBe(true)
    expect(document.title).toBe('Signed in as alice@example.com')
    expect((await loadWeather()).status).toBe(200)
    isSignedIn = false
    expect((await loadWeather()).status).toBe(401)
    expect(document.title).toBe('Signed out')
    expect(assign.mock.calls).toEqual([
      ['/weather?day=2'],
      [`/login?ReturnUrl=${encodeURIComponent('/login' + search)}`],
    ])
  })
})

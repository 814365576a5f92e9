import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { createAuthApi } from '../../examples/unified-sign-in/auth-api/create-auth-api.js'
import { demoUser } from '../../examples/unified-sign-in/start.js'
import { createWebApp } from '../../examples/unified-sign-in/web/create-web-app.js'
import { launchChromium } from '../support/chromium.js'

const { email, password } = demoUser

let authApi: RequestListener
let servers: Server[]
let url: string

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Tells which tokens the API takes back from now on, though they look good to everybody else. */
let isTakenBack: (authorization: string | undefined) => boolean

beforeAll(async () => {
  servers = []
  const authApiUrl = await serve((req, res) => {
    if (req.url === '/weatherforecast' && isTakenBack(req.headers.authorization))
      res.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end()
    else authApi(req, res)
  })
  authApi = await createAuthApi({ url: authApiUrl, users: [demoUser], accessTokenLifetime: 600 })
  url = await serve(await createWebApp({ authApiUrl, insecureCookie: false }))
})

beforeEach(() => {
  isTakenBack = () => false
})

function takeBack(): void {
  isTakenBack = () => true
}

afterAll(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})

const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }

async function signIn() {
  const response = await fetch(`${url}/tokens/create`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  const { accessToken } = (await response.json()) as { accessToken: string }
  return { accessToken, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}

const get = (path: string, headers: Record<string, string>) =>
  fetch(url + path, { headers, redirect: 'manual' })

const cleared = ['__Host-Http-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax']

describe('a token that the Auth API refuses', () => {
  test('leads a page load to the login, with nobody signed in any more', async () => {
    const { cookie } = await signIn()
    const headers = { Cookie: cookie, ...page }
    expect((await get('/weather?day=2', headers)).status).toBe(200)
    takeBack()
    const response = await get('/weather?day=2', headers)
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/login?ReturnUrl=%2Fweather%3Fday%3D2')
    expect(response.headers.getSetCookie()).toEqual(cleared)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect((await get('/me', headers)).status).toBe(401)
  })

  test('tells a program so', async () => {
    const { cookie } = await signIn()
    takeBack()
    const response = await get('/api/weather', { Cookie: cookie })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await response.json()).toEqual({ title: 'Unauthorized', status: 401 })
    expect(response.headers.getSetCookie()).toEqual(cleared)
  })

  test('leaves the sign-in of a browser alone when it came in a header', async () => {
    const { accessToken } = await signIn()
    const { cookie } = await signIn()
    isTakenBack = (authorization) => authorization === `Bearer ${accessToken}`
    const headers = { Cookie: cookie, Authorization: `Bearer ${accessToken}` }
    const response = await get('/weather', headers)
    expect(response.status).toBe(401)
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await get('/me', { Cookie: cookie })).status).toBe(200)
  })
})

describe('an Auth API that cannot answer', () => {
  test.each<[string, RequestListener]>([
    ['fails', (_req, res) => res.writeHead(500).end()],
    ['hangs up', (req) => req.destroy()],
  ])('signs nobody out when it %s', async (_case, answer) => {
    const { cookie } = await signIn()
    const working = authApi
    authApi = answer
    for (const path of ['/weather', '/api/weather']) {
      const response = await get(path, { Cookie: cookie, ...page })
      expect([path, response.status]).toEqual([path, 503])
      expect(response.headers.get('retry-after')).toBe('5')
      expect(response.headers.getSetCookie()).toEqual([])
    }
    const form = new URLSearchParams({ email, password })
    expect((await fetch(`${url}/login`, { method: 'POST', body: form })).status).toBe(503)
    authApi = working
    expect((await get('/weather', { Cookie: cookie, ...page })).status).toBe(200)
  })
})

describe('in the browser', () => {
  let browser: Browser
  let tab: Page

  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)

  beforeEach(async () => {
    tab = await browser.newPage()
  })

  afterEach(() => tab.context().close())
  afterAll(() => browser.close())

  const focused = () => tab.evaluate(() => (document.activeElement as HTMLInputElement).name)

  test('a refused token leads from the open page to the login and back', async () => {
    await tab.goto(`${url}/weather`)
    expect(await focused()).toBe('email')
    await tab.keyboard.type(email)
    await tab.keyboard.press('Tab')
    await tab.keyboard.type(password)
    await tab.keyboard.press('Enter')
    await tab.waitForURL(`${url}/weather`)
    takeBack()
    await tab.click('text=Update')
    await tab.waitForURL(`${url}/login?ReturnUrl=%2Fweather`)
    expect(await tab.context().cookies()).toEqual([])
    expect(await tab.content()).not.toContain('Demo Person')
    isTakenBack = () => false
    await tab.fill('input[name=email]', email)
    await tab.fill('input[name=password]', password)
    await tab.keyboard.press('Enter')
    await tab.waitForURL(`${url}/weather`)
    // And so does a hard reload.
    takeBack()
    await tab.reload()
    expect(tab.url()).toBe(`${url}/login?ReturnUrl=%2Fweather`)
  })

  test.each([true, false])(
    'the focus is in the form after a wrong password, scripts running: %s',
    async (javaScriptEnabled) => {
      const context = await browser.newContext({ javaScriptEnabled })
      const other = await context.newPage()
      await other.goto(`${url}/login`)
      await other.fill('input[name=email]', email)
      await other.fill('input[name=password]', 'wrong')
      await other.keyboard.press('Enter')
      await other.waitForSelector('[role=alert]')
      // Typing goes on where the mistake was.
      await other.waitForSelector('input[name=password]:focus')
      await other.keyboard.type(password)
      await other.keyboard.press('Enter')
      await other.waitForURL(`${url}/`)
      expect(await other.textContent('h1')).toBe('Hello, Demo Person')
      await context.close()
    },
  )
}, 60_000)

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import type { AuthClient } from 'express-jwt-bearer/browser'
import {
  authState,
  createSession,
  loginRedirect,
  memorySessionStore,
  renderAuthState,
} from 'express-jwt-bearer/session'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { deferred } from '../support/expiring-session.js'
import { issuer, signIn } from '../support/session-app.js'

interface PageWithClient {
  readonly client: AuthClient
  readonly ended: number
}

let browser: Browser
let server: Server
let url: string
const contexts: BrowserContext[] = []

const store = memorySessionStore()
const logout = vi.fn((): Promise<unknown> => Promise.resolve())
// What stands in front of the state, as markup that somebody else got into the page.
let injected = ''

beforeAll(async () => {
  browser = await launchChromium()
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createAuthClient } from './index.ts'
        globalThis.ended = 0
        globalThis.client = createAuthClient({ onSignedOut: () => { globalThis.ended += 1 } })`,
      resolveDir: fileURLToPath(new URL('../../src/browser', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
  })
  const session = createSession({ login: () => signIn(), logout, store })
  const app = express().use(session.middleware, express.json(), express.urlencoded())
  const { onMessageReceived } = session
  const events = { onMessageReceived, onChallenge: loginRedirect() }
  app.use(jwtBearer({ ...issuer.options, events }), session.routes)
  app.get('/client.js', (_req, res) => {
    res.type('js').send(outputFiles[0]?.text)
  })
  app.get(['/', '/login', '/page'], (req, res) => {
    const form = '<form method="post" action="/order"><button>Order</button></form>'
    const script = '<script type="module" src="/client.js"></script>'
    const state = renderAuthState(authState(req))
    res.send(`<!doctype html>${script}${injected}${form}${state}`)
  })
  app.post('/order', authorize(), (req, res) => {
    res.send(`Ordered by ${String(req.user?.subject)}`)
  })
  app.get('/api', authorize(), (req, res) => {
    res.json({ subject: req.user?.subject })
  })
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
}, 120_000)

afterEach(async () => {
  injected = ''
  vi.restoreAllMocks()
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})

afterAll(async () => {
  await browser.close()
  server.close()
})

async function signedIn(options = {}) {
  const context = await browser.newContext(options)
  contexts.push(context)
  const page = await context.newPage()
  await page.goto(`${url}/`)
  await page.evaluate(() => fetch('/tokens/create', { method: 'POST' }))
  await page.goto(`${url}/page`)
  return { context, page }
}

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}/page`)
  return page
}

const stateIn = (page: Page) =>
  page.evaluate(() => {
    const { client, ended } = globalThis as unknown as PageWithClient
    const { user, isChecking } = client.state
    return { id: user?.id, isChecking, ended }
  })
const shows = (page: Page, state: object) =>
  vi.waitFor(
    async () => {
      expect(await stateIn(page)).toEqual(state)
    },
    { timeout: 5_000 },
  )
const signOut = (page: Page) =>
  page.evaluate(() => {
    const { client } = globalThis as unknown as PageWithClient
    return client.signOut().then(
      () => 'done',
      (error: unknown) => String(error),
    )
  })

const alice = { id: 'alice', isChecking: false, ended: 0 }
const hidden = { id: undefined, isChecking: true, ended: 0 }
const out = { id: undefined, isChecking: false }

describe('a form', () => {
  test('is taken while its sender is signed in, and leads to the login and to the start afterwards', async () => {
    const { context, page } = await signedIn()
    const late = await open(context)
    await page.click('button')
    expect(await page.textContent('body')).toBe('Ordered by alice')
    await page.evaluate(() => fetch('/tokens/logout', { method: 'POST' }))
    await late.click('button')
    expect(late.url()).toBe(`${url}/login?ReturnUrl=%2F`)
  })

  test('of a script is answered with 401', async () => {
    const { context, page } = await signedIn()
    await context.clearCookies()
    const send = () => fetch('/order', { method: 'POST', body: new URLSearchParams('a=b') })
    expect(await page.evaluate(`(${send.toString()})().then(({ status }) => status)`)).toBe(401)
  })
})

describe('the cookie', () => {
  test('counts beside the Basic credentials that a browser adds by itself', async () => {
    const headers = { Authorization: 'Basic YTpi' }
    const { page } = await signedIn({ extraHTTPHeaders: headers })
    expect((await stateIn(page)).id).toBe('alice')
    await page.click('button')
    expect(await page.textContent('body')).toBe('Ordered by alice')
  })
})

describe('the page’s client', () => {
  test('stays with its own origin and the state of the server, whatever markup gets into the page', async () => {
    const state = '{"version":1,"user":{"id":"mallory","roles":[]},"claims":{}}'
    const { context, page } = await signedIn()
    injected = `<base href="https://evil.example/"><p id="auth-state">${state}</p>`
    const asked: string[] = []
    context.on('request', (request) => asked.push(request.url()))
    await page.reload()
    await shows(page, alice)
    const subject = await page.evaluate(async () => {
      const { client } = globalThis as unknown as PageWithClient
      return (await client.fetch('api')).json() as Promise<unknown>
    })
    expect(subject).toEqual({ subject: 'alice' })
    expect(await signOut(page)).toBe('done')
    const own = asked.filter((address) => address.startsWith(url))
    expect(own.map((address) => new URL(address).pathname)).toEqual([
      ...['/page', '/client.js', '/me', '/api', '/tokens/logout'],
    ])
    expect(asked).toEqual(own)
  })

  test('hides its user in every tab at once, and is done within two seconds although the issuer hangs', async () => {
    const { context, page } = await signedIn()
    const other = await open(context)
    await shows(other, alice)
    logout.mockReturnValueOnce(new Promise(() => undefined))
    const before = performance.now()
    const done = signOut(page)
    await shows(other, hidden)
    expect(performance.now() - before).toBeLessThan(900)
    expect(await done).toBe('done')
    expect(performance.now() - before).toBeLessThan(2_000)
    await shows(other, { ...out, ended: 1 })
    await shows(page, { ...out, ended: 0 })
    expect(await context.cookies()).toEqual([])
  })

  test('shows its user again in every tab when the store is down as they sign out', async () => {
    const { context, page } = await signedIn()
    const other = await open(context)
    vi.spyOn(store, 'delete').mockRejectedValueOnce(new Error('down'))
    expect(await signOut(page)).toContain('503')
    await shows(page, alice)
    await shows(other, alice)
    expect(await context.cookies()).toHaveLength(1)
    expect(await signOut(page)).toBe('done')
    await shows(other, { ...out, ended: 1 })
  })

  test('asks again by itself after an outage, in which the page was rendered', async () => {
    const { page } = await signedIn()
    const down = vi.spyOn(store, 'get').mockRejectedValue(new Error('down'))
    await page.goto(`${url}/page`)
    await shows(page, hidden)
    expect(await page.textContent('#auth-state')).toBe('{"version":1,"claims":{}}')
    down.mockRestore()
    await shows(page, alice)
  })

  test('still hears of a sign-out in a tab whose question failed', async () => {
    const { context, page } = await signedIn()
    const other = await open(context)
    await other.route('**/me', (route) => route.abort())
    await page.evaluate(() => {
      new BroadcastChannel('express-jwt-bearer').postMessage('signed-in')
    })
    await shows(other, hidden)
    expect(await signOut(page)).toBe('done')
    await shows(other, { ...out, ended: 1 })
  })

  test('shows its user again in a tab whose question failed, as soon as there is an answer', async () => {
    const { context, page } = await signedIn()
    const other = await open(context)
    const { promise, resolve } = deferred<undefined>()
    let isDown = true
    await other.route('**/me', (route) => {
      resolve(undefined)
      return isDown ? route.abort() : route.continue()
    })
    await page.evaluate(() => {
      new BroadcastChannel('express-jwt-bearer').postMessage('signed-in')
    })
    await promise
    await shows(other, hidden)
    isDown = false
    await shows(other, alice)
  })

  test('calls no onSignedOut on a page that nobody is signed in to', async () => {
    const context = await browser.newContext()
    contexts.push(context)
    const page = await open(context)
    const status = await page.evaluate(async () => {
      const { client } = globalThis as unknown as PageWithClient
      return (await client.fetch('/api')).status
    })
    expect(status).toBe(401)
    await shows(page, { ...out, ended: 0 })
  })
}, 60_000)

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  demoUser,
  startUnifiedSignIn,
  type RunningExample,
} from '../../examples/unified-sign-in/start.js'
import { launchChromium } from '../support/chromium.js'
import { acceptedReturnUrls, refusedReturnUrls } from '../support/return-urls.js'

const name = 'Demo Person'
const shortLifetime = 3

const hostile = {
  email: 'hostile@example.com',
  password: 'hostile-password',
  firstName: '</script><img src=x onerror="window.hacked=1"><!--<script>',
  lastName: '\u2028__proto__"\'&lt;',
  roles: ['</script>', '__proto__'],
}

let browser: Browser
let example: RunningExample
let short: RunningExample
const contexts: BrowserContext[] = []

beforeAll(async () => {
  // Playwright turns the back/forward cache off, which would make its test pass for nothing.
  browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  example = await startUnifiedSignIn({ users: [hostile] })
  short = await startUnifiedSignIn({ accessTokenLifetime: shortLifetime })
}, 120_000)

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})

afterAll(async () => {
  await browser.close()
  await Promise.all([example.close(), short.close()])
})

async function newContext(options = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  contexts.push(context)
  return context
}

async function fillLogin(page: Page, { email, password } = demoUser): Promise<void> {
  await page.fill('input[name=email]', email)
  await page.fill('input[name=password]', password)
  await page.click('main button[type=submit]')
}

async function signedIn(at: RunningExample, path = '/weather', user = demoUser) {
  const context = await newContext()
  const page = await context.newPage()
  await page.goto(`${at.url}/login?ReturnUrl=${encodeURIComponent(path)}`)
  await fillLogin(page, user)
  await page.waitForURL(`${at.url}${path}`)
  return { context, page }
}

/** Every path that a page asks for from now on, and every answer that touches a cookie. */
function watch(context: BrowserContext) {
  const paths: string[] = []
  const cookies: string[] = []
  context.on('request', (request) => paths.push(new URL(request.url()).pathname))
  context.on('response', (response) => {
    void response.headerValue('set-cookie').then((value) => {
      if (value !== null) cookies.push(value)
    })
  })
  return { paths, cookies }
}

const expiry = () => new Promise((resolve) => setTimeout(resolve, shortLifetime * 1000))

describe('the unified sign-in example', () => {
  test('says that a login failed and not why', async () => {
    const context = await newContext()
    const page = await context.newPage()
    await page.goto(`${example.url}/login`)
    const messages = new Set<string>()
    for (const email of [demoUser.email, 'nobody@example.com']) {
      await fillLogin(page, { ...demoUser, email, password: 'wrong' })
      messages.add((await page.locator('[role=alert]').textContent()) ?? '')
    }
    expect([...messages]).toEqual(['Sign-in failed. Please check your email and password.'])
    expect(await context.cookies()).toEqual([])
  })

  test('renders a hard reload as the user from the first byte, without a call for it', async () => {
    const { context, page } = await signedIn(example)
    const { paths } = watch(context)
    const response = await page.reload({ waitUntil: 'networkidle' })
    const html = (await response?.text()) ?? ''
    expect(html).toContain(`<span class="user">${name}</span>`)
    expect(html.match(/°C/g)?.length).toBeGreaterThanOrEqual(5)
    expect(paths.filter((path) => !path.startsWith('/assets/'))).toEqual(['/weather'])
    expect(response?.headers()).toMatchObject({ 'cache-control': 'private, no-store' })
    expect(html).not.toMatch(/accessToken|refreshToken|eyJ/)
    // The page's own code is the same person.
    await page.click('text=Update')
    await page.waitForSelector('text=Updated just now.')
  })

  test('keeps its cookie from scripts, other sites and plain connections', async () => {
    const { context, page } = await signedIn(example)
    expect(await context.cookies()).toMatchObject([
      { name: '__Host-Http-session', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' },
    ])
    expect(await page.evaluate(() => [document.cookie, localStorage.length])).toEqual(['', 0])
  })

  test('leads a copied link in a fresh browser through the login to where it pointed', async () => {
    const context = await newContext()
    const page = await context.newPage()
    await page.goto(`${example.url}/weather?day=2&q=a%20b`)
    expect(page.url()).toBe(`${example.url}/login?ReturnUrl=%2Fweather%3Fday%3D2%26q%3Da%2520b`)
    await fillLogin(page)
    await page.waitForURL(`${example.url}/weather?day=2&q=a%20b`)
    expect(await page.textContent('.user')).toBe(name)
  })

  test('works without scripts too', async () => {
    const context = await newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${example.url}/weather`)
    await fillLogin(page, { ...demoUser, password: 'wrong' })
    expect(await page.textContent('[role=alert]')).toContain('Sign-in failed')
    expect(await page.inputValue('input[name=email]')).toBe(demoUser.email)
    await fillLogin(page)
    expect(page.url()).toBe(`${example.url}/weather`)
    await page.click('text=Sign out')
    expect(page.url()).toBe(`${example.url}/`)
    expect(await context.cookies()).toEqual([])
  })

  test('renders signed in with an expired access token and a good refresh token', async () => {
    const { context, page } = await signedIn(short)
    await expiry()
    const { cookies } = watch(context)
    const response = await page.goto(`${short.url}/weather`)
    expect(response?.status()).toBe(200)
    expect(await page.textContent('.user')).toBe(name)
    expect(cookies).toEqual([])
  })

  test('signs nobody out when two tabs send eight requests at expiry', async () => {
    const { context, page } = await signedIn(short)
    const other = await context.newPage()
    await other.goto(`${short.url}/weather`)
    await expiry()
    const { cookies } = watch(context)
    const burst = (tab: Page) =>
      tab.evaluate(() =>
        Promise.all(Array.from({ length: 8 }, async () => (await fetch('/api/weather')).status)),
      )
    const [first, second] = await Promise.all([burst(page), burst(other)])
    expect([...first, ...second]).toEqual(Array(16).fill(200))
    await Promise.all([page.reload(), other.click('text=Update')])
    await other.waitForSelector('text=Updated just now.')
    expect(await page.textContent('.user')).toBe(name)
    expect(cookies).toEqual([])
  })

  test('signs out every tab, and the back button shows nothing private', async () => {
    const { context, page } = await signedIn(example)
    const other = await context.newPage()
    await other.goto(`${example.url}/weather`)
    await page.click('text=Sign out')
    await page.waitForURL(`${example.url}/`)
    await other.waitForURL(`${example.url}/login?ReturnUrl=%2Fweather`)
    expect(await other.content()).not.toContain(name)
    await page.evaluate(() => {
      history.back()
    })
    await page.waitForURL(`${example.url}/login?ReturnUrl=%2Fweather`)
    const html = await page.content()
    expect(html).not.toContain(name)
    expect(html).not.toContain('°C')
    expect(await context.cookies()).toEqual([])
  })

  test('shows hostile names as text', async () => {
    const { page } = await signedIn(example, '/weather', hostile)
    for (const load of [() => Promise.resolve(null), () => page.reload()]) {
      await load()
      await page.waitForLoadState('networkidle')
      expect(await page.textContent('.user')).toBe(`${hostile.firstName} ${hostile.lastName}`)
      expect(await page.textContent('footer')).toContain('One sign-in')
      expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined()
      expect(await page.locator('img').count()).toBe(0)
    }
    await page.click('text=Update')
    await page.waitForSelector('text=Updated just now.')
  })

  test('refuses what another origin makes the browser send, although the cookie comes along', async () => {
    const { context, page } = await signedIn(example)
    const evil = createServer((_req, res) => {
      res.setHeader('Content-Type', 'text/html').end('<p>evil</p>')
    })
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    // Another port is the same site: SameSite does not help here.
    const evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`
    for (const path of ['/logout', '/login', '/tokens/logout', '/tokens/create']) {
      const attack = await context.newPage()
      await attack.goto(evilUrl)
      const answer = attack.waitForResponse(`${example.url}${path}`)
      await attack.evaluate((action) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action })
        document.body.append(form)
        form.submit()
      }, `${example.url}${path}`)
      const response = await answer
      expect([path, response.status()]).toEqual([path, 403])
      const { cookie } = await response.request().allHeaders()
      expect(cookie).toContain('__Host-Http-session=')
      expect(await response.headerValue('set-cookie')).toBeNull()
    }
    evil.close()
    await page.reload()
    expect(await page.textContent('.user')).toBe(name)
  })

  test('takes every return URL the same way on the server and in the browser', async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../../src/browser/index.ts', import.meta.url))],
      bundle: true,
      format: 'iife',
      globalName: 'client',
      footer: { js: 'globalThis.client = client' },
      write: false,
    })
    const context = await newContext()
    await context.addInitScript(outputFiles[0]?.text ?? '')
    const page = await context.newPage()
    await page.goto(example.url)
    const judge = (values: readonly unknown[]) =>
      page.evaluate((list) => {
        const { client } = globalThis as unknown as {
          client: { safeReturnUrl: (value: unknown) => string }
        }
        return list.map((value) => {
          const target = client.safeReturnUrl(value)
          return [target, new URL(target, location.href).origin === location.origin] as const
        })
      }, values)
    const onServer = async (value: unknown) => {
      const query = new URLSearchParams([value].flat().map((one) => ['ReturnUrl', String(one)]))
      const html = await (await fetch(`${example.url}/login?${query.toString()}`)).text()
      const data = /id="page-data">(.*?)<\/script>/.exec(html)?.[1] ?? ''
      return (JSON.parse(data) as { returnUrl: string }).returnUrl
    }
    const refused = refusedReturnUrls
      .map(([, value]) => value)
      .filter((value) => typeof value !== 'object' || Array.isArray(value))
    expect(await judge(refused)).toEqual(refused.map(() => ['/', true]))
    for (const value of refused) expect([value, await onServer(value)]).toEqual([value, '/'])
    const accepted = acceptedReturnUrls.map(([, value]) => value)
    expect(await judge(accepted)).toEqual(accepted.map((value) => [value, true]))
    for (const value of accepted) expect(await onServer(value)).toBe(value)
  })
}, 60_000)

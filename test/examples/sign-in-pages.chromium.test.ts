import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../../examples/cookie-login.js'
import {
  demoUser,
  startUnifiedSignIn,
  type RunningExample,
} from '../../examples/unified-sign-in/start.js'
import { launchChromium } from '../support/chromium.js'
import {
  coveredControls,
  faintTexts,
  overlappingControls,
  scrollsSideways,
} from '../support/layout.js'

const lifetime = 3

let browser: Browser
let cookieLogin: Server
let unified: RunningExample
let context: BrowserContext
let page: Page
let complaints: string[]

beforeAll(async () => {
  browser = await launchChromium()
  cookieLogin = createServer(createApp()).listen(0, '127.0.0.1')
  await once(cookieLogin, 'listening')
  unified = await startUnifiedSignIn({ accessTokenLifetime: lifetime })
}, 60_000)

afterAll(async () => {
  await browser.close()
  cookieLogin.close()
  await unified.close()
})

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // What a page's policy forbids is told here, and nowhere else.
    if (message.text().includes('Content Security Policy')) complaints.push(message.text())
  })
})

afterEach(async () => {
  await context.close()
  expect(complaints).toEqual([])
})

async function enter(...values: string[]) {
  for (const [index, value] of values.entries()) {
    if (index > 0) await page.keyboard.press('Tab')
    await page.keyboard.type(value)
  }
  await page.keyboard.press('Enter')
}

async function expectTidy(what: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect([what, await scrollsSideways(page)]).toEqual([what, false])
    expect([what, await overlappingControls(page)]).toEqual([what, []])
    expect([what, await coveredControls(page)]).toEqual([what, []])
    expect([what, await faintTexts(page)]).toEqual([what, []])
  }
}

const sizes = [
  ['a phone', { width: 375, height: 812 }],
  ['a small phone', { width: 320, height: 640 }],
  ['a desktop', { width: 1280, height: 800 }],
] as const

describe('cookie-login', () => {
  const url = () => `http://localhost:${(cookieLogin.address() as AddressInfo).port}`

  test.each(sizes)('signs in and out with the keyboard alone, on %s', async (_name, size) => {
    await page.setViewportSize(size)
    await page.goto(`${url()}/?page=2`)
    await expectTidy('login')
    await page.locator('input[name=name]:focus').waitFor()
    await enter('alice', 'builder')
    await page.getByRole('alert').waitFor()
    await expectTidy('a wrong password')
    expect(await page.getByLabel('Name').inputValue()).toBe('alice')
    await page.locator('input[name=password]:focus').waitFor()
    await enter('wonderland')
    await page.waitForURL(`${url()}/?page=2`)
    expect(await page.textContent('h1')).toBe('Hello, alice')
    await page.keyboard.press('Tab')
    await page.locator('button:focus').waitFor()
    await expectTidy('home')
    const html = await page.content()
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ name: 'auth', httpOnly: true, sameSite: 'Lax' })
    expect(html).not.toContain(cookie?.value)
    expect(html).not.toContain('eyJ')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${url()}/login`)
    expect(await context.cookies()).toEqual([])
  })
})

describe('unified-sign-in', () => {
  const { email, password } = demoUser
  const fact = (name: string) =>
    page.locator('dt', { hasText: name }).locator('xpath=following-sibling::dd')

  async function signIn() {
    await page.goto(`${unified.url}/login`)
    await page.locator('input[name=email]:focus').waitFor()
    await enter(email, password)
    await page.waitForURL(`${unified.url}/`)
    await page.locator('.countdown').waitFor()
  }

  test.each(sizes)('looks right on %s', async (_name, size) => {
    await page.setViewportSize(size)
    await page.goto(unified.url)
    await expectTidy('home of nobody')
    await page.goto(`${unified.url}/login`)
    await expectTidy('login')
    await enter(email, 'wrong')
    await page.getByRole('alert').waitFor()
    await expectTidy('a wrong password')
    await page.locator('input[name=password]:focus').waitFor()
    await enter(password)
    await page.locator('.countdown').waitFor()
    await expectTidy('home')
    await page.goto(`${unified.url}/weather`)
    await expectTidy('weather')
  })

  test('counts the seconds of the access token, and says when it was refreshed', async () => {
    await signIn()
    const left = Number(await page.textContent('.countdown strong'))
    expect(left).toBeGreaterThanOrEqual(0)
    expect(left).toBeLessThanOrEqual(lifetime)
    const first = await fact('Access token').textContent()
    // The page asks by itself when the time is up.
    await fact('Refreshed at').filter({ hasText: 'UTC' }).waitFor()
    expect(await fact('Access token').textContent()).not.toBe(first)
    expect(await page.getByRole('status').textContent()).toBe('The server has got a new token.')
    await page.getByRole('button', { name: 'Ask now' }).click()
    await page.getByRole('status').filter({ hasText: '.' }).waitFor()
  })

  test('shows what is in cookie, store and page, and brings no token into the page', async () => {
    await signIn()
    const received: Promise<string>[] = []
    page.on('response', (response) => received.push(response.text().catch(() => '')))
    const session = page.waitForResponse(`${unified.url}/api/session`)
    const response = await page.reload()
    await session
    const [cookie] = await context.cookies()
    expect(await fact('Value').textContent()).toBe(`${cookie?.value.slice(0, 4)}…, a random id`)
    expect(await fact('What scripts see of it').textContent()).toBe('nothing')
    expect(await fact('Who you are').textContent()).toBe(`Demo Person, ${email}`)
    expect(await fact('Tokens').textContent()).toBe('none')
    const texts = [...(await Promise.all(received)), (await response?.text()) ?? '']
    expect(texts.length).toBeGreaterThan(2)
    for (const text of texts) {
      expect(text).not.toContain(cookie?.value)
      expect(text).not.toMatch(/eyJ|[\w-]{22}\.[\w-]{43}(?![\w-])/)
    }
  })

  test('shows none of it once another tab has signed out', async () => {
    await signIn()
    const other = await context.newPage()
    await other.goto(unified.url)
    await other.click('text=Sign out')
    await page.locator('.countdown').waitFor({ state: 'detached' })
    expect(await page.textContent('h1')).toBe('Hello')
  })
})

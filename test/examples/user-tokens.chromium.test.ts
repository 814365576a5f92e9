import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import {
  coveredControls,
  faintTexts,
  overlappingControls,
  scrollsSideways,
} from '../support/layout.js'
import { startExample, type RunningExample } from '../support/start-example.js'

let example: RunningExample
let browser: Browser
let page: Page
/** Everything the browser was sent, by page, script, request and WebSocket. */
let received: string[]
let complaints: string[]

beforeAll(async () => {
  example = await startExample('user-tokens/server.ts', { lastWords: 'Stop with' })
  browser = await launchChromium()
}, 60_000)

afterAll(async () => {
  await browser.close()
  await example.stop()
})

beforeEach(async () => {
  received = []
  complaints = []
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('response', (response) => {
    if (!response.url().startsWith(example.url)) return
    response.text().then(
      (text) => received.push(text),
      () => undefined,
    )
  })
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => received.push(payload.toString()))
  })
  await page.goto(example.url)
})

afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
  expect(received.length).toBeGreaterThan(0)
  expect(received.filter((text) => text.includes('eyJ'))).toEqual([])
})

const text = (id: string) => page.locator(`#${id}`).innerText()

async function signIn(name = 'alice', password = 'wonderland', tab = page) {
  await tab.getByRole('link', { name: 'Sign in' }).click()
  await tab.getByLabel('Name').fill(name)
  await tab.getByLabel('Password').fill(password)
  await tab.getByRole('button', { name: 'Sign in' }).click()
}

async function expectTidy() {
  expect(await scrollsSideways(page)).toBe(false)
  expect(await overlappingControls(page)).toEqual([])
  expect(await coveredControls(page)).toEqual([])
  expect(await faintTexts(page)).toEqual([])
}

const issuer = () => /provider on (?<url>\S+),/.exec(example.output())?.groups?.['url'] ?? ''

async function countedAtProvider(what: 'refreshes' | 'signOuts') {
  const counted = (await (await fetch(`${issuer()}/stats`)).json()) as Record<string, number>
  return counted[what] as number
}
const refreshesAtProvider = () => countedAtProvider('refreshes')

describe('the user tokens example', () => {
  test('shows API data, and renews the token under an open page', { timeout: 90_000 }, async () => {
    const before = await refreshesAtProvider()
    await signIn()
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    expect(await text('name')).toBe('alice')
    expect(await text('measured')).toContain('Measured for alice')
    const first = await text('token')
    await page.locator('#renewals', { hasText: '1' }).waitFor({ timeout: 30_000 })
    expect(await text('token')).not.toBe(first)
    expect(await text('events')).toContain('A new token came from the identity provider')
    expect(await refreshesAtProvider()).toBe(before + 1)

    // The token that the page calls with is the one that the WebSocket has renewed.
    await page.getByRole('button', { name: 'Call the API now' }).click()
    await page.locator('#answer', { hasText: '200' }).waitFor()
    expect(await refreshesAtProvider()).toBe(before + 1)
    await page.getByRole('button', { name: 'Renew it now' }).click()
    await page.locator('#renewals', { hasText: '2' }).waitFor()
    expect(await refreshesAtProvider()).toBe(before + 2)
  })

  test('stays signed in while the provider is killed', { timeout: 90_000 }, async () => {
    await signIn()
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    const pid = Number(
      /provider on \S+, process (?<pid>\d+)/.exec(example.output())?.groups?.['pid'],
    )
    process.kill(pid, 'SIGKILL')
    await page.getByRole('button', { name: 'Call the API now' }).click()
    await page.locator('#answer', { hasText: '200' }).waitFor()
    await page.locator('#renewals', { hasText: '1' }).waitFor({ timeout: 40_000 })
    expect(example.output()).toContain('Started again:   provider')
    expect(await text('name')).toBe('alice')
  })

  test('signs out everywhere: page, WebSocket, API and provider', { timeout: 30_000 }, async () => {
    await signIn('bob', 'builder')
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    const other = await page.context().newPage()
    await other.goto(example.url)
    await other.locator('#temperature', { hasText: '°C' }).waitFor()
    const cookies = await page.context().cookies()

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Yes, sign out' }).click()
    await page.waitForURL(`${example.url}/`)
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    await other.getByRole('link', { name: 'Sign in' }).waitFor()

    // A copy of the cookie is worth nothing any more.
    const Cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const answer = await fetch(`${example.url}/weather`, { headers: { Cookie } })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toEqual({ code: 'no_session' })
  })

  test('signs out every tab when its user signs out at the provider', async () => {
    await signIn('bob', 'builder')
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    const tab = await page.context().newPage()
    await tab.goto(example.url)
    await tab.locator('#temperature', { hasText: '°C' }).waitFor()
    const elsewhere = await browser.newContext()
    const other = await elsewhere.newPage()
    await other.goto(example.url)
    await signIn('bob', 'builder', other)
    await other.locator('#temperature', { hasText: '°C' }).waitFor()
    const before = await countedAtProvider('signOuts')

    const provider = await page.context().newPage()
    await provider.goto(`${issuer()}/session/end`)
    await provider.getByRole('button', { name: 'Yes, sign out' }).click()
    await provider.getByRole('heading', { name: 'Signed out' }).waitFor()
    expect(await countedAtProvider('signOuts')).toBe(before + 1)
    for (const each of [page, tab]) await each.getByRole('link', { name: 'Sign in' }).waitFor()

    // Another browser has a session of its own at the provider, which nobody has ended.
    await other.getByRole('button', { name: 'Call the API now' }).click()
    await other.locator('#answer', { hasText: '200' }).waitFor()
    await elsewhere.close()
  }, 30_000)

  // CVE-2025-48947, CVE-2025-64762: a cache gave one user's cookie to another.
  test('lets no cache keep an answer that sets a cookie', async () => {
    const answers: Promise<Record<string, string>>[] = []
    page.on('response', (response) => {
      if (response.url().startsWith(example.url)) answers.push(response.allHeaders())
    })
    await signIn()
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Yes, sign out' }).waitFor()
    const setters = (await Promise.all(answers)).filter((headers) => 'set-cookie' in headers)
    expect(setters.map((headers) => headers['cache-control'])).toEqual(Array(3).fill('no-store'))
  })

  test('shows what is in the cookie, in the store and in the page', async () => {
    // With the keyboard alone.
    await page.getByRole('link', { name: 'Sign in' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('input[name=name]:focus').waitFor()
    await page.keyboard.type('alice')
    await page.keyboard.press('Tab')
    await page.keyboard.type('wonderland')
    await page.keyboard.press('Enter')
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    expect(await text('stored')).toBe(`${await text('token')}…`)
    expect(await text('seconds')).toMatch(/^\d+ seconds left$/)
    const refreshed = await text('refreshed')
    expect(refreshed).toMatch(/\d:\d\d:\d\d/)
    expect([await text('seen'), await text('who')]).toEqual(['nothing', 'alice'])
    // What the server keeps never comes here, the whole of the cookie included.
    const [cookie] = (await page.context().cookies(example.url)).map(({ value }) => value)
    expect(received.join('')).not.toContain(cookie)
    await page.waitForFunction((before) => {
      const now = document.getElementById('refreshed')?.textContent
      return now !== before
    }, refreshed)
    expect(await text('stored')).toBe(`${await text('token')}…`)
  })

  test('refuses a wrong password', async () => {
    await signIn('alice', 'builder')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toBe('The name or the password is wrong.')
  })

  test.each([
    ['a desktop', { width: 1280, height: 800 }],
    ['a phone', { width: 375, height: 812 }],
    ['a small phone', { width: 320, height: 640 }],
  ])('fits on %s', { timeout: 20_000 }, async (name, size) => {
    await page.setViewportSize(size)
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    await expectTidy()
    await signIn()
    await page.locator('#temperature', { hasText: '°C' }).waitFor()
    await expectTidy()
    await page.emulateMedia({ colorScheme: 'dark' })
    await expectTidy()
    const folder = process.env['SCREENSHOTS']
    if (folder !== undefined) await page.screenshot({ path: `${folder}/user-tokens, ${name}.png` })
  })
})

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { startExample, type RunningExample } from '../support/start-example.js'

let playground: RunningExample
let browser: Browser
let page: Page
let complaints: string[]

beforeAll(async () => {
  playground = await startExample('playground/server.ts')
  browser = await launchChromium()
}, 60_000)

afterAll(async () => {
  await browser.close()
  await playground.stop()
})

beforeEach(async () => {
  complaints = []
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  page.on('console', (message) => {
    // Chromium reports every refused request as an error; being refused is what the page is about.
    const isRefusal = message.text().startsWith('Failed to load resource: the server responded')
    const isExpected = isRefusal && message.location().url.startsWith(`${playground.url}/api/`)
    if (message.type() === 'error' && !isExpected) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== playground.url) complaints.push(request.url())
  })
  await page.goto(playground.url)
})

afterEach(async () => {
  await page.close()
  expect(complaints, 'console errors and requests to other origins').toEqual([])
})

async function send(caller: string, route: string, pasted?: string) {
  await page.getByRole('radio', { name: caller, exact: true }).check()
  if (pasted !== undefined) await page.getByLabel('Token to send').fill(pasted)
  await page.getByRole('radio', { name: route }).check()
  await page.getByRole('button', { name: 'Send request' }).click()
  await page.locator('#request[aria-busy="false"]').waitFor()
  expect(await text('sent')).toBe(`${route}, ${caller}`)
}

async function answer() {
  const failed = page.locator('#checks [data-state="failed"] .check')
  return {
    status: Number.parseInt(await page.locator('#status').innerText()),
    failed: await failed.allInnerTexts(),
  }
}

const text = (id: string) => page.locator(`#${id}`).innerText()
const states = () =>
  page
    .locator('#checks li')
    .evaluateAll((items) => items.map((item) => item.getAttribute('data-state')))

function scrollsSideways() {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
}

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const hostile = '<img src=x onerror="document.title=\'owned\'">'

describe('the playground', () => {
  test.each([
    ['Nobody', [], [200, 200, 401, 401, 401, 401], ['Authorization']],
    ['Reader', [], [200, 200, 200, 200, 403, 403], ['Authorization']],
    ['Admin', [], [200, 200, 200, 200, 200, 200], []],
    ['Expired', ['Lifetime'], [200, 401, 401, 401, 401, 401], ['Lifetime']],
    ['Not yet valid', ['Lifetime'], [200, 401, 401, 401, 401, 401], ['Lifetime']],
    ['Wrong audience', ['Audience'], [200, 401, 401, 401, 401, 401], ['Audience']],
    ['Wrong issuer', ['Issuer'], [200, 401, 401, 401, 401, 401], ['Issuer']],
    ['Tampered', ['Signature'], [200, 401, 401, 401, 401, 401], ['Signature']],
    ['Unsigned', ['Algorithm'], [200, 401, 401, 401, 401, 401], ['Algorithm']],
    ['Unknown key', ['Key'], [200, 401, 401, 401, 401, 401], ['Key']],
    ['Wrong type', ['Type'], [200, 401, 401, 401, 401, 401], ['Type']],
    ['Pasted token', ['Form'], [200, 401, 401, 401, 401, 401], ['Form']],
  ])('shows %s what each route answers and which check failed', async (caller, ...expected) => {
    const [failedWhenOpen, statuses, failedWhenRefused] = expected
    const routes = await page
      .locator('input[name="route"]')
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value))
    const pasted = caller === 'Pasted token' ? 'no.token' : undefined
    const answers = []
    for (const route of routes) {
      await send(caller, route, pasted)
      answers.push(await answer())
    }
    expect(answers).toEqual(
      statuses.map((status) => ({
        status,
        failed: status === 200 ? failedWhenOpen : failedWhenRefused,
      })),
    )
  })

  test('shows challenge, body, token and the checks before and after the one that failed', async () => {
    await send('Wrong audience', 'GET /api/orders')
    expect(await text('challenge')).toBe(
      'Bearer error="invalid_token", error_description="The audience is invalid", scope="orders.read"',
    )
    expect(JSON.parse(await text('body'))).toEqual({
      error: 'Unauthorized',
      code: 'ERR_TOKEN_AUDIENCE_INVALID',
    })
    expect(JSON.parse(await text('header'))).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(JSON.parse(await text('claims'))).toMatchObject({ aud: 'api://orders/another' })
    expect(await text('times')).toContain('Expires in 1 hour')
    expect(await page.locator('#checks .check').allInnerTexts()).toEqual(
      'Form Algorithm Key Signature Lifetime Audience Issuer Type Schema Replay Authorization'.split(
        ' ',
      ),
    )
    expect(await states()).toEqual([
      ...Array<string>(5).fill('passed'),
      'failed',
      ...['skipped', 'skipped', 'off', 'off', 'skipped'],
    ])
  })

  test('names the scope that a reader is missing, and no challenge where a role is missing', async () => {
    await send('Reader', 'POST /api/orders/1042/ship')
    expect(await text('challenge')).toBe('Bearer error="insufficient_scope", scope="orders.write"')
    await send('Reader', 'GET /api/revenue')
    expect(await text('challenge')).toBe('none')
    expect((await states()).slice(-3)).toEqual(['off', 'off', 'failed'])
  })

  test('tells assistive technology what came of a request', async () => {
    const status = page.getByRole('status')
    expect(await status.innerText()).toContain('Nothing sent yet')
    await send('Expired', 'GET /api/orders')
    expect(await status.innerText()).toContain('401 Unauthorized')
    expect(await status.innerText()).toContain('the lifetime check failed (ERR_TOKEN_EXPIRED)')
    for (const name of ['Caller', 'Route'])
      expect(await page.getByRole('group', { name }).count()).toBe(1)
    const form = page.getByRole('list').first().getByRole('listitem').first()
    expect(await form.innerText()).toMatch(/^Form[^]*passed$/)
  })

  test('works by keyboard alone', async () => {
    const focused = () => page.evaluate(() => (document.activeElement as HTMLInputElement).value)
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('reader')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('expired')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('GET /api/orders')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Tab')
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement as Element).outlineStyle,
    )
    expect(outline).toBe('solid')
    await page.keyboard.press('Enter')
    await page.getByText('GET /api/me, Expired').waitFor()
    expect(await answer()).toEqual({ status: 401, failed: ['Lifetime'] })

    for (const key of ['Shift+Tab', 'Shift+Tab', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp'])
      await page.keyboard.press(key)
    expect(await focused()).toBe('pasted')
    await page.keyboard.press('Tab')
    await page.keyboard.type('typed.by.hand')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    await page.getByText('GET /api/me, Pasted token').waitFor()
    expect(await answer()).toEqual({ status: 401, failed: ['Form'] })
  })

  test('shows a ring around the choice that has the keyboard focus', async () => {
    await page.keyboard.press('Tab')
    const label = page.locator('label:has(input:focus-visible)')
    expect(await label.innerText()).toBe('Reader')
    expect(await label.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
  })

  test.each([
    ['a phone', 390, 844],
    ['a small phone', 320, 568],
    ['a tablet', 820, 1180],
  ])(
    'never scrolls sideways on %s and brings the answer into view',
    async (_case, width, height) => {
      await page.setViewportSize({ width, height })
      expect(await scrollsSideways()).toBe(false)
      for (const route of ['GET /api/me', 'POST /api/orders/1042/ship']) {
        await send('Admin', route)
        expect(await scrollsSideways()).toBe(false)
      }
      await send(
        'Pasted token',
        'GET /api/orders',
        `${segment({ alg: 'x' })}.${'y'.repeat(9000)}.z`,
      )
      expect(await scrollsSideways()).toBe(false)
      const { top, bottom } = await page
        .locator('#status')
        .evaluate((element) => element.getBoundingClientRect())
      expect(top).toBeGreaterThanOrEqual(0)
      expect(bottom).toBeLessThanOrEqual(height)
    },
  )

  test('renders pasted markup as text', async () => {
    await send('Pasted token', 'GET /api/orders', hostile)
    expect(await answer()).toEqual({ status: 400, failed: ['Form'] })
    expect(await text('raw')).toBe(hostile)
    expect(await text('undecoded')).toContain('no token')

    const token = `${segment({ alg: 'ES256', kid: hostile })}.${segment({ sub: hostile, exp: 1e300 })}.${segment(0)}`
    await send('Pasted token', 'GET /api/orders', token)
    expect(JSON.parse(await text('header'))).toMatchObject({ kid: hostile })
    expect(JSON.parse(await text('claims'))).toMatchObject({ sub: hostile })
    expect(await page.locator('main img').count()).toBe(0)
    expect(await page.title()).toContain('Who may do what?')
  })

  test.each([
    ['text that fits in no header', 'пароль', 'Not sent', 'cannot send this text'],
    ['more than a server reads', 'a'.repeat(20_000), '431', 'before any check'],
  ])('says what became of %s', async (_case, pasted, status, summary) => {
    await send('Pasted token', 'GET /api/orders', pasted)
    expect(await text('status')).toContain(status)
    expect(await text('summary')).toContain(summary)
  })

  test('sends nothing for an empty paste', async () => {
    await send('Pasted token', 'GET /api/orders', '  \n')
    expect(await answer()).toEqual({ status: 401, failed: ['Authorization'] })
    expect(await text('raw')).toBe('none')
  })

  test('says so when the API is gone', async () => {
    await page.route('**/api/orders', (route) => route.abort('connectionrefused'))
    await send('Reader', 'GET /api/orders')
    expect(await text('status')).toBe('No answer')
    expect(complaints.splice(0)).toEqual([expect.stringContaining('ERR_CONNECTION_REFUSED')])
  })
})

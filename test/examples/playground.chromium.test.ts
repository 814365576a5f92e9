import { readFileSync } from 'node:fs'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import {
  coveredControls,
  faintTexts,
  overlappingControls,
  scrollsSideways,
} from '../support/layout.js'
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
    const { pathname } = new URL(message.location().url || playground.url)
    const isExpected = isRefusal && /^\/(?:api|demo)\//.test(pathname)
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
  if (pasted !== undefined) {
    const field = caller === 'Your claims' ? 'Claims to sign' : 'Token to send'
    await page.getByLabel(field).fill(pasted)
  }
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

function isInSight(element: Locator) {
  return element.evaluate((each) => {
    const { top, bottom } = each.getBoundingClientRect()
    return top >= 0 && bottom <= window.innerHeight
  })
}

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const malformed = `${segment({ alg: 'ES256' })}.typed.by-hand`
const hostile = '<img src=x onerror="document.title=\'owned\'">'

describe('the playground', () => {
  test.each([
    ['Nobody', [], [200, 200, 401, 401, 401, 401], ['Authorization']],
    ['Reader', [], [200, 200, 200, 200, 403, 403], ['Authorization']],
    ['Admin', [], [200, 200, 200, 200, 200, 200], []],
    ['DPoP client', [], [200, 200, 200, 200, 403, 403], ['Authorization']],
    ['Opaque token', [], [200, 200, 200, 200, 403, 403], ['Authorization']],
    ['Your claims', [], [200, 200, 200, 200, 403, 403], ['Authorization']],
    ['Expired', ['Lifetime'], [200, 401, 401, 401, 401, 401], ['Lifetime']],
    ['Not yet valid', ['Lifetime'], [200, 401, 401, 401, 401, 401], ['Lifetime']],
    ['Wrong audience', ['Audience'], [200, 401, 401, 401, 401, 401], ['Audience']],
    ['Wrong issuer', ['Issuer'], [200, 401, 401, 401, 401, 401], ['Issuer']],
    ['Tampered', ['Signature'], [200, 401, 401, 401, 401, 401], ['Signature']],
    ['Unsigned', ['Algorithm'], [200, 401, 401, 401, 401, 401], ['Algorithm']],
    ['Unknown key', ['Key'], [200, 401, 401, 401, 401, 401], ['Key']],
    ['Wrong type', ['Type'], [200, 401, 401, 401, 401, 401], ['Type']],
    ['DPoP token, no proof', ['Binding'], [200, 401, 401, 401, 401, 401], ['Binding']],
    ['Opaque, revoked', ['Introspection'], [200, 401, 401, 401, 401, 401], ['Introspection']],
    ['Pasted token', ['Form'], [200, 401, 401, 401, 401, 401], ['Form']],
  ])('shows %s what each route answers and which check failed', async (caller, ...expected) => {
    const [failedWhenOpen, statuses, failedWhenRefused] = expected
    const routes = await page
      .locator('input[name="route"]')
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value))
    const pasted = caller === 'Pasted token' ? malformed : undefined
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
      'Bearer error="invalid_token", error_description="The audience is invalid", scope="orders.read"\nDPoP scope="orders.read", algs="ES256"',
    )
    expect(await text('why')).toBe('expected api://orders, the token says api://orders/another')
    expect(JSON.parse(await text('body'))).toEqual({
      error: 'Unauthorized',
      code: 'ERR_TOKEN_AUDIENCE_INVALID',
    })
    expect(JSON.parse(await text('header'))).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(JSON.parse(await text('claims'))).toMatchObject({ aud: 'api://orders/another' })
    expect(await text('times')).toContain('Expires in 1 hour')
    expect(await page.locator('#checks .check').allInnerTexts()).toEqual([
      ...['Form', 'Introspection', 'Algorithm', 'Key', 'Signature', 'Lifetime', 'Audience'],
      ...['Issuer', 'Type', 'Schema', 'Binding', 'Replay', 'Authorization'],
    ])
    expect(await states()).toEqual([
      ...['passed', 'unneeded', 'passed', 'passed', 'passed', 'passed', 'failed'],
      ...['skipped', 'skipped', 'off', 'skipped', 'off', 'skipped'],
    ])
  })

  test('names the scope that a reader is missing, and no challenge where a role is missing', async () => {
    await send('Reader', 'POST /api/orders/1042/ship')
    expect(await text('challenge')).toBe('Bearer error="insufficient_scope", scope="orders.write"')
    expect(await text('why')).toBe('needs scope orders.write, has orders.read')
    await send('Reader', 'GET /api/revenue')
    expect(await text('challenge')).toBe('none')
    expect(await text('why')).toBe('needs role Admin, has Reader')
    expect((await states()).slice(-3)).toEqual(['passed', 'off', 'failed'])
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
    for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('ArrowDown')
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

    for (const key of ['Shift+Tab', 'Shift+Tab', ...Array<string>(6).fill('ArrowUp')])
      await page.keyboard.press(key)
    expect(await focused()).toBe('pasted')
    await page.keyboard.press('Tab')
    await page.keyboard.type(malformed)
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
      expect(await scrollsSideways(page)).toBe(false)
      for (const route of ['GET /api/me', 'POST /api/orders/1042/ship']) {
        await send('Admin', route)
        expect(await scrollsSideways(page)).toBe(false)
      }
      await send(
        'Pasted token',
        'GET /api/orders',
        `${segment({ alg: 'x' })}.${'y'.repeat(9000)}.z`,
      )
      expect(await scrollsSideways(page)).toBe(false)
      const { top, bottom } = await page
        .locator('#status')
        .evaluate((element) => element.getBoundingClientRect())
      expect(top).toBeGreaterThanOrEqual(0)
      expect(bottom).toBeLessThanOrEqual(height)
    },
  )

  test.each([
    ['a desktop', 1280, 800],
    ['a phone', 390, 844],
  ])('covers no control with another on %s', async (_case, width, height) => {
    await page.setViewportSize({ width, height })
    for (const caller of ['Wrong audience', 'DPoP client', 'Your claims', 'Pasted token']) {
      await send(caller, 'GET /api/orders')
      await page.getByRole('button', { name: 'Copy as curl' }).click()
      await page.locator('#curl').waitFor()
      expect(await overlappingControls(page)).toEqual([])
      expect(await coveredControls(page)).toEqual([])
      expect(await scrollsSideways(page)).toBe(false)
    }
  })

  test('shows every route and the button without scrolling on a desktop', async () => {
    for (const name of ['GET /api/status', 'GET /api/revenue'])
      expect(await isInSight(page.getByRole('radio', { name }))).toBe(true)
    expect(await isInSight(page.getByRole('button', { name: 'Send request' }))).toBe(true)
  })

  test('has the answer and its reason in sight on a phone as soon as it is there', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await send('Wrong issuer', 'GET /api/orders')
    expect(await isInSight(page.locator('#status'))).toBe(true)
    expect(await isInSight(page.locator('#why'))).toBe(true)
  })

  test('shows beside each route the guard that its source has', async () => {
    const source = readFileSync('examples/playground/orders.ts', 'utf8')
    const routes = await page.locator('.routes label').evaluateAll((labels) =>
      labels.map((label) => ({
        route: label.querySelector('input')?.value ?? '',
        guard: label.querySelector('code')?.textContent,
      })),
    )
    expect(routes).toHaveLength(6)
    for (const { route, guard } of routes) {
      const [method = '', path = ''] = route.split(' /api')
      const line = `.${method.toLowerCase()}('${path}', ${guard === undefined ? '(' : `${guard}, `}`
      expect(source).toContain(line)
    }
  })

  test('signs edited claims anew, exactly as they are', async () => {
    await send('Reader', 'GET /api/revenue')
    await page.getByRole('button', { name: 'Edit claims' }).click()
    const editor = page.getByLabel('Claims to sign')
    expect(await editor.evaluate((element) => element === document.activeElement)).toBe(true)
    const claims = JSON.parse(await editor.inputValue()) as Record<string, unknown>
    expect(claims).toMatchObject({ sub: 'rita', roles: ['Reader'] })

    const edited = JSON.stringify({ ...claims, roles: ['Admin'] })
    await send('Your claims', 'GET /api/revenue', edited)
    expect(await answer()).toEqual({ status: 200, failed: [] })

    const endless = { ...claims }
    delete endless['exp']
    await send('Your claims', 'GET /api/revenue', JSON.stringify(endless))
    expect(await answer()).toEqual({ status: 401, failed: ['Lifetime'] })
    expect(JSON.parse(await text('claims'))).toEqual(endless)

    for (const [faulty, summary] of [
      ['{', 'The claims are no JSON'],
      ['[]', 'must be a JSON object'],
    ] as const) {
      await send('Your claims', 'GET /api/revenue', faulty)
      expect(await text('status')).toBe('Not sent')
      expect(await text('summary')).toContain(summary)
    }
  })

  test.each(['Reader', 'Opaque token', 'DPoP client', 'Nobody'])(
    'copies the request of %s as a line that is answered alike',
    async (caller) => {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await send(caller, 'GET /api/me')
      const { status } = await answer()
      await page.getByRole('button', { name: 'Copy as curl' }).click()
      await page.getByText('Copied.').waitFor()
      const line = await page.evaluate(() => navigator.clipboard.readText())
      const headers = [...line.matchAll(/-H '(?<name>[^:]+): (?<value>[^']+)'/g)].map(
        ({ groups }) => [groups?.['name'] ?? '', groups?.['value'] ?? ''] as [string, string],
      )
      expect(line).toMatch(/^curl -i .*http:\/\/localhost:\d+\/api\/me$/)
      expect((await fetch(`${playground.url}/api/me`, { headers })).status).toBe(status)
    },
  )

  test('shows the proof of a DPoP client and what the issuer says of an opaque token', async () => {
    await send('DPoP client', 'GET /api/me')
    expect((await text('proof')).split('.')).toHaveLength(3)
    expect(JSON.parse(await text('claims'))).toMatchObject({
      cnf: { jkt: expect.any(String) as string },
    })
    await send('Opaque token', 'GET /api/me')
    expect(await page.locator('#proof').isVisible()).toBe(false)
    expect(await text('raw')).not.toContain('.')
    expect(await text('header')).toContain('none')
    expect(JSON.parse(await text('claims'))).toMatchObject({ sub: 'rita' })
  })

  test('leads to guides that are there', async () => {
    const hrefs = new Set<string>()
    const collect = async () => {
      for (const link of await page.getByRole('link').all())
        hrefs.add(new URL((await link.getAttribute('href')) ?? '', page.url()).href)
    }
    for (const caller of [
      'Wrong audience',
      'Unknown key',
      'Opaque, revoked',
      'DPoP token, no proof',
      'Reader',
    ]) {
      await send(caller, 'GET /api/revenue')
      await collect()
    }
    expect(hrefs.size).toBeGreaterThan(6)
    for (const href of hrefs) expect([href, (await fetch(href)).status]).toEqual([href, 200])
  })

  test.each(['light', 'dark'] as const)('is easy to read in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    for (const caller of ['Reader', 'Wrong audience']) {
      await send(caller, 'GET /api/orders')
      expect(await faintTexts(page)).toEqual([])
    }
  })

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

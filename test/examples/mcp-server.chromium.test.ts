import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { signInPage, signInPolicy } from '../../examples/mcp-server/sign-in-page.js'
import { start } from '../../examples/mcp-server/start.js'
import { tokenForAgent } from '../support/agent-token.js'
import { launchChromium } from '../support/chromium.js'
import {
  coveredControls,
  faintTexts,
  overlappingControls,
  scrollsSideways,
} from '../support/layout.js'
import { listenOnLoopback } from '../support/loopback.js'

let server: Awaited<ReturnType<typeof start>>
let browser: Browser

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  vi.spyOn(console, 'log').mockReturnValue()
  vi.stubEnv('PORT', '0')
  server = await start()
  browser = await launchChromium()
}, 60_000)

afterAll(async () => {
  await browser.close()
  await server.stop()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const addNote = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'add_note', arguments: { text: 'a' } },
})

describe('a page of another origin', () => {
  test('reads the challenges and the document that they name', async () => {
    const metadata = `resource_metadata="${new URL(server.url).origin}/.well-known/oauth-protected-resource/mcp"`
    const other = await listenOnLoopback((_req, res) => {
      res.setHeader('Content-Type', 'text/html').end()
    })
    const page = await browser.newPage()
    await page.goto(other.url)
    const read = await page.evaluate(
      async ([url = '', authorization = '', body = '']) => {
        const always = { 'Content-Type': 'application/json', 'Mcp-Protocol-Version': '2025-11-25' }
        const call = async (more: object) => {
          const answer = await fetch(url, { method: 'POST', headers: { ...always, ...more }, body })
          return answer.headers.get('www-authenticate')
        }
        const anonymous = await call({})
        const address = /resource_metadata="([^"]+)"/.exec(anonymous ?? '')?.[1] ?? ''
        const found = await fetch(address, { headers: { 'Mcp-Protocol-Version': '2025-11-25' } })
        const { resource } = (await found.json()) as { resource: string }
        return [anonymous, resource, await call({ Authorization: authorization })]
      },
      [server.url, `Bearer ${await tokenForAgent(server.url)}`, addNote],
    )
    await page.close()
    await other.close()
    expect(read).toEqual([
      `Bearer scope="mcp.use", ${metadata}`,
      server.url,
      `Bearer error="insufficient_scope", scope="mcp.use notes.write", ${metadata}`,
    ])
  })
})

describe('the sign-in page', () => {
  test.each([
    [320, 640],
    [375, 812],
    [1280, 800],
  ])('looks right at %i by %i, under its strict policy', async (width, height) => {
    const question = {
      client: 'A'.repeat(60),
      scopes: 'mcp.use',
      signsIn: true,
      mustBeFresh: false,
    }
    const served = await listenOnLoopback((_req, res) => {
      res.setHeader('Content-Type', 'text/html').setHeader('Content-Security-Policy', signInPolicy)
      res.end(signInPage(question))
    })
    const page = await browser.newPage({ viewport: { width, height } })
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(served.url)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await scrollsSideways(page)).toBe(false)
      expect(await overlappingControls(page)).toEqual([])
      expect(await coveredControls(page)).toEqual([])
      expect(await faintTexts(page)).toEqual([])
    }
    // The styles have been let in.
    expect(
      await page
        .locator('button')
        .first()
        .evaluate((it) => getComputedStyle(it).borderRadius),
    ).toBe('8px')
    expect(complaints).toEqual([])
    const folder = process.env['SCREENSHOTS']
    if (folder !== undefined) await page.screenshot({ path: `${folder}/mcp-server, ${width}.png` })
    await page.close()
    await served.close()
  })
})

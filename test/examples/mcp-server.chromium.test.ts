import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { start } from '../../examples/mcp-server/start.js'
import { tokenForAgent } from '../support/agent-token.js'
import { launchChromium } from '../support/chromium.js'
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

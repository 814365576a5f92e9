import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import express4 from 'express4'
import { sameOriginGuard } from 'express-jwt-bearer/session'
import request from 'supertest'
import { describe, expect, test } from 'vitest'

type Row = [what: string, headers: Record<string, string>, passes: boolean]

const frameworks = [
  ['Express 5', express],
  ['Express 4', express4],
] as const

const direct: Row[] = [
  ['the same host', { Host: 'app.example', Origin: 'http://app.example' }, true],
  ['the same host in other letters', { Host: 'APP.example', Origin: 'http://app.example' }, true],
  ['the same host and port', { Host: 'app.example:81', Origin: 'http://app.example:81' }, true],
  ['another port', { Host: 'app.example:81', Origin: 'http://app.example:82' }, false],
  ['no port where there is one', { Host: 'app.example:81', Origin: 'http://app.example' }, false],
  ['a port where there is none', { Host: 'app.example', Origin: 'http://app.example:81' }, false],
  ['the default port of the host', { Host: 'app.example:80', Origin: 'http://app.example' }, true],
  ['the default port of the page', { Host: 'app.example', Origin: 'http://app.example:80' }, true],
  [
    'a page behind TLS that ends before us',
    { Host: 'a.example', Origin: 'https://a.example' },
    true,
  ],
  ['its default port', { Host: 'a.example', Origin: 'https://a.example:443' }, true],
  ['its own port', { Host: 'a.example:8443', Origin: 'https://a.example:8443' }, true],
  ['the port of the other scheme', { Host: 'a.example', Origin: 'http://a.example:443' }, false],
  ['a sister', { Host: 'app.example', Origin: 'http://other.app.example' }, false],
  ['a longer name', { Host: 'app.example', Origin: 'http://app.example.evil' }, false],
  ['an address of version 6', { Host: '[::1]:3000', Origin: 'http://[::1]:3000' }, true],
  ['another scheme than the web’s', { Host: 'app', Origin: 'chrome-extension://app' }, false],
  ['another scheme without a host of its own', { Host: 'app', Origin: 'x://app' }, false],
  ['a user in front', { Host: 'app.example', Origin: 'http://evil@app.example' }, false],
  ['a path behind', { Host: 'app.example', Origin: 'http://app.example/a' }, false],
  ['two origins', { Host: 'a.example', Origin: 'http://a.example, http://b.example' }, false],
  ['a host that is none', { Host: 'a b', Origin: 'http://a b' }, false],
  ['a host that no URL holds', { Host: 'a[', Origin: 'http://a' }, false],
  ['an origin that no URL holds', { Host: 'a', Origin: 'http://a[' }, false],
  ['a host with a path', { Host: 'app.example/x', Origin: 'http://app.example' }, false],
  ['a host with a user', { Host: 'x@app.example', Origin: 'http://app.example' }, false],
  ['a host somebody forwards', { Host: 'a', 'X-Forwarded-Host': 'b', Origin: 'http://b' }, false],
  [
    'a scheme somebody forwards',
    { Host: 'a', 'X-Forwarded-Proto': 'https', Origin: 'http://a' },
    true,
  ],
]

const proxied: Row[] = [
  ['the host it names', { 'X-Forwarded-Host': 'app.example', Origin: 'http://app.example' }, true],
  ['the port it names', { 'X-Forwarded-Host': 'a:81', Origin: 'http://a:81' }, true],
  ['another port', { 'X-Forwarded-Host': 'a:81', Origin: 'http://a' }, false],
  [
    'the host of the proxy’s own request',
    { 'X-Forwarded-Host': 'a', Origin: 'http://inner' },
    false,
  ],
  ['the first of several hosts', { 'X-Forwarded-Host': 'a:81 , b', Origin: 'http://a:81' }, true],
  ['the second of several hosts', { 'X-Forwarded-Host': 'a, b', Origin: 'http://b' }, false],
  ['the host without its help', { Origin: 'http://inner' }, true],
  ['the host when it names none', { 'X-Forwarded-Host': '', Origin: 'http://inner' }, true],
  ['a list that begins with nothing', { 'X-Forwarded-Host': ', a', Origin: 'http://inner' }, false],
  ['TLS', { 'X-Forwarded-Proto': 'https', Origin: 'https://inner' }, true],
  ['TLS in capitals', { 'X-Forwarded-Proto': 'HTTPS', Origin: 'http://inner' }, false],
  ['TLS, for a page without', { 'X-Forwarded-Proto': 'https', Origin: 'http://inner' }, false],
  [
    'TLS on its default port',
    { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'a:443', Origin: 'https://a' },
    true,
  ],
  [
    'TLS on the default port of the other scheme',
    { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'a:80', Origin: 'https://a' },
    false,
  ],
]

function guarded(make: typeof express, trust?: unknown) {
  const app = make()
  if (trust !== undefined) app.set('trust proxy', trust)
  // A router of its own, as a larger app has them.
  const inner = make().use(sameOriginGuard(), (_req, res) => {
    res.end()
  })
  return app.use('/inner', inner)
}

const status = async (app: RequestListener, headers: Record<string, string>) =>
  (
    await request(app)
      .post('/inner')
      .set({ Host: 'inner', ...headers })
  ).status

describe.each(frameworks)('without Fetch Metadata, on %s', (_name, make) => {
  test.each(direct)('judges by %s', async (_what, headers, passes) => {
    for (const trust of [undefined, false, '10.0.0.1']) {
      expect(await status(guarded(make, trust), headers)).toBe(passes ? 200 : 403)
    }
  })

  test.each(proxied)('behind a trusted proxy judges by %s', async (_what, headers, passes) => {
    for (const trust of [true, 1, 'loopback']) {
      expect(await status(guarded(make, trust), headers)).toBe(passes ? 200 : 403)
    }
  })
})

describe('without Express', () => {
  test.each([
    ['the same host', { Host: 'a', Origin: 'http://a' }, 200],
    ['another host', { Host: 'a', Origin: 'http://b' }, 403],
    ['a forwarded host', { Host: 'a', 'X-Forwarded-Host': 'b', Origin: 'http://b' }, 403],
  ])('judges by %s', async (_what, headers, expected) => {
    const guard = sameOriginGuard()
    const server = createServer((req, res) => {
      // What the guard answers with is Express's.
      const answer = Object.assign(res, {
        vary: () => answer,
        status: (code: number) => Object.assign(answer, { statusCode: code }),
        type: () => answer,
        send: (body: string) => answer.end(body),
      })
      guard(req, answer, () => answer.end())
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    await request(url).post('/').set(headers).expect(expected)
    server.close()
  })

  test('takes an encrypted connection for https', () => {
    const verdict = (encrypted: boolean) => {
      let passed = false
      const res = {
        setHeader: () => 0,
        vary: () => 0,
        status: () => res,
        type: () => res,
        send: () => 0,
      }
      const headers = { host: 'a', origin: 'http://a' }
      const req = { method: 'POST', headers, socket: { encrypted } }
      sameOriginGuard()(req as never, res as never, () => (passed = true))
      return passed
    }
    expect([verdict(false), verdict(true)]).toEqual([true, false])
  })

  test('refuses a page’s request without a host', () => {
    let passed = false
    const res = {
      setHeader: () => 0,
      vary: () => 0,
      status: () => res,
      type: () => res,
      send: () => 0,
    }
    const req = { method: 'POST', headers: { origin: 'http://a' }, socket: {} }
    sameOriginGuard()(req as never, res as never, () => (passed = true))
    expect(passed).toBe(false)
  })
})

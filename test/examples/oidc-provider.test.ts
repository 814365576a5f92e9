import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeProtectedHeader, type JWK } from 'jose'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createApi } from '../../examples/authority/api.js'
import { tokenForService, tokenForUser } from '../../examples/authority/client.js'
import { createProvider } from '../../examples/authority/provider.js'
import { createSigningKey } from '../support/oidc-provider.js'
import { startExample } from '../support/start-example.js'

/** A provider that can be killed, and come back on the same port. */
async function startProvider(keys: JWK[]) {
  let server: Server
  let port = 0
  const fetches: string[] = []
  async function start(startKeys: JWK[]) {
    server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    server.on('request', ({ url = '' }) => fetches.push(url))
    server.on('request', createProvider(`http://127.0.0.1:${String(port)}`, startKeys))
  }
  await start(keys)
  return {
    url: `http://127.0.0.1:${String(port)}`,
    keyFetches: () => fetches.filter((url) => url === '/jwks').length,
    /** Publishes other keys without a break; the first one signs. */
    rotate: (newKeys: JWK[]) => {
      server.removeAllListeners('request')
      server.on('request', ({ url = '' }) => fetches.push(url))
      server.on('request', createProvider(`http://127.0.0.1:${String(port)}`, newKeys))
    },
    kill: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    restart: start,
  }
}

let first: JWK
let second: JWK
let provider: Awaited<ReturnType<typeof startProvider>>

beforeAll(async () => {
  // The provider says on the console that it was made for a newer Node.
  vi.spyOn(console, 'warn').mockReturnValue()
  first = await createSigningKey()
  second = await createSigningKey()
  provider = await startProvider([first])
})

afterAll(() => provider.kill())

function build() {
  let now = Date.now()
  const api = createApi(provider.url, { clock: () => now })
  return {
    pass: (seconds: number) => (now += seconds * 1000),
    ask: (token: string) => request(api).get('/orders').set('Authorization', `Bearer ${token}`),
    health: () => request(api).get('/health'),
  }
}

describe('an API that trusts a real provider', () => {
  test.each([
    ['client credentials', tokenForService, 'report-service'],
    ['authorization code', tokenForUser, 'alice'],
  ])('accepts a token got by %s', async (_grant, getToken, subject) => {
    const answer = await build().ask(await getToken(provider.url))
    expect([answer.status, answer.body]).toEqual([200, { for: subject }])
  })

  test('refuses no request while the keys change under a stream of them', async () => {
    const { ask } = build()
    const before = provider.keyFetches()
    const old = await tokenForService(provider.url)
    const statuses: number[] = []
    let tokens = [old]
    let streaming = true
    const stream = async () => {
      for (let turn = 0; streaming; turn += 1) {
        statuses.push((await ask(tokens[turn % tokens.length] as string)).status)
      }
    }
    const streams = [stream(), stream(), stream()]
    await vi.waitFor(() => {
      expect(statuses.length).toBeGreaterThan(20)
    })
    provider.rotate([second, first])
    const fresh = await tokenForService(provider.url)
    tokens = [old, fresh]
    const soFar = statuses.length
    await vi.waitFor(() => {
      expect(statuses.length).toBeGreaterThan(soFar + 20)
    })
    streaming = false
    await Promise.all(streams)
    expect(decodeProtectedHeader(old).kid).toBe(first.kid)
    expect(decodeProtectedHeader(fresh).kid).toBe(second.kid)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(provider.keyFetches() - before).toBe(2)
  })

  test('outlives the provider for known keys, and needs no restart when it is back', async () => {
    provider.rotate([first])
    const { ask, health, pass } = build()
    const known = await tokenForService(provider.url)
    provider.rotate([second])
    const unknown = await tokenForService(provider.url)
    provider.rotate([first])
    expect((await ask(known)).status).toBe(200)

    await provider.kill()
    const refused = await ask(unknown)
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    expect(refused.headers).not.toHaveProperty('www-authenticate')
    expect((await ask(known)).status).toBe(200)
    expect((await health()).status).toBe(200)
    pass(1)
    expect((await ask(unknown)).headers['retry-after']).toBe('2')

    await provider.restart([second, first])
    pass(2)
    expect((await ask(unknown)).status).toBe(200)
    expect((await ask(known)).status).toBe(200)
  })

  test('cannot judge anybody while a provider it never reached is away', async () => {
    const known = await tokenForService(provider.url)
    await provider.kill()
    const { ask, pass } = build()
    expect((await ask(known)).status).toBe(503)
    await provider.restart([second, first])
    pass(1)
    expect((await ask(known)).status).toBe(200)
  })
})

test('the example calls the API for a service and for a user', async () => {
  const example = await startExample('authority/server.ts', { lastWords: 'Stop with' })
  await example.stop()
  expect(example.output()).toContain('for the service: 200 {"for":"report-service"}')
  expect(example.output()).toContain('for the user: 200 {"for":"alice"}')
  expect(example.output()).toContain('for nobody: 401 Bearer')
  expect(example.output()).not.toContain('eyJ')
}, 30_000)

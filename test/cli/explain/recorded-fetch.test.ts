import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordFetch } from '../../../src/cli/explain/recorded-fetch.js'
import { json, startIssuer, status, type Answer } from '../../support/issuer-server.js'

let issuer: Awaited<ReturnType<typeof startIssuer>>

beforeAll(async () => {
  issuer = await startIssuer()
})

afterAll(() => issuer.stop())

function record(path: string, answer: Answer) {
  issuer.routes.set(path, answer)
  const recorded = recordFetch(globalThis.fetch)
  return {
    fetch: recorded.fetch,
    found: () => [recorded.issuer(), recorded.keySet()],
    address: `${issuer.url}${path}`,
  }
}

describe('recordFetch', () => {
  test('asks an address once, in whatever form it is given', async () => {
    const { fetch, address } = record('/once', json({ issuer: 'https://issuer.example' }))
    const before = issuer.requests.length
    for (const input of [address, new URL(address), new Request(address)]) {
      const answer = await fetch(input)
      expect(answer.headers.get('content-type')).toBe('application/json')
      await expect(answer.json()).resolves.toEqual({ issuer: 'https://issuer.example' })
    }
    expect(issuer.requests.length - before).toBe(1)
  })

  test('keeps the status and when to come again', async () => {
    const { fetch, address } = record('/busy', status(503, { 'Retry-After': '7' }))
    const answer = await fetch(address)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7'])
  })

  test.each([204, 205, 304])('hands on a %d, which has no body', async (code) => {
    const { fetch, address } = record(`/empty-${String(code)}`, status(code))
    const answer = await fetch(address)
    expect([answer.status, answer.body]).toEqual([code, null])
  })

  test('finds the issuer and the key set among what came', async () => {
    const keys = [{ kid: 'a' }, 'text', null]
    const { address, ...recorded } = record('/jwks', json({ issuer: 'x', keys }))
    expect(recorded.found()).toEqual([undefined, undefined])
    await recorded.fetch(address)
    expect(recorded.found()).toEqual(['x', { address, keys: [{ kid: 'a' }] }])
  })

  test.each<[string, Answer]>([
    ['no JSON', (_, response) => response.end('<html>')],
    ['a list', json([{ issuer: 'x', keys: [] }])],
    ['what comes with an error', (_, response) => response.writeHead(500).end('{"issuer":"x"}')],
    [
      'more than 1 MiB',
      (_, response) => response.end(`{"issuer":"x","y":"${'y'.repeat(1024 * 1024)}"}`),
    ],
  ])('reads no document out of %s', async (kind, answer) => {
    const path = `/${encodeURIComponent(kind)}`
    const { address, ...recorded } = record(path, answer)
    await recorded.fetch(address)
    expect(recorded.found()).toEqual([undefined, undefined])
  })
})

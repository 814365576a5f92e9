import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import {
  checkRevocation,
  createMemoryDenyList,
  notRevoked,
  type DenyList,
  type RevocationCheckOptions,
} from 'express-jwt-bearer/issuer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import supertest from 'supertest'
import { describe, expect, test, vi } from 'vitest'

const issuer = await createTestIssuer()
const claims = {
  sub: 'alice',
  jti: 'token-1',
  sid: 'session-1',
  iat: Math.floor(Date.now() / 1000),
}
const headers = await issuer.bearer(claims)
const down: DenyList = {
  deny: () => Promise.reject(new Error('down')),
  isDenied: () => Promise.reject(new Error('down')),
}
const ids = { tokenId: 'token-1', sessionId: 'session-1', subject: 'alice' }

async function denying(id: string): Promise<DenyList> {
  const list = createMemoryDenyList()
  await list.deny({ kind: 'sid', id, lifetime: 60 })
  return list
}

/** Two apps: one asks on every request, one on a single route. */
function apps(list: DenyList, options?: RevocationCheckOptions) {
  const everywhere = express()
  const events = { onTokenValidated: checkRevocation(list, options) }
  everywhere.use(jwtBearer({ ...issuer.options, events }))
  everywhere.get('/', authorize(), (_req, res) => res.json('ok'))
  const somewhere = express()
  somewhere.use(jwtBearer(issuer.options))
  const fresh = authorize((policy) => policy.addRequirements(notRevoked(list, options)))
  somewhere.get('/', fresh, (_req, res) => res.json('ok'))
  return [
    supertest(everywhere).get('/').set(headers),
    supertest(somewhere).get('/').set(headers),
  ] as const
}

const statuses = async (...requests: Parameters<typeof apps>) =>
  (await Promise.all(apps(...requests))).map(({ status }) => status)

describe('checkRevocation and notRevoked', () => {
  test('let tokens in that nobody denied', async () => {
    expect(await statuses(await denying('session-2'))).toEqual([200, 200])
  })

  test('refuse denied tokens: as invalid on every request, as forbidden on a guarded route', async () => {
    const onEvent = vi.fn()
    const [checked, required] = apps(await denying('session-1'), { onEvent })
    const { status, headers: answer } = await checked
    expect(status).toBe(401)
    expect(answer['www-authenticate']).toBe('Bearer error="invalid_token"')
    expect((await required).status).toBe(403)
    expect(onEvent.mock.calls).toEqual([[{ type: 'denied', ...ids }], [{ type: 'denied', ...ids }]])
  })

  test.each([
    ['the second after the instant', 0, 200],
    ['the second before it', 1, 401],
  ])('judge a subject by iat: %s', async (_case, later, status) => {
    const list = createMemoryDenyList()
    await list.deny({ kind: 'sub', id: 'alice', lifetime: 60, notBefore: claims.iat + later })
    expect(await statuses(list)).toEqual([status, status === 401 ? 403 : 200])
  })

  test('deny a subject where a token does not say when it was issued', async () => {
    const list = createMemoryDenyList()
    await list.deny({ kind: 'sub', id: 'alice', lifetime: 60, notBefore: 1 })
    const timeless = await issuer.bearer({ sub: 'alice', iat: undefined })
    const [checked, required] = apps(list)
    expect((await checked.set(timeless)).status).toBe(401)
    expect((await required.set(timeless)).status).toBe(403)
  })

  test.each([[undefined], [{}], [{ failClosed: undefined }], [{ failClosed: false }]])(
    'let everybody in while the list is down, by default (%j)',
    async (options) => {
      expect(await statuses(down, options)).toEqual([200, 200])
    },
  )

  test('refuse with 503 while the list is down, if told to, and say so', async () => {
    const onEvent = vi.fn()
    const [checked, required] = apps(down, { failClosed: true, onEvent })
    const first = await checked
    expect([first.status, first.headers['retry-after']]).toEqual([503, '1'])
    expect((await required).status).toBe(503)
    const event = { type: 'denyListUnavailable', ...ids, error: new Error('down') }
    expect(onEvent.mock.calls).toEqual([[event], [event]])
  })

  test.each([
    ['a misspelt option', { failclosed: true }, 'did you mean "failClosed"?'],
    ['a switch that is none', { failClosed: 'yes' }, '"failClosed" must be true or false'],
  ])('refuse %s', (_case, options, message) => {
    const wrong = options as RevocationCheckOptions
    expect(() => checkRevocation(down, wrong)).toThrow(message)
    expect(() => notRevoked(down, wrong)).toThrow(message)
  })
})

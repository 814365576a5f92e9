import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import * as oidc from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  createTokenManager,
  openidClient,
  TokenRequestError,
  type TokenClient,
  type TokenEvent,
  type UserKey,
} from 'express-jwt-bearer/tokens'
import {
  createSigningKey,
  startProvider,
  webClient,
  type RunningProvider,
} from '../support/oidc-provider.js'
import { outcome } from './scripted-client.js'

const audience = 'api://orders'
let provider: RunningProvider
let config: oidc.Configuration

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  provider = await startProvider({ audience, apiScopes: 'orders.read orders.write' })
  config = await discover(provider.url)
})

afterAll(() => provider.stop())

function discover(url: string, secret: string = webClient.client_secret) {
  return oidc.discovery(new URL(url), webClient.client_id, secret, undefined, {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the provider is on loopback
    execute: [oidc.allowInsecureRequests],
  })
}

let sessions = 0

/** A user who signed in at the provider a moment ago, with a clock for the manager alone. */
async function signIn() {
  const time = { ahead: 0 }
  const events: TokenEvent[] = []
  const manager = createTokenManager({
    client: openidClient(config),
    clock: () => Date.now() + time.ahead * 1000,
    onEvent: (event) => void events.push(event),
  })
  const tokens = await oidc.refreshTokenGrant(config, await provider.signIn('alice'))
  sessions += 1
  const user = await manager.onTokens(tokens, { sessionId: `session ${sessions}` })
  Object.assign(provider.counts, { refreshes: 0, refused: 0, revokedGrants: 0 })
  return { manager, user, tokens, events, pass: (seconds: number) => void (time.ahead += seconds) }
}

describe('a provider whose refresh tokens work once', () => {
  test('signs the user in under the subject of the ID token', async () => {
    const { user, manager, tokens } = await signIn()
    expect(user.subject).toBe('alice')
    expect(outcome(await manager.getAccessToken(user))).toBe(tokens.access_token)
    expect(provider.counts.refreshes).toBe(0)
  })

  test('is asked once by a hundred callers, expiry after expiry', async () => {
    const { manager, user, pass } = await signIn()
    for (let expiry = 1; expiry <= 5; expiry += 1) {
      pass(60)
      const results = await Promise.all(
        Array.from({ length: 100 }, () => manager.getAccessToken(user)),
      )
      expect(new Set(results.map(outcome)).size).toBe(1)
      expect(results[0]?.kind).toBe('success')
      expect(provider.counts).toEqual({ refreshes: expiry, refused: 0, revokedGrants: 0 })
    }
  })

  test('gives tokens for several scopes at a time without losing the chain', async () => {
    const { manager, user, pass } = await signIn()
    pass(60)
    const questions = [
      { scope: 'orders.read' },
      { scope: 'orders.write' },
      { resource: audience },
      {},
    ]
    const results = await Promise.all(questions.map((q) => manager.getAccessToken(user, q)))
    expect(results.map((result) => result.kind === 'success' && result.scope)).toEqual([
      'orders.read',
      'orders.write',
      'orders.read orders.write',
      'orders.read orders.write',
    ])
    expect(provider.counts).toEqual({ refreshes: 4, refused: 0, revokedGrants: 0 })
  })

  test('keeps the session when it refuses a scope', async () => {
    const { manager, user } = await signIn()
    const result = await manager.getAccessToken(user, { scope: 'orders.delete' })
    expect(result).toMatchObject({
      error: { code: 'refresh_rejected', oauthError: 'invalid_scope' },
    })
    const again = await manager.getAccessToken(user, { scope: 'orders.read' })
    expect(again.kind).toBe('success')
  })

  test('ends the session after a grant is revoked elsewhere', async () => {
    const { manager, user, tokens, events, pass } = await signIn()
    await oidc.tokenRevocation(config, tokens.refresh_token ?? '')
    pass(60)
    expect(await manager.getAccessToken(user)).toMatchObject({
      error: { code: 'refresh_rejected', oauthError: 'invalid_grant' },
    })
    expect(events).toContainEqual(expect.objectContaining({ kind: 'sessionEnded' }))
    expect(outcome(await manager.getAccessToken(user))).toBe('no_session')
  })

  test('hears of a sign-out', async () => {
    const { manager, user, tokens } = await signIn()
    expect(await manager.signOut(user)).toEqual({ idToken: tokens.id_token })
    expect(provider.counts.revokedGrants).toBe(1)
    await expect(oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('may be away for a while, also when the user signs out', async () => {
    const { manager, user, pass, events } = await signIn()
    const other = { ...user, sessionId: 'another' }
    await manager.storeTokens(
      other,
      await oidc.refreshTokenGrant(config, await provider.signIn('alice')),
    )
    await provider.stop()
    pass(59)
    expect((await manager.getAccessToken(user)).kind).toBe('success')
    pass(2)
    expect(outcome(await manager.getAccessToken(user))).toBe('refresh_unavailable')
    await manager.signOut(other)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'revocationFailed' }))
    await provider.start()
    pass(60)
    expect((await manager.getAccessToken(user)).kind).toBe('success')
  })

  test('may change its keys', async () => {
    const { manager, user, pass } = await signIn()
    await provider.stop()
    await provider.start([await createSigningKey()])
    pass(60)
    await manager.getAccessToken(user)
    pass(60)
    expect((await manager.getAccessToken(user)).kind).toBe('success')
  })

  test('gives tokens to the application itself', async () => {
    const { manager } = await signIn()
    const results = await Promise.all(
      [1, 2, 3].map(() =>
        manager.getClientAccessToken({ scope: 'orders.read', resource: audience }),
      ),
    )
    expect(new Set(results.map(outcome)).size).toBe(1)
    expect(results[0]).toMatchObject({ kind: 'success', scope: 'orders.read' })
  })
})

describe('what is told about tokens', () => {
  test('holds none of them: no event, error, result or line of output', async () => {
    const written: string[] = []
    const streams = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0),
    )
    const secrets = new Set<string>()
    const keep = (tokens: object) => {
      for (const name of ['access_token', 'refresh_token', 'id_token'] as const) {
        const value = (tokens as Record<string, unknown>)[name]
        if (typeof value === 'string') secrets.add(value)
      }
    }
    const real = openidClient(config)
    const client: TokenClient = {
      ...real,
      async refresh(...all) {
        const tokens = await real.refresh(...all)
        keep(tokens)
        return tokens
      },
    }
    const told: unknown[] = []
    const time = { ahead: 0 }
    const manager = createTokenManager({
      client,
      clock: () => Date.now() + time.ahead * 1000,
      onEvent: (event) => void told.push(event),
    })
    const user: UserKey = { subject: 'alice-the-subject', sessionId: 'the-session-id' }
    secrets.add(user.sessionId).add(user.subject)
    const tokens = await oidc.refreshTokenGrant(config, await provider.signIn('alice'))
    keep(tokens)
    await manager.storeTokens(user, tokens)
    const ask = async (options = {}) => told.push(await manager.getAccessToken(user, options))

    time.ahead += 60
    await ask()
    await ask({ scope: 'orders.read' })
    await ask({ scope: 'no.such.scope' })
    await provider.stop()
    time.ahead += 60
    await ask()
    await provider.start()
    time.ahead += 60
    await oidc.tokenRevocation(config, [...secrets].at(-1) ?? '').catch(() => undefined)
    await ask()
    await manager.signOut(user)
    for (const stream of streams) stream.mockRestore()

    const everything = [
      inspect(told, { depth: 20, showHidden: true }),
      JSON.stringify(told),
      ...written,
    ].join('\n')
    expect(secrets.size).toBeGreaterThan(6)
    expect(told.length).toBeGreaterThan(8)
    expect([...secrets].filter((secret) => everything.includes(secret))).toEqual([])
  })
})

describe('openidClient()', () => {
  const servers: ReturnType<typeof createServer>[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  /** A token endpoint that answers as it is told, right or wrong. */
  async function endpoint(answer: (response: ServerResponse) => void, metadata = {}) {
    const server = createServer((_request, response) => {
      answer(response)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const odd = new oidc.Configuration(
      { issuer: url, token_endpoint: `${url}/token`, ...metadata },
      'web',
      'secret',
    )
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the endpoint is on loopback
    oidc.allowInsecureRequests(odd)
    odd.timeout = 0.3
    return openidClient(odd)
  }

  const json =
    (status: number, body: unknown, headers = {}) =>
    (response: ServerResponse) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
      response.end(JSON.stringify(body))
    }
  const inAMinute = () => new Date(Date.now() + 60_500).toUTCString()

  test.each([
    [
      'an OAuth error',
      json(400, { error: 'invalid_grant' }),
      { oauthError: 'invalid_grant', status: 400 },
    ],
    [
      'an error with a challenge',
      json(401, { error: 'invalid_client' }, { 'WWW-Authenticate': 'Basic realm="x"' }),
      { status: 401 },
    ],
    [
      'a code that is a whole text',
      json(400, { error: 'The token refresh-1 is spent' }),
      { oauthError: undefined, status: 400 },
    ],
    ['a breakdown', json(500, { error: 'invalid_grant' }), { oauthError: undefined, status: 500 }],
    ['a wait in seconds', json(503, {}, { 'Retry-After': '7' }), { status: 503, retryAfter: 7 }],
    [
      'a wait without sense',
      json(503, {}, { 'Retry-After': 'soon' }),
      { status: 503, retryAfter: undefined },
    ],
    [
      'a wait that is over',
      json(503, {}, { 'Retry-After': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
      { retryAfter: 0 },
    ],
    [
      'too many requests',
      json(429, { error: 'slow_down' }, { 'Retry-After': '3' }),
      { status: 429, oauthError: 'slow_down', retryAfter: 3 },
    ],
    ['a page', (response: ServerResponse) => response.end('<p>Welcome'), { oauthError: undefined }],
    ['an answer without a token', json(200, { token_type: 'bearer' }), { oauthError: undefined }],
    ['no answer', () => undefined, { status: undefined, oauthError: undefined }],
    [
      'a broken connection',
      (response: ServerResponse) => response.destroy(),
      { status: undefined },
    ],
  ])('reports %s by its codes alone', async (_case, answer, expected) => {
    const client = await endpoint(answer)
    const error: unknown = await client.refresh('refresh-1', {}).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TokenRequestError)
    expect(error).toMatchObject(expected)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('refresh-1')
  })

  test.each([
    ['text', 'soon'],
    ['less than zero', -1],
    ['null', null],
    ['an object', {}],
    ['more than numbers hold', '1e999'],
  ])('does not lose a token whose lifetime is %s', async (_case, lifetime) => {
    const body = { access_token: 'a', token_type: 'Bearer', refresh_token: 'r', scope: 's' }
    const client = await endpoint(json(200, { ...body, expires_in: lifetime }))
    const token = { access_token: 'a', token_type: 'bearer', refresh_token: 'r', scope: 's' }
    expect(await client.refresh('r', {})).toEqual(token)
    expect(await client.clientCredentials({})).toEqual(token)
  })

  test.each([
    ['a lifetime that is none, of no token', { expires_in: 'soon', token_type: 'bearer' }],
    ['a lifetime that is none, of a token of no type', { expires_in: 'soon', access_token: 'a' }],
    ['another fault', { access_token: 'a', token_type: 'bearer', expires_in: 9, refresh_token: 7 }],
    ['a type that nobody knows', { access_token: 'a', token_type: 'mac', expires_in: 'soon' }],
    ['an ID token that is none', { access_token: 'a', token_type: 'bearer', id_token: 'x' }],
    ['no lifetime and another fault', { access_token: 'a', token_type: 'bearer', scope: 7 }],
  ])('takes %s for an answer that says nothing about the issuer', async (_case, body) => {
    const client = await endpoint(json(200, body))
    await expect(client.refresh('r', {})).rejects.toMatchObject({
      name: 'TokenRequestError',
      status: 200,
    })
  })

  test('names the code that a challenge hides', async () => {
    const challenge = { 'WWW-Authenticate': 'Basic realm="x"' }
    const client = await endpoint(json(401, { error: 'invalid_client' }, challenge))
    await expect(client.clientCredentials({})).rejects.toMatchObject({
      oauthError: 'invalid_client',
    })
  })

  test('understands a wait that is a date', async () => {
    const client = await endpoint(json(503, {}, { 'Retry-After': inAMinute() }))
    const error = await client.refresh('r', {}).catch((reason: unknown) => reason)
    expect((error as TokenRequestError).retryAfter).toBeGreaterThan(58)
    expect((error as TokenRequestError).retryAfter).toBeLessThanOrEqual(61)
  })

  test('reports failures of the other requests the same way', async () => {
    const client = await endpoint(json(400, { error: 'invalid_request' }), {
      revocation_endpoint: 'http://127.0.0.1:1/',
    })
    await expect(client.clientCredentials({})).rejects.toMatchObject({
      oauthError: 'invalid_request',
    })
    await expect(client.revoke('r')).rejects.toBeInstanceOf(TokenRequestError)
  })

  test('has nothing to do at sign-out where the issuer revokes nothing', async () => {
    const client = await endpoint(json(500, {}))
    await expect(client.revoke('r')).resolves.toBeUndefined()
  })

  test.each([
    ['none', undefined],
    ['zero', 0],
    ['no number', Number.NaN],
  ])('refuses a configuration whose requests have no end: %s', (_case, timeout) => {
    const endless = Object.assign(
      new oidc.Configuration({ issuer: 'https://issuer.example' }, 'web'),
      { timeout },
    )
    expect(() => openidClient(endless)).toThrow('"config.timeout" must be a positive number')
  })

  test('takes its limit from the configuration', () => {
    expect(openidClient(config).timeout).toBe(30)
  })
})

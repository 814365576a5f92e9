import { performance } from 'node:perf_hooks'
import {
  authorize,
  jwtBearer,
  MetadataUnavailableError,
  type JwtBearerEvents,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import type { Express } from 'express'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { frameworks } from '../support/create-app.js'
import {
  json,
  makeKey,
  silence,
  startIssuer,
  status,
  type Answer,
} from '../support/issuer-server.js'
import { listenRaw, type RawServer } from '../support/raw-request.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

let issuer: Awaited<ReturnType<typeof startIssuer>>
let now: number

beforeEach(async () => {
  issuer = await startIssuer()
  now = Date.now()
})

afterEach(() => issuer.stop())

const metadata = '/.well-known/openid-configuration'

function build(
  express: (typeof frameworks)[number]['express'],
  options: JwtBearerOptions = {},
): Express {
  const app = express().set('env', 'test')
  app.use(jwtBearer({ ...issuer.options, clock: () => now, ...options }))
  app.get('/public', (req, res) => void res.json({ user: req.user?.subject ?? null }))
  app.get('/optional', authorize({ optional: true }), (req, res) => void res.json(req.user ?? null))
  app.get('/', authorize(), (req, res) => void res.json(req.user?.subject))
  return app
}

describe.each(frameworks)('an issuer that cannot be reached, under $framework', ({ express }) => {
  const ask = (app: Express, path: string, token?: string) => {
    const call = request(app).get(path)
    return token === undefined ? call : call.set('Authorization', `Bearer ${token}`)
  }

  test('makes a guard answer 503 with the time of the next attempt, and blames no caller', async () => {
    issuer.routes.set('/jwks', status(500))
    const app = build(express)
    const token = await issuer.token()
    for (const retryAfter of ['1', '2', '4']) {
      const answer = await ask(app, '/', token)
      expect(answer.status).toBe(503)
      expect(answer.headers).toMatchObject({
        'retry-after': retryAfter,
        'cache-control': 'no-store',
      })
      expect(answer.headers).not.toHaveProperty('www-authenticate')
      expect(answer.text).toContain('Service Unavailable')
      for (const told of [token, issuer.url, 'jwks']) expect(answer.text).not.toContain(told)
      now += Number(retryAfter) * 1000
    }
  })

  test('says how much of the pause is left', async () => {
    issuer.routes.set('/jwks', status(500))
    const app = build(express)
    const token = await issuer.token()
    for (let count = 0; count < 3; count += 1) {
      await ask(app, '/', token)
      now += 5000
    }
    now -= 5000
    expect((await ask(app, '/', token)).headers['retry-after']).toBe('4')
    now += 1500
    expect((await ask(app, '/', token)).headers['retry-after']).toBe('3')
  })

  test('leaves public routes up, and callers without a token where they were', async () => {
    issuer.routes.set('/jwks', status(500))
    const app = build(express)
    const token = await issuer.token()
    expect((await ask(app, '/public', token)).body).toEqual({ user: null })
    expect((await ask(app, '/public')).status).toBe(200)
    expect((await ask(app, '/optional')).status).toBe(200)
    expect((await ask(app, '/optional', token)).status).toBe(503)
    const anonymous = await ask(app, '/')
    expect([anonymous.status, anonymous.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    const malformed = await ask(app, '/', 'nonsense')
    expect([malformed.status, malformed.headers['www-authenticate']]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
  })

  test('tells the events why, and raises no challenge', async () => {
    await issuer.stop()
    const seen: string[] = []
    const errors: Error[] = []
    const events: JwtBearerEvents = {
      onMessageReceived: () => void seen.push('received'),
      onTokenValidated: () => void seen.push('validated'),
      onAuthenticationFailed: ({ error }) => {
        seen.push('failed')
        errors.push(error)
      },
      onChallenge: () => void seen.push('challenge'),
      onForbidden: () => void seen.push('forbidden'),
    }
    const token = await issuer.token()
    expect((await ask(build(express, { events }), '/', token)).status).toBe(503)
    expect(seen).toEqual(['received', 'failed'])
    const [error] = errors
    expect(error).toBeInstanceOf(MetadataUnavailableError)
    expect(error).toMatchObject({
      code: 'ERR_METADATA_UNAVAILABLE',
      retryAfter: 1,
      cause: expect.objectContaining({ message: 'fetch failed' }) as Error,
    })
    expect(String(error)).toContain(`The keys of ${issuer.url}/ cannot be fetched`)
    expect(String(error)).toContain('ECONNREFUSED')
    expect(`${String(error)}${String(error?.stack)}`).not.toContain(token)
    await issuer.restart()
  })

  test('is over for the first request after it comes back', async () => {
    await issuer.stop()
    const app = build(express)
    const token = await issuer.token()
    expect((await ask(app, '/', token)).status).toBe(503)
    await issuer.restart()
    now += 1000
    expect((await ask(app, '/', token)).status).toBe(200)
  })
})

/** What a request for `/` over a socket of its own is answered, and how long that took. */
async function send(server: RawServer, token: string) {
  const start = performance.now()
  const answer = await server.send(
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
  const [head = ''] = answer.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head, took: performance.now() - start }
}

describe.each(frameworks)('tokens off the wire under $framework', ({ express }) => {
  let server: RawServer

  async function serve(options: JwtBearerOptions = {}) {
    server = await listenRaw(build(express, { backchannelTimeout: 0.5, ...options }))
  }

  afterEach(() => server.close())

  const statuses = (answers: { status: number }[]) =>
    [...new Set(answers.map((answer) => answer.status))].sort()

  const body =
    (text: string): Answer =>
    (_, response) => {
      response.end(text)
    }

  test.each<[what: string, path: string, answer: () => Answer]>([
    ['hangs', metadata, () => silence],
    ['hangs with the keys', '/jwks', () => silence],
    ['answers 500', metadata, () => status(500)],
    ['answers 500 for the keys', '/jwks', () => status(500)],
    ['answers garbage', metadata, () => body('<html>')],
    ['answers garbage for the keys', '/jwks', () => body('{"keys":')],
    ['answers 10 MB', metadata, () => body(`{"a":"${'x'.repeat(10_000_000)}"}`)],
    ['answers 10 MB of keys', '/jwks', () => body(`{"keys":["${'x'.repeat(10_000_000)}"]}`)],
    ['redirects', metadata, () => status(302, { Location: '/good' })],
    ['redirects for the keys', '/jwks', () => status(307, { Location: '/keys' })],
    ['closes the connection', metadata, () => (request) => void request.socket.destroy()],
    [
      'lies about its name',
      metadata,
      () => json({ issuer: 'https://other.test', jwks_uri: `${issuer.url}/keys` }),
    ],
    [
      'names a path of itself',
      metadata,
      () => json({ issuer: `${issuer.url}/realm`, jwks_uri: `${issuer.url}/keys` }),
    ],
  ])('of an issuer that %s are answered 503 within one time limit', async (_what, path, answer) => {
    const good = await issuer.token()
    const keys = issuer.routes.get('/jwks') as Answer
    issuer.routes.set('/keys', keys)
    issuer.routes.set('/good', json({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }))
    issuer.routes.set(path, answer())
    await serve()
    const bad = await issuer.token({}, await makeKey())
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => send(server, index % 2 ? good : bad)),
    )
    expect(statuses(answers)).toEqual([503])
    for (const { head, took } of answers) {
      expect(head).toMatch(/^retry-after: 1$/im)
      expect(head).not.toMatch(/www-authenticate/i)
      expect(took).toBeLessThan(1500)
    }
    expect(issuer.requests.filter((asked) => asked === path)).toHaveLength(1)
    expect(issuer.requests).not.toContain('/keys')
    expect(issuer.requests).not.toContain('/good')
    const later = await send(server, good)
    expect(later.status).toBe(503)
    expect(later.took).toBeLessThan(400)
    expect(issuer.requests.filter((asked) => asked === path)).toHaveLength(1)
  })

  test('are fetched for once, however many arrive at the start', async () => {
    await serve()
    const token = await issuer.token()
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(server, token)))
    expect(statuses(answers)).toEqual([200])
    expect(issuer.requests).toEqual([metadata, '/jwks'])
  })

  test('of a new key are good from the first one on, those of the old key end', async () => {
    await serve()
    const old = await issuer.token()
    expect((await send(server, old)).status).toBe(200)
    issuer.publish(await makeKey())
    const fresh = await issuer.token()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(server, fresh)))
    expect(statuses(answers)).toEqual([200])
    expect(issuer.keyFetches()).toBe(2)
    expect((await send(server, old)).status).toBe(401)
  })

  test('of a key at a new address are good from the first one on', async () => {
    await serve()
    expect((await send(server, await issuer.token())).status).toBe(200)
    const key = await makeKey()
    issuer.routes.delete('/jwks')
    issuer.routes.set('/moved', json({ keys: [key.jwk] }))
    issuer.routes.set(metadata, json({ issuer: issuer.url, jwks_uri: `${issuer.url}/moved` }))
    expect((await send(server, await issuer.token({}, key))).status).toBe(200)
  })

  test.each<[what: string, answer: () => Answer]>([
    ['hangs', () => silence],
    ['answers 500', () => status(500)],
    ['answers garbage', () => body('no')],
    [
      'lies about its name',
      () => json({ issuer: 'https://other.test', jwks_uri: 'https://a.test' }),
    ],
  ])('with a known key stay good when the issuer %s later', async (_what, answer) => {
    await serve()
    const good = await issuer.token()
    expect((await send(server, good)).status).toBe(200)
    issuer.routes.set(metadata, answer())
    const unknown = await issuer.token({}, await makeKey())
    const [waiting, known] = await Promise.all([send(server, unknown), send(server, good)])
    expect([waiting.status, known.status]).toEqual([503, 200])
    expect(known.took).toBeLessThan(400)
    const later = await send(server, unknown)
    expect([later.status, later.took < 400]).toEqual([503, true])
    expect((await send(server, await issuer.token({ jti: 'another' }))).status).toBe(200)
  })
})

describe('a flood', () => {
  test('of 10,000 random key ids costs two fetches, no good token and no memory', async () => {
    const middleware = jwtBearer({ ...issuer.options, clock: () => now })
    const judge = async (token: string) => {
      const authorization = `Bearer ${token}`
      const result = await middleware.authenticate({ headers: { authorization } })
      return result.kind === 'failure'
        ? (result.error as Error & { code: string }).code
        : result.kind
    }
    const [payload, signature] = (await issuer.token()).split('.').slice(1)
    const outcomes: Record<string, number> = {}
    const flood = async (from: number) => {
      for (let index = from; index < from + 5_000; index += 1) {
        const header = JSON.stringify({ alg: 'ES256', kid: `${index}-${'x'.repeat(300)}` })
        const bad = `${Buffer.from(header).toString('base64url')}.${payload}.${signature}`
        const tokens = index % 50 === 0 ? [bad, await issuer.token({ jti: String(index) })] : [bad]
        for (const outcome of await Promise.all(tokens.map(judge))) {
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        }
      }
      return process.memoryUsage().heapUsed
    }
    const half = await flood(0)
    const whole = await flood(5_000)
    expect(outcomes).toEqual({ success: 200, ERR_TOKEN_KEY_NOT_FOUND: 10_000 })
    expect(issuer.keyFetches()).toBe(2)
    expect(whole - half).toBeLessThan(30 * 1024 * 1024)
  }, 30_000)
})

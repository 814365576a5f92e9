import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { frameworks } from '../support/create-app.js'
import { json, silence, status, type Answer } from '../support/issuer-server.js'
import { createApi, N, secret, startEndpoint, withBody, audience, client } from './fixture.js'
import type { Endpoint, Given } from './fixture.js'

const channel = 'express-jwt-bearer:introspection-failed'
const token = 'o-1-that-nobody-may-log'
const marker = 'marker-in-an-answer'
const mebibyte = 1024 * 1024
const good = { active: true, sub: 'alice', aud: audience }

let endpoint: Endpoint
let messages: unknown[] = []
const note = (message: unknown) => {
  messages.push(message)
}
beforeAll(async () => {
  endpoint = await startEndpoint()
  subscribe(channel, note)
})
beforeEach(() => {
  endpoint.reset()
  messages = []
})
afterAll(async () => {
  unsubscribe(channel, note)
  await endpoint.stop()
})

/** Answers with a body of any kind. */
const raw = (body: string, code = 200, headers: Record<string, string> = {}): Answer => {
  return (_, response) => {
    response.writeHead(code, headers).end(body)
  }
}

const objectOf = (bytes: number) => {
  const frame = JSON.stringify({ ...good, fill: '' })
  return JSON.stringify({ ...good, fill: 'x'.repeat(bytes - frame.length) })
}

describe.each(frameworks)('an endpoint that fails, under $framework', ({ express }) => {
  const api = (given: Given = {}) => createApi(express, endpoint, given)

  test.each<[string, Answer, string, string]>([
    ['closes the connection', (request) => request.socket.destroy(), '1', 'no answer'],
    ['answers with 500', status(500), '1', 'it answered 500'],
    ['answers with 503 and a wish', status(503, { 'Retry-After': '20' }), '20', 'it answered 503'],
    ['answers with 429 and a wish', status(429, { 'Retry-After': '7' }), '7', 'it answered 429'],
    ['wishes for too much', status(429, { 'Retry-After': '3600' }), '300', 'it answered 429'],
    ['wishes for too little', status(429, { 'Retry-After': '0' }), '1', 'it answered 429'],
    [
      'wishes for an instant',
      status(503, { 'Retry-After': new Date((N + 9) * 1000).toUTCString() }),
      '9',
      'it answered 503',
    ],
    ['wishes for nonsense', status(503, { 'Retry-After': 'soon' }), '1', 'it answered 503'],
    ['answers with HTML', raw(`<p>${marker}</p>`), '1', 'no JSON object'],
    ['answers with nothing', raw(''), '1', 'no JSON object'],
    ['answers with an array', json([good]), '1', 'no JSON object'],
    ['answers with null', json(null), '1', 'no JSON object'],
    ['answers with a text', json(marker), '1', 'no JSON object'],
    ['answers with true', json(true), '1', 'no JSON object'],
    ['answers with more than 1 MiB', raw(objectOf(mebibyte + 1)), '1', 'more than 1 MiB'],
    ['answers with 2 MiB', raw(objectOf(2 * mebibyte)), '1', 'more than 1 MiB'],
    ['answers with 201', raw(JSON.stringify(good), 201), '1', 'it answered 201'],
    ['answers with 204', status(204), '1', 'it answered 204'],
    ['answers with 404', status(404), '1', 'it answered 404'],
    ['answers with 405', raw(JSON.stringify(good), 405), '1', 'it answered 405'],
    ['answers with 400', json400({ error: 'invalid_request' }), '1', 'it answered 400'],
    ['answers with 400 and no JSON', raw(marker, 400), '1', 'it answered 400'],
    ['answers with 400 and 2 MiB', raw(objectOf(2 * mebibyte), 400), '1', 'more than 1 MiB'],
    ['breaks off', breakOff, '1', 'no answer'],
  ])(
    "makes the caller come back, never the caller's fault: it %s",
    async (_case, answer, retryAfter, reason) => {
      endpoint.answer = answer
      const { send, errors } = api()
      const response = await send(token)
      expect(response.status).toBe(503)
      expect(response.headers).toMatchObject({
        'retry-after': retryAfter,
        'cache-control': 'no-store',
      })
      expect(response.headers['www-authenticate']).toBeUndefined()
      expect(errors[0]?.code).toBe('ERR_INTROSPECTION_UNAVAILABLE')
      expect(messages).toEqual([
        {
          endpoint: endpoint.url,
          reason: expect.stringContaining(reason) as string,
          retryAfter: Number(retryAfter),
        },
      ])
      expect((await send(token, '/open')).status).toBe(200)
      expectNoSecrets(errors, messages)
    },
  )

  test('has an answer of exactly 1 MiB read', async () => {
    endpoint.answer = raw(objectOf(mebibyte))
    expect((await api().send()).status).toBe(200)
  })

  test.each([301, 302, 303, 307, 308])(
    'is not followed to where it redirects with %s',
    async (code) => {
      endpoint.answer = status(code, { Location: `${endpoint.issuer.origin}/elsewhere` })
      const response = await api().send(token)
      expect(response.status).toBe(503)
      expect(endpoint.issuer.requests).not.toContain('/elsewhere')
    },
  )

  test.each<[string, Answer]>([
    ['never answers', silence],
    [
      'never ends its answer',
      (_, response) => {
        response.writeHead(200).write('{"active":')
      },
    ],
    [
      'never ends a refusal',
      (_, response) => {
        response.writeHead(400).write('{"error":')
      },
    ],
  ])('is waited for as long as the limit says: it %s', async (_case, answer) => {
    endpoint.answer = answer
    const { send, errors } = api({ introspection: { timeout: 0.1 } })
    const began = performance.now()
    expect((await send(token)).status).toBe(503)
    expect(performance.now() - began).toBeLessThan(2000)
    expect(messages).toMatchObject([{ reason: 'no answer within 0.1 s' }])
    expectNoSecrets(errors, messages)
  })

  test('is no reason to ask again about a token within a second', async () => {
    endpoint.answer = status(500)
    const { send, pass } = api()
    expect([(await send()).status, (await send()).status]).toEqual([503, 503])
    expect(endpoint.calls).toHaveLength(1)
    pass(1)
    endpoint.I(good)
    expect((await send()).status).toBe(200)
  })

  test('keeps nobody from the answers that are known, and is asked by one when it may be back', async () => {
    const { send, pass } = api()
    expect((await send('known')).status).toBe(200)
    pass(10)
    endpoint.answer = status(500)
    for (const one of ['a', 'b', 'c']) expect((await send(one)).status).toBe(503)
    endpoint.calls.length = 0
    const down = await send('d')
    expect([down.status, down.headers['retry-after']]).toEqual([503, '1'])
    expect((await send('known')).status).toBe(200)
    expect(endpoint.calls).toEqual([])
    pass(1)
    expect((await send('e')).status).toBe(503)
    const longer = await send('f')
    expect([longer.status, longer.headers['retry-after']]).toEqual([503, '2'])
    expect(endpoint.calls).toHaveLength(1)
    pass(2)
    endpoint.I(good)
    expect((await send('g')).status).toBe(200)
    expect((await send('a')).status).toBe(200)
  })

  test('lets no caller shut the others out with odd tokens', async () => {
    endpoint.answer = withToken((asked) => (asked.startsWith('odd') ? [500, {}] : [200, good]))
    const { send } = api()
    expect((await send('good-1')).status).toBe(200)
    for (let index = 0; index < 20; index += 1) {
      expect((await send(`odd-${String(index)}`)).status).toBe(503)
    }
    expect((await send('good-2')).status).toBe(200)
  })
})

describe.each(frameworks)('our own credentials, under $framework', ({ express }) => {
  test.each<[string, Answer, string]>([
    ['401', status(401, { 'WWW-Authenticate': 'Basic' }), '401'],
    ['403', status(403), '403'],
    ['400 invalid_client', json400({ error: 'invalid_client' }), '400'],
    ['400 unauthorized_client', json400({ error: 'unauthorized_client' }), '400'],
  ])('are a fault of ours when the endpoint refuses them: %s', async (_case, answer, code) => {
    endpoint.answer = answer
    const { send, errors, middleware } = createApi(express, endpoint)
    const response = await send(token)
    const message = `the introspection endpoint refused this API's own credentials (${code})`
    expect(response.status).toBe(500)
    expect(response.headers['www-authenticate']).toBeUndefined()
    expect(errors[0]?.message).toBe(message)
    expect(messages).toMatchObject([{ reason: `refused this API's own credentials (${code})` }])
    expect((await send(token, '/open')).status).toBe(200)
    expectNoSecrets(errors, messages)
    const result = await middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
    expect(result).toMatchObject({ kind: 'failure', error: { message } })
    expect(endpoint.calls).toHaveLength(1)
  })

  test('can be set right without a restart', async () => {
    endpoint.answer = status(401)
    const { send, pass } = createApi(express, endpoint)
    for (const one of ['a', 'b', 'c', 'd']) expect((await send(one)).status).toBe(500)
    endpoint.I(good)
    expect((await send('e')).status).toBe(200)
    pass(1)
    expect((await send('a')).status).toBe(200)
  })

  test('can be shown in the form', async () => {
    const { send } = createApi(express, endpoint, {
      introspection: { clientAuthentication: 'client_secret_post' },
    })
    expect((await send()).status).toBe(200)
    const [call] = endpoint.calls
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
      token: 'o-1',
      token_type_hint: 'access_token',
      client_id: 'orders-api',
      client_secret: secret,
    })
    expect(call?.headers.authorization).toBeUndefined()
  })

  test('can be made by a function, which cannot change what is asked', async () => {
    const { send } = createApi(express, endpoint, {
      introspection: {
        clientSecret: undefined,
        clientAuthentication: () =>
          Promise.resolve({
            headers: { Authorization: 'Bearer of-the-api', 'Content-Type': 'text/plain' },
            body: { client_assertion: 'x&y', token: 'another', token_type_hint: 'z' },
            fetch: (input: string | URL | Request, init?: RequestInit) =>
              fetch(input, {
                ...init,
                headers: [...new Headers(init?.headers), ['X-By', 'function']],
              }),
          }),
      },
    })
    expect((await send()).status).toBe(200)
    const [call] = endpoint.calls
    expect(call?.body).toBe('token=o-1&token_type_hint=access_token&client_assertion=x%26y')
    expect(call?.headers).toMatchObject({
      authorization: 'Bearer of-the-api',
      'content-type': 'application/x-www-form-urlencoded',
      'x-by': 'function',
    })
  })

  test.each<[string, () => unknown, number]>([
    ['throws', throwSecret, 503],
    ['rejects', () => Promise.reject(new Error(secret)), 503],
    ['returns nothing', () => undefined, 500],
    ['makes headers that are none', () => ({ headers: { 'a b': secret } }), 503],
    ['never answers', () => new Promise(() => undefined), 503],
  ])('are no fault of the caller when the function %s', async (_case, authenticate, code) => {
    const { send, errors } = createApi(express, endpoint, {
      introspection: { timeout: 0.1, clientAuthentication: authenticate as never },
    })
    expect((await send(token)).status).toBe(code)
    expect(endpoint.calls).toEqual([])
    expectNoSecrets(errors, messages)
  })

  test.each<[string, (input: unknown, init: RequestInit) => unknown]>([
    ['an error that quotes the request', quoting],
    ['something that is no error', () => rejected(token)],
    ['nothing at all', () => rejected(undefined)],
  ])('stay secret when a fetch of the app throws %s', async (_case, fetch) => {
    const given = { introspection: { introspectionEndpoint: endpoint.url, fetch: fetch as never } }
    const { send, errors } = createApi(express, endpoint, given)
    expect((await send(token)).status).toBe(503)
    expectNoSecrets(errors, messages)
  })
})

describe('what is asked at once', () => {
  const express = frameworks[1]?.express as never
  let releases: (() => void)[] = []
  const hold: Answer = (_, response) => {
    releases.push(() => response.end(JSON.stringify(good)))
  }
  afterEach(() => {
    for (const release of releases) release()
    releases = []
  })
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve))
  }

  test('is asked once for each token, however many requests wait', async () => {
    endpoint.answer = hold
    const { middleware } = createApi(express, endpoint)
    const ask = (one: string) =>
      middleware.authenticate({ headers: { authorization: `Bearer ${one}` } })
    const waiting = Array.from({ length: 100 }, () => ask('o-1'))
    await until(() => releases.length === 1)
    releases[0]?.()
    const results = await Promise.all(waiting)
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['success']))
    expect((await ask('o-1')).kind).toBe('success')
    expect(endpoint.calls).toHaveLength(1)
  })

  test.each<[string, false | undefined, number]>([
    ['is remembered', undefined, 1],
    ['is asked again each time where nothing is to be remembered', false, 3],
  ])('%s', async (_case, cache, calls) => {
    const { send } = createApi(express, endpoint, { introspection: { cache } })
    expect([(await send()).status, (await send()).status, (await send()).status]).toEqual([
      200, 200, 200,
    ])
    expect(endpoint.calls).toHaveLength(calls)
  })

  test('is at most 64 calls; more wait as long as one may take, and then come back', async () => {
    endpoint.answer = hold
    const { middleware } = createApi(express, endpoint, { introspection: { timeout: 1 } })
    const ask = (one: number) =>
      middleware.authenticate({ headers: { authorization: `Bearer t-${String(one)}` } })
    const running = Array.from({ length: 64 }, (_, index) => ask(index))
    await until(() => releases.length === 64)
    const next = Array.from({ length: 64 }, (_, index) => ask(64 + index))
    const last = ask(128)
    await new Promise((resolve) => setImmediate(resolve))
    expect(endpoint.calls).toHaveLength(64)
    // So that the second batch has time left when the last one has waited for as long as it may.
    await new Promise((resolve) => setTimeout(resolve, 400))
    for (const release of releases.splice(0)) release()
    await until(() => releases.length === 64)
    expect(await last).toMatchObject({
      kind: 'failure',
      error: { code: 'ERR_INTROSPECTION_UNAVAILABLE', retryAfter: 1 },
    })
    expect(endpoint.calls).toHaveLength(128)
    for (const release of releases.splice(0)) release()
    const kinds = (await Promise.all([...running, ...next])).map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(new Set(['success']))
  })

  test('is not shared between schemes, which each remember for themselves', async () => {
    const one = createApi(express, endpoint)
    const other = createApi(express, endpoint, { scheme: { scheme: 'Other' } })
    expect([(await one.send()).status, (await other.send()).status]).toEqual([200, 200])
    expect(endpoint.calls).toHaveLength(2)
  })
})

describe('what is remembered', () => {
  const express = frameworks[1]?.express as never

  test.each<[string, object, number]>([
    ['without exp: 60 s', {}, 60],
    ['with an early exp: until then', { exp: N + 10 }, 10],
  ])('of an active token %s', async (_case, claims, kept) => {
    endpoint.I({ ...good, ...claims })
    const { send, pass } = createApi(express, endpoint)
    await send()
    pass(kept - 0.001)
    await send()
    expect(endpoint.calls).toHaveLength(1)
    pass(0.001)
    endpoint.I({ active: false })
    expect((await send()).status).toBe(401)
    expect(endpoint.calls).toHaveLength(2)
  })

  test('is not served once the token is over', async () => {
    endpoint.I({ ...good, exp: N + 10 })
    const { send, pass, errors } = createApi(express, endpoint, {
      scheme: { tokenValidationParameters: { clockSkew: 0 } },
    })
    expect((await send()).status).toBe(200)
    pass(11)
    expect((await send()).status).toBe(401)
    expect(errors[0]?.code).toBe('ERR_TOKEN_EXPIRED')
    expect(endpoint.calls).toHaveLength(2)
  })

  test('is nothing within the skew after exp: accepted, and asked each time', async () => {
    endpoint.I({ ...good, exp: N - 1 })
    const { send } = createApi(express, endpoint)
    expect([(await send()).status, (await send()).status]).toEqual([200, 200])
    expect(endpoint.calls).toHaveLength(2)
  })

  test('of an inactive token: 5 s', async () => {
    endpoint.I({ active: false })
    const { send, pass } = createApi(express, endpoint)
    await send()
    pass(4.999)
    expect((await send()).status).toBe(401)
    expect(endpoint.calls).toHaveLength(1)
    endpoint.I(good)
    pass(0.001)
    expect((await send()).status).toBe(200)
  })
})

describe('the metadata', () => {
  const express = frameworks[1]?.express as never
  const document = (more: object) =>
    json({ issuer: endpoint.issuer.url, jwks_uri: `${endpoint.issuer.origin}/jwks`, ...more })

  test.each<[string, () => Answer, string]>([
    ['cannot be had', () => status(500), 'answered 500'],
    ['names no endpoint', () => document({}), 'names no "introspection_endpoint"'],
    ['names one that is no text', () => document({ introspection_endpoint: 5 }), 'names no'],
    ['names one that is no address', () => document({ introspection_endpoint: 'x' }), 'not a URL'],
    [
      'names one with a password',
      () => document({ introspection_endpoint: 'http://a:b@127.0.0.1' }),
      'user name or password',
    ],
    [
      'is of another issuer',
      () => json({ issuer: 'https://other.example', introspection_endpoint: endpoint.url }),
      'names the issuer',
    ],
    ['never comes', () => silence, 'no answer within'],
  ])('makes nobody guilty when it %s, and is asked for again', async (_case, answer, reason) => {
    endpoint.metadata(answer())
    const { send, errors, middleware, pass } = createApi(express, endpoint, {
      scheme: { backchannelTimeout: 0.2 },
    })
    const response = await send()
    expect([response.status, response.headers['retry-after']]).toEqual([503, '1'])
    expect(errors[0]).toMatchObject({
      code: 'ERR_METADATA_UNAVAILABLE',
      cause: { message: expect.stringContaining(reason) as string },
    })
    await expect(middleware.ready()).rejects.toMatchObject({ code: 'ERR_METADATA_UNAVAILABLE' })
    expect((await send()).status).toBe(503)
    expect(endpoint.calls).toEqual([])
    pass(5)
    expect((await send()).status).toBe(503)
    endpoint.reset()
    // Behind one that hung, the next attempt is nobody's to wait for.
    const later = async () => {
      pass(31)
      return (await send('o-3')).status
    }
    await expect.poll(later).toBe(200)
  })

  test.each([
    ['over http:', 'http://127.0.0.1:9/introspect', 'in the clear'],
    ['over ftp:', 'ftp://127.0.0.1/introspect', 'neither https: nor http:'],
  ])('gives our secret to no endpoint %s', async (_case, address, reason) => {
    const asked: string[] = []
    const { send, errors } = createApi(express, endpoint, {
      scheme: {
        authority: 'https://issuer.test',
        requireHttpsMetadata: true,
        fetch: (input) => {
          asked.push(input as string)
          return Promise.resolve(
            Response.json({
              issuer: 'https://issuer.test',
              jwks_uri: 'https://issuer.test/jwks',
              introspection_endpoint: address,
            }),
          )
        },
      },
    })
    expect((await send()).status).toBe(503)
    expect(errors[0]?.cause).toMatchObject({ message: expect.stringContaining(reason) as string })
    expect(asked).toEqual(['https://issuer.test/.well-known/openid-configuration'])
  })

  test('is fetched once, by ready() too, which asks about no token', async () => {
    const { send, middleware } = createApi(express, endpoint, { introspection: { tokens: 'all' } })
    await middleware.ready()
    await middleware.ready()
    expect(endpoint.issuer.requests).toEqual(['/.well-known/openid-configuration'])
    await send()
    expect(endpoint.issuer.requests).toHaveLength(2)
  })

  test('is not needed where the address is given', async () => {
    endpoint.metadata(status(500))
    const { send, middleware } = createApi(express, endpoint, {
      introspection: { introspectionEndpoint: endpoint.url, tokens: 'all' },
    })
    await middleware.ready()
    expect((await send()).status).toBe(200)
  })

  test('tells when the endpoint moves, and the old address serves on meanwhile', async () => {
    endpoint.I(good)
    const { send, pass } = createApi(express, endpoint)
    await send('a')
    endpoint.issuer.routes.set(
      '/moved',
      withBody((_, request, response) => {
        json(good)(request, response)
      }),
    )
    endpoint.metadata(document({ introspection_endpoint: `${endpoint.issuer.origin}/moved` }))
    pass(43_201)
    expect((await send('b')).status).toBe(200)
    expect(endpoint.calls).toHaveLength(2)
    await expect.poll(async () => (await send('c'), endpoint.issuer.requests.at(-1))).toBe('/moved')
    endpoint.metadata(status(500))
    pass(43_201)
    expect((await send('d')).status).toBe(200)
    await expect.poll(() => endpoint.issuer.requests.includes('/introspect')).toBe(true)
    expect((await send('e')).status).toBe(200)
  })
})

function json400(body: unknown): Answer {
  return (_, response) => {
    response.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }
}

function breakOff(...[, response]: Parameters<Answer>) {
  response.writeHead(200, { 'Content-Length': '100' })
  response.write('{"active":true')
  setImmediate(() => response.destroy())
}

function withToken(decide: (token: string) => [number, object]): Answer {
  return (_, response) => {
    const { body } = endpoint.calls.at(-1) as { body: string }
    const [code, answer] = decide(new URLSearchParams(body).get('token') ?? '')
    response.writeHead(code).end(JSON.stringify(answer))
  }
}

// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what careless code does
const rejected = (reason: unknown) => Promise.reject(reason)

function throwSecret(): never {
  throw new Error(secret)
}

// As HTTP libraries do that attach the whole request to their errors.
function quoting(input: unknown, init: RequestInit): Promise<never> {
  const error = new TypeError(`failed: ${init.body as string}`, { cause: { code: secret, init } })
  return Promise.reject(Object.assign(error, { config: init, input, code: token }))
}

function expectNoSecrets(...logged: unknown[]) {
  const shown = logged
    .flatMap((one) => [one, ...(Array.isArray(one) ? (one as unknown[]) : [])])
    .map(
      (one) =>
        `${inspect(one, { depth: 12, showHidden: true })}${JSON.stringify(one)}${textOf(one)}`,
    )
    .join('\n')
  const basic = Buffer.from(secret).toString('base64').slice(0, 20)
  for (const hidden of [token, secret, marker, basic, client.clientId]) {
    expect(shown).not.toContain(hidden)
  }
}

function textOf(one: unknown): string {
  return one instanceof Error ? `${String(one.stack)}${textOf(one.cause)}` : ''
}

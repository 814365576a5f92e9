import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import express from 'express'
import request from 'supertest'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import {
  createUserFetch,
  currentUser,
  runAsUser,
  userTokenContext,
  type UserFetchOptions,
  type UserKey,
} from 'express-jwt-bearer/tokens'
import { alice, createBench } from './scripted-client.js'

const bob = { subject: 'bob', sessionId: 'session-of-bob' }

interface Call {
  method: string
  url: string
  token: string | undefined
  body: string
}

/** An API that accepts only the tokens it is told to. */
async function startApi(
  answer?: (call: Call, response: ServerResponse, request: IncomingMessage) => void,
) {
  const calls: Call[] = []
  const accepted = new Set<string>()
  const server = createServer((req, res) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of req) chunks.push(chunk as Buffer)
      const call = {
        method: req.method ?? '',
        url: req.url ?? '',
        token: req.headers.authorization?.replace('Bearer ', ''),
        body: Buffer.concat(chunks).toString(),
      }
      calls.push(call)
      if (answer) {
        answer(call, res, req)
        return
      }
      res.statusCode = call.token !== undefined && accepted.has(call.token) ? 200 : 401
      res.end(JSON.stringify({ token: call.token }))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, calls, accepted, server }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

async function collectGarbage(): Promise<void> {
  await new Promise(setImmediate)
  collect()
  await new Promise(setImmediate)
}

const servers: ReturnType<typeof createServer>[] = []
const closeAll = () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
}
afterEach(closeAll)
afterAll(closeAll)

async function createCaller(options: Partial<UserFetchOptions> & { baseUrl: string | URL }) {
  const bench = createBench()
  await bench.manager.storeTokens(alice, bench.script.answer())
  await bench.manager.storeTokens(bob, bench.script.answer())
  return { ...bench, call: createUserFetch({ manager: bench.manager, ...options }) }
}

describe('createUserFetch()', () => {
  test('calls the API with the token of the user it is given', async () => {
    const { url, calls, accepted } = await startApi()
    accepted.add('access-1')
    const { call, events } = await createCaller({ baseUrl: `${url}/v1` })
    const response = await call('orders?page=2', { user: alice })
    expect(await response.json()).toEqual({ token: 'access-1' })
    expect(calls).toMatchObject([{ method: 'GET', url: '/v1/orders?page=2' }])
    expect(events).toEqual([
      {
        kind: 'tokenUsed',
        user: expect.stringMatching(/^[\da-f]{8}$/) as string,
        token: expect.stringMatching(/^[\da-f]{8}$/) as string,
      },
    ])
  })

  test.each([
    ['a path', (url: string) => ['/orders', url] as const],
    ['an absolute address', (url: string) => [`${url}/orders`, url] as const],
    ['a URL', (url: string) => [new URL(`${url}/orders`), url] as const],
    ['a Request', (url: string) => [new Request(`${url}/orders`), url] as const],
    ['a base that is a URL', (url: string) => ['orders', new URL(url)] as const],
  ])('takes %s', async (_case, make) => {
    const { url, calls, accepted } = await startApi()
    accepted.add('access-1')
    const [input, baseUrl] = make(url)
    const { call } = await createCaller({ baseUrl })
    expect((await call(input, { user: alice })).status).toBe(200)
    expect(calls).toMatchObject([{ url: '/orders', token: 'access-1' }])
  })

  test('asks for the scope and the resource of the API', async () => {
    const { url } = await startApi()
    const { call, script } = await createCaller({ baseUrl: url, scope: 'a', resource: 'api://x' })
    await call('', { user: alice })
    expect(script.requests[0]).toEqual({
      refreshToken: 'refresh-1',
      scope: 'a',
      resource: 'api://x',
    })
  })

  test.each([
    ['another host', 'https://evil.example/'],
    ['another port', 'http://127.0.0.1:1/'],
    ['another scheme', 'ftp://127.0.0.1/'],
    ['an address that only looks relative', '//evil.example/orders'],
    ['a backslash that browsers read as a slash', '/\\evil.example/orders'],
    ['data', 'data:text/plain,hello'],
  ])('refuses to send a token to %s', async (_case, input) => {
    const { url, calls } = await startApi()
    const { call, script } = await createCaller({ baseUrl: url })
    await expect(call(input, { user: alice })).rejects.toMatchObject({
      name: 'TokenUnavailableError',
      code: 'origin_not_allowed',
    })
    expect(calls).toEqual([])
    expect(script.requests).toEqual([])
  })

  test('sends the token to every allowed origin', async () => {
    const [first, second] = [await startApi(), await startApi()]
    const { call } = await createCaller({
      baseUrl: first.url,
      allowedOrigins: [second.url, `${first.url}/`],
    })
    await call(`${second.url}/orders`, { user: alice })
    expect(second.calls[0]?.token).toBe('access-1')
    await call('/orders', { user: alice })
    expect(first.calls[0]?.token).toMatch('access-')
  })

  describe('after a 401', () => {
    test.each([
      ['no body', undefined],
      ['text', 'hello'],
      ['bytes', Buffer.from('hello')],
      ['a blob', new Blob(['hello'])],
      ['form fields', new URLSearchParams({ a: 'hello' })],
    ])('renews the token and sends the request again: %s', async (_case, body) => {
      const { url, calls, accepted } = await startApi()
      accepted.add('access-3')
      const { call, script, kinds } = await createCaller({ baseUrl: url })
      const method = body === undefined ? 'GET' : 'POST'
      const response = await call('', { user: alice, method, ...(body && { body }) })
      expect(response.status).toBe(200)
      expect(calls.map(({ token }) => token)).toEqual(['access-1', 'access-3'])
      expect(calls[1]?.body).toBe(calls[0]?.body)
      expect(calls[1]?.body).toContain(body === undefined ? '' : 'hello')
      expect(script.requests).toHaveLength(1)
      expect(kinds()).toEqual(['tokenUsed', 'tokenRetrieved', 'accessDeniedRetry', 'tokenUsed'])
    })

    test('sends multipart forms and Request bodies again', async () => {
      const { url, calls, accepted } = await startApi()
      accepted.add('access-3')
      const { call } = await createCaller({ baseUrl: url })
      const form = new FormData()
      form.set('file', new Blob(['hello']), 'a.txt')
      expect((await call('', { user: alice, method: 'POST', body: form })).status).toBe(200)
      const given = new Request(`${url}/orders`, { method: 'POST', body: 'hello again' })
      expect((await call(given, { user: bob })).status).toBe(401)
      expect(calls.map(({ body }) => body.includes('hello'))).toEqual([true, true, true, true])
    })

    test.each([
      ['a web stream', () => new Blob(['hello']).stream()],
      ['a Node stream', () => Readable.from(['hello'])],
    ])('does not send a body again that is gone: %s', async (_case, makeBody) => {
      const { url, calls } = await startApi()
      const { call, script } = await createCaller({ baseUrl: url })
      const init = { method: 'POST', body: makeBody() as ReadableStream, duplex: 'half' as const }
      const response = await call('', { user: alice, ...init })
      expect(response.status).toBe(401)
      expect(await response.json()).toEqual({ token: 'access-1' })
      expect(calls).toHaveLength(1)
      expect(script.requests).toEqual([])
    })

    test.each([
      ['a web stream', () => new Blob(['hello']).stream()],
      ['a Node stream', () => Readable.toWeb(Readable.from([Buffer.from('hello')]))],
    ])('nor that of a Request: %s', async (_case, makeBody) => {
      const { url, calls } = await startApi()
      const { call, script } = await createCaller({ baseUrl: url })
      const init = { method: 'PUT', body: makeBody() as ReadableStream, duplex: 'half' as const }
      const given = new Request(`${url}/orders`, init)
      const response = await call(given, { user: alice })
      expect(response.status).toBe(401)
      expect(calls.map(({ body }) => body)).toEqual(['hello'])
      expect(given.bodyUsed).toBe(true)
      expect(script.requests).toEqual([])
    })

    test('keeps no copy of a stream that it has sent', async () => {
      const { url } = await startApi((_call, response) => response.end('done'))
      const { call } = await createCaller({ baseUrl: url })
      let sent = 0
      let collected = 0
      const registry = new FinalizationRegistry(() => (collected += 1))
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const bytes = new Uint8Array(100_000)
          registry.register(bytes, undefined)
          controller.enqueue(bytes)
          sent += 1
          if (sent === 40) controller.close()
        },
      })
      const given = new Request(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
      expect((await call(given, { user: alice })).status).toBe(200)
      expect(sent).toBe(40)
      await expect.poll(() => collectGarbage().then(() => collected)).toBeGreaterThan(35)
      expect(given.bodyUsed).toBe(true)
    })

    test('tries once', async () => {
      const { url, calls } = await startApi()
      const { call, script } = await createCaller({ baseUrl: url })
      const response = await call('', { user: alice })
      expect(await response.json()).toEqual({ token: 'access-3' })
      expect(calls).toHaveLength(2)
      expect(script.requests).toHaveLength(1)
    })

    test('renews once for ten calls at a time', async () => {
      const { url, accepted } = await startApi()
      accepted.add('access-3')
      const { call, script } = await createCaller({ baseUrl: url })
      const responses = await Promise.all(
        Array.from({ length: 10 }, () => call('', { user: alice })),
      )
      expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200))
      expect(script.requests).toHaveLength(1)
    })

    test('hands the answer on, unread, when there is no other token', async () => {
      const { url, calls } = await startApi()
      const { call, script } = await createCaller({ baseUrl: url })
      script.next.push(() => {
        throw new TypeError('fetch failed')
      })
      const response = await call('', { user: alice })
      expect(response.status).toBe(401)
      expect(await response.json()).toEqual({ token: 'access-1' })
      expect(calls).toHaveLength(1)
    })

    test.each([
      ['has no body', () => null],
      [
        'does not let go of its body',
        () =>
          new ReadableStream({
            cancel() {
              throw new Error('broken')
            },
          }),
      ],
    ])('does not stumble over a first answer that %s', async (_case, makeBody) => {
      const { call } = await createCaller({
        baseUrl: 'https://api.example',
        fetch: (input) => {
          const token = (input as Request).headers.get('authorization')
          const status = token === 'Bearer access-3' ? 200 : 401
          return Promise.resolve(new Response(makeBody(), { status }))
        },
      })
      expect((await call('', { user: alice })).status).toBe(200)
    })

    test('lets go of the first answer, however long it is', async () => {
      let closed = 0
      const api = await startApi((call, response) => {
        response.on('close', () => (closed += 1))
        response.statusCode = call.token === 'access-3' ? 200 : 401
        if (response.statusCode === 200) response.end('done')
        else response.write('an answer without an end')
      })
      const { call } = await createCaller({ baseUrl: api.url })
      expect(await (await call('', { user: alice })).text()).toBe('done')
      await expect.poll(() => closed).toBe(2)
    })
  })

  test('never renews a token because of a 403', async () => {
    const { url, calls } = await startApi((_call, response) => {
      const challenge = 'Bearer error="insufficient_scope", scope="orders.write"'
      response.writeHead(403, { 'WWW-Authenticate': challenge }).end()
    })
    const { call, script } = await createCaller({ baseUrl: url })
    expect((await call('', { user: alice })).status).toBe(403)
    expect(calls).toHaveLength(1)
    expect(script.requests).toEqual([])
  })

  test.each([301, 302, 303, 307, 308])(
    'does not carry the token along a redirect to another origin: %i',
    async (status) => {
      const stranger = await startApi()
      const api = await startApi((_call, response) => {
        response.writeHead(status, { Location: `${stranger.url}/landed` }).end()
      })
      const { call, script } = await createCaller({
        baseUrl: api.url,
        allowedOrigins: [api.url, stranger.url],
      })
      const response = await call('', { user: alice })
      expect(response.status).toBe(401)
      expect(stranger.calls).toMatchObject([{ url: '/landed', token: undefined }])
      expect(script.requests).toEqual([])
    },
  )

  test('keeps the token along a redirect within the API', async () => {
    const { url, calls } = await startApi((call, response) => {
      if (call.url === '/old') response.writeHead(307, { Location: '/new' })
      response.end()
    })
    const { call } = await createCaller({ baseUrl: url })
    expect((await call('/old', { user: alice })).status).toBe(200)
    expect(calls.map(({ token }) => token)).toEqual(['access-1', 'access-1'])
  })

  test('gives up when its caller does', async () => {
    const { url, calls } = await startApi()
    const { call } = await createCaller({ baseUrl: url })
    const signal = AbortSignal.abort(new Error('gave up'))
    await expect(call('', { user: alice, signal })).rejects.toThrow('gave up')
    await expect(call(new Request(url, { signal }), { user: alice })).rejects.toThrow('gave up')
    expect(calls).toEqual([])
  })

  test('throws the reason when there is no token', async () => {
    const { url, calls } = await startApi()
    const { call } = await createCaller({ baseUrl: url })
    await expect(call('')).rejects.toMatchObject({ code: 'no_session' })
    const stranger = { subject: 'carol', sessionId: 'c' }
    await expect(call('', { user: stranger })).rejects.toMatchObject({ code: 'no_session' })
    expect(calls).toEqual([])
  })

  test('sends the request without a token where that is asked for', async () => {
    const { url, calls } = await startApi()
    const { call } = await createCaller({ baseUrl: url, onMissing: 'send' })
    expect((await call('')).status).toBe(401)
    expect((await call('', { user: { subject: 'carol', sessionId: 'c' } })).status).toBe(401)
    expect(calls.map(({ token }) => token)).toEqual([undefined, undefined])
  })

  test('replaces an Authorization header that somebody else has set', async () => {
    const { url, calls } = await startApi()
    const { call } = await createCaller({ baseUrl: url })
    await call('', { user: alice, headers: { authorization: 'Bearer of-somebody-else' } })
    expect(calls[0]?.token).toBe('access-1')
  })

  test('sends through another fetch', async () => {
    const { call } = await createCaller({
      baseUrl: 'https://api.example',
      fetch: (input) =>
        Promise.resolve(new Response((input as Request).headers.get('authorization'))),
    })
    expect(await (await call('', { user: alice })).text()).toBe('Bearer access-1')
  })

  test('renews for a 401 that another fetch made up', async () => {
    const { call } = await createCaller({
      baseUrl: 'https://api.example',
      fetch: (input) => {
        const token = (input as Request).headers.get('authorization')
        return Promise.resolve(
          new Response(token, { status: token === 'Bearer access-3' ? 200 : 401 }),
        )
      },
    })
    expect((await call('', { user: alice })).status).toBe(200)
  })

  test('refuses to present a token whose type it does not understand', async () => {
    const { url, calls } = await startApi()
    const { call, manager, script } = await createCaller({ baseUrl: url })
    await manager.storeTokens(alice, script.answer({ token_type: 'DPoP' }))
    await expect(call('', { user: alice })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('"authorize"') as string,
    })
    expect(calls).toEqual([])
  })

  describe('with "authorize"', () => {
    const nonces: (string | undefined)[] = []
    const authorize: UserFetchOptions['authorize'] = (outgoing, token, nonce) => {
      nonces.push(nonce)
      outgoing.headers.set('Authorization', `DPoP ${token.accessToken}`)
      if (nonce !== undefined) outgoing.headers.set('DPoP', `proof with ${nonce}`)
    }
    const demand = { 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"', 'DPoP-Nonce': 'n1' }

    test('proves possession, and once more with the nonce that the API asks for', async () => {
      nonces.length = 0
      const { url } = await startApi((_call, response, incoming) => {
        if (incoming.headers['dpop'] === 'proof with n1') response.end('welcome')
        else response.writeHead(401, demand).end()
      })
      const { call, script, kinds } = await createCaller({ baseUrl: url, authorize })
      expect(await (await call('', { user: alice })).text()).toBe('welcome')
      expect(nonces).toEqual([undefined, 'n1'])
      expect(script.requests).toEqual([])
      expect(kinds()).toEqual(['tokenUsed', 'nonceRetry', 'tokenUsed'])
    })

    // CVE-2026-40155: requests that were sent again with a nonce got the answer to another user's.
    test('keeps users apart who are asked for nonces at the same time', async () => {
      const { url } = await startApi(({ token = '' }, response, incoming) => {
        const nonce = `for ${token.replace('DPoP ', '')}`
        const isProven = incoming.headers['dpop'] === `proof with ${nonce}`
        if (!isProven) response.writeHead(401, { ...demand, 'DPoP-Nonce': nonce })
        setTimeout(() => response.end(token), Math.random() * 20)
      })
      const { call } = await createCaller({ baseUrl: url, authorize })
      const users = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? alice : bob))
      const responses = await Promise.all(users.map((user) => call('', { user })))
      const bodies = await Promise.all(responses.map((response) => response.text()))
      expect(responses.every(({ ok }) => ok)).toBe(true)
      expect(bodies).toEqual(
        users.map((user) => `DPoP ${user === alice ? 'access-1' : 'access-2'}`),
      )
    })

    test('renews a token that is refused with the nonce, too', async () => {
      const { url } = await startApi((_call, response, incoming) => {
        if (incoming.headers['dpop'] === undefined) response.writeHead(401, demand)
        else if (incoming.headers.authorization !== 'DPoP access-3') response.writeHead(401)
        response.end()
      })
      const { call, script } = await createCaller({ baseUrl: url, authorize })
      expect((await call('', { user: alice })).status).toBe(200)
      expect(script.requests).toHaveLength(1)
    })

    describe('and a redirect', () => {
      const key: UserFetchOptions['authorize'] = (outgoing, token) => {
        outgoing.headers.set(
          'X-Api-Key',
          `${token.accessToken} for ${new URL(outgoing.url).pathname}`,
        )
      }
      const seen: { method: string; url: string; key: unknown; type: unknown; body: string }[] = []
      const startKeyApi = (locations: Record<string, [number, string]>) => {
        seen.length = 0
        return startApi(({ method, url, body }, response, { headers }) => {
          seen.push({ method, url, key: headers['x-api-key'], type: headers['content-type'], body })
          const [status, location] = locations[url] ?? [200, undefined]
          response.writeHead(status, location === undefined ? {} : { Location: location })
          response.end('done')
        })
      }

      test.each([301, 302, 303, 307, 308])(
        'does not send credentials to another origin: %i',
        async (status) => {
          const stranger = await startApi((_call, response) => response.end())
          const api = await startKeyApi({ '/old': [status, `${stranger.url}/landed`] })
          const { call } = await createCaller({
            baseUrl: api.url,
            allowedOrigins: [api.url, stranger.url],
            authorize: key,
          })
          for (const init of [{}, { method: 'POST', body: 'hello' }]) {
            await expect(call('/old', { user: alice, ...init })).rejects.toMatchObject({
              name: 'TokenUnavailableError',
              code: 'origin_not_allowed',
            })
          }
          expect(stranger.calls).toEqual([])
          expect(seen).toHaveLength(2)
        },
      )

      test.each([
        ['another port', 'http://127.0.0.1:1/'],
        ['another host', 'http://localhost/'],
        ['an address without a scheme', '//evil.example/'],
        ['another scheme', 'https://127.0.0.1/'],
        ['no web address', 'data:text/plain,hello'],
      ])('takes %s for another origin', async (_case, location) => {
        const api = await startKeyApi({ '/old': [307, location] })
        const { call } = await createCaller({ baseUrl: api.url, authorize: key })
        await expect(call('/old', { user: alice })).rejects.toMatchObject({
          code: 'origin_not_allowed',
        })
      })

      test('within the API is followed, each address with credentials of its own', async () => {
        const api = await startKeyApi({ '/old': [302, '/newer'], '/newer': [308, 'new?a=b'] })
        const { call, kinds } = await createCaller({ baseUrl: api.url, authorize: key })
        const response = await call('/old', { user: alice })
        expect(await response.text()).toBe('done')
        expect(seen.map(({ url, key }) => [url, key])).toEqual([
          ['/old', 'access-1 for /old'],
          ['/newer', 'access-1 for /newer'],
          ['/new?a=b', 'access-1 for /new'],
        ])
        expect(kinds()).toEqual(['tokenUsed', 'tokenUsed', 'tokenUsed'])
      })

      test.each([
        [301, 'POST', 'GET', ''],
        [302, 'POST', 'GET', ''],
        [303, 'POST', 'GET', ''],
        [303, 'PUT', 'GET', ''],
        [303, 'HEAD', 'HEAD', ''],
        [301, 'PUT', 'PUT', 'hello'],
        [302, 'DELETE', 'DELETE', 'hello'],
        [307, 'POST', 'POST', 'hello'],
        [308, 'PATCH', 'PATCH', 'hello'],
      ])('with %i after %s becomes %s, as everywhere', async (status, method, becomes, body) => {
        const api = await startKeyApi({ '/old': [status, '/newer'], '/newer': [307, '/new'] })
        const { call } = await createCaller({ baseUrl: api.url, authorize: key })
        const headers = { 'Content-Type': 'text/x', 'X-Kept': '1' }
        const init = { method, headers, ...(method !== 'HEAD' && { body: 'hello' }) }
        for (const isRequest of [false, true]) {
          seen.length = 0
          const given = new Request(`${api.url}/old`, init)
          await (isRequest ? call(given, { user: alice }) : call('/old', { user: alice, ...init }))
          const native = await fetch(`${api.url}/old`, init)
          expect(native.status).toBe(200)
          const [, , ours, , , theirs] = seen
          expect(ours).toMatchObject({ method: becomes, url: '/new', body })
          expect({ ...theirs, key: ours?.key }).toEqual(ours)
        }
      })

      test('is an error where the body was a stream, which is gone', async () => {
        const api = await startKeyApi({ '/old': [307, '/new'], '/other': [303, '/new'] })
        const { call } = await createCaller({ baseUrl: api.url, authorize: key })
        const init = () => ({
          method: 'POST',
          body: new Blob(['hello']).stream(),
          duplex: 'half' as const,
        })
        await expect(call('/old', { user: alice, ...init() })).rejects.toThrow(TypeError)
        const given = new Request(`${api.url}/old`, init())
        await expect(call(given, { user: alice })).rejects.toThrow('is gone')
        expect((await call('/other', { user: alice, ...init() })).status).toBe(200)
      })

      test('without an end is an error', async () => {
        const api = await startKeyApi({ '/old': [302, '/old'] })
        const { call } = await createCaller({ baseUrl: api.url, authorize: key })
        await expect(call('/old', { user: alice })).rejects.toThrow('without end')
        expect(seen).toHaveLength(21)
      })

      test('is handed on, or refused, where the caller says so', async () => {
        const api = await startKeyApi({
          '/old': [302, 'https://evil.example/'],
          '/odd': [304, '/'],
        })
        const { call } = await createCaller({ baseUrl: api.url, authorize: key })
        const response = await call('/old', { user: alice, redirect: 'manual' })
        expect(response.status).toBe(302)
        const refusing = { user: alice, redirect: 'error' as const }
        await expect(call('/old', refusing)).rejects.toThrow('fetch failed')
        await expect(
          call(new Request(`${api.url}/old`, { redirect: 'error' }), { user: alice }),
        ).rejects.toThrow('fetch failed')
        expect((await call('/odd', { user: alice })).status).toBe(304)
      })
    })

    test.each([
      [
        'a nonce is asked for and none is given',
        { 'WWW-Authenticate': demand['WWW-Authenticate'] },
      ],
      ['nothing is asked for', {}],
    ])('renews the token when %s', async (_case, headers) => {
      const { url, calls } = await startApi((_call, response) => {
        response.writeHead(401, headers).end()
      })
      const { call } = await createCaller({ baseUrl: url, authorize })
      expect((await call('', { user: alice })).status).toBe(401)
      expect(calls).toHaveLength(2)
    })
  })

  test.each([
    ['no address', {}, '"baseUrl" must be an http or https address'],
    ['a path alone', { baseUrl: '/api' }, '"baseUrl"'],
    ['another scheme', { baseUrl: 'ftp://api.example' }, '"baseUrl"'],
    ['a name', { baseUrl: 'https://secret@api.example' }, '"baseUrl"'],
    ['a password', { baseUrl: 'https://:secret@api.example' }, '"baseUrl"'],
    [
      'an origin with a path',
      { baseUrl: 'https://a.example', allowedOrigins: ['https://a.example/x'] },
      'like "https://a.example"',
    ],
    [
      'an origin that is none',
      { baseUrl: 'https://a.example', allowedOrigins: ['*'] },
      '"allowedOrigins"',
    ],
    [
      'one origin as text',
      { baseUrl: 'https://a.example', allowedOrigins: 'https://a.example' },
      '"allowedOrigins"',
    ],
    ['an unknown option', { baseUrl: 'https://a.example', baseURL: '' }, 'did you mean "baseUrl"?'],
    [
      'a fetch that is none',
      { baseUrl: 'https://a.example', fetch: 1 },
      '"fetch" must be a function',
    ],
    [
      'an authorize that is none',
      { baseUrl: 'https://a.example', authorize: 1 },
      '"authorize" must be a function',
    ],
  ])('refuses %s', (_case, options, message) => {
    const { manager } = createBench()
    const create = () => createUserFetch({ manager, ...options } as never)
    expect(create).toThrow(message)
    expect(create).not.toThrow('secret')
  })
})

describe('userTokenContext()', () => {
  // CVE-2024-51987: a token caught in a shared client went out with another user's request.
  test('never mixes up users whose requests cross', async () => {
    const { url } = await startApi((call, response) => {
      setTimeout(() => response.end(call.token), Math.random() * 20)
    })
    const bench = createBench()
    const call = createUserFetch({ manager: bench.manager, baseUrl: url })
    const users = Array.from({ length: 20 }, (_, i) => ({ subject: `user-${i}`, sessionId: 's' }))
    for (const user of users) {
      await bench.manager.storeTokens(user, bench.script.answer({ access_token: user.subject }))
    }
    const app = express()
    app.use(userTokenContext({ user: (req) => users[Number(req.headers['x-user'])] }))
    app.get('/', async (_req, res) => {
      const seen: string[] = []
      for (let i = 0; i < 3; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
        seen.push(await (await call('')).text())
      }
      res.json([currentUser()?.subject, ...seen])
    })
    const server = app.listen(0)
    servers.push(server)
    const responses = await Promise.all(
      users.map((_, index) => request(server).get('/').set('x-user', String(index))),
    )
    for (const [index, { body }] of responses.entries()) {
      expect(body).toEqual(Array(4).fill(`user-${index}`))
    }
  })

  test('keeps nothing of 2,000 clients that have hung up', async () => {
    const { createSessionUserTokenStore } = await import('express-jwt-bearer/tokens')
    createSessionUserTokenStore()
    let collected = 0
    let waiting = 0
    const registry = new FinalizationRegistry(() => (collected += 1))
    const app = express()
    // A body parser, a session or a check of the token: whatever takes its time before.
    app.use((req, res, next) => {
      registry.register(req, undefined)
      waiting += 1
      req.once('close', () => setImmediate(next))
      res.on('error', () => undefined)
    })
    app.use(userTokenContext({ user: () => alice }))
    app.use(() => undefined)
    const server = app.listen(0)
    servers.push(server)
    const { port } = server.address() as AddressInfo
    for (let round = 1; round <= 20; round += 1) {
      const sockets = Array.from({ length: 100 }, () => {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => undefined)
        socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n')
        return socket
      })
      await expect.poll(() => waiting).toBe(100 * round)
      for (const socket of sockets) socket.destroy()
    }
    await expect
      .poll(() => collectGarbage().then(() => waiting - collected), { timeout: 10_000 })
      .toBeLessThan(20)
  }, 30_000)

  test('keeps nothing of requests whose turn to be answered never came', async () => {
    const { createSessionUserTokenStore } = await import('express-jwt-bearer/tokens')
    createSessionUserTokenStore()
    let collected = 0
    let waiting = 0
    const registry = new FinalizationRegistry(() => (collected += 1))
    const app = express()
    app.use(userTokenContext({ user: () => alice }))
    app.use((req) => {
      registry.register(req, undefined)
      waiting += 1
    })
    const server = app.listen(0)
    servers.push(server)
    const { port } = server.address() as AddressInfo
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10))
      return socket
    })
    await expect.poll(() => waiting).toBe(200)
    for (const socket of sockets) socket.destroy()
    await expect
      .poll(() => collectGarbage().then(() => waiting - collected), { timeout: 10_000 })
      .toBeLessThan(10)
  }, 30_000)

  test('sees a sign-in that happened within the request', async () => {
    const app = express()
    let signedIn: UserKey | undefined
    app.use(userTokenContext({ user: () => signedIn }))
    app.get('/', (_req, res) => {
      const before = currentUser()
      signedIn = alice
      res.json([before ?? null, currentUser()])
    })
    expect((await request(app).get('/')).body).toEqual([null, alice])
  })
})

describe('runAsUser()', () => {
  test('works for one user, and for nobody afterwards', async () => {
    const { url, calls } = await startApi()
    const { call } = await createCaller({ baseUrl: url })
    const work = (user: UserKey) =>
      runAsUser(user, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        await call(`/${user.subject}`)
        return currentUser()
      })
    expect(await Promise.all([work(alice), work(bob)])).toEqual([alice, bob])
    expect(currentUser()).toBeUndefined()
    expect(calls).toHaveLength(4)
    for (const { url: path, token } of calls.slice(0, 2)) {
      expect(token).toBe(path === '/alice' ? 'access-1' : 'access-2')
    }
  })
})

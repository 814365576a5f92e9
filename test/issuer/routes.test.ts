import express from 'express'
import express4 from 'express4'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createKeyRing, createTokenIssuer } from 'express-jwt-bearer/issuer'
import type { JWK } from 'jose'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import supertest from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { setUp } from './set-up.js'

interface Answer {
  status: number
  body: unknown
  text: string
  headers: Record<string, string>
}

const closers: (() => void)[] = []
afterEach(() => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0)) close()
})

async function listen(app: RequestListener): Promise<string> {
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function publishing(make: typeof express, keys = createKeyRing()) {
  const { issuer } = setUp({ keys, issuer: 'https://issuer.test/' })
  const app = make()
  app.use(issuer.routes())
  app.use((_req: express.Request, res: express.Response) => {
    res.status(404).json('passed on')
  })
  return { issuer, api: supertest(app) }
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('routes on %s', (_name, make) => {
  test.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'])(
    'serves metadata at %s',
    async (path) => {
      const { api } = publishing(make)
      const { status, body, headers } = (await api.get(`${path}?x=1`)) as Answer
      expect(status).toBe(200)
      expect(body).toEqual({
        issuer: 'https://issuer.test/',
        jwks_uri: 'https://issuer.test/.well-known/jwks.json',
        response_types_supported: [],
      })
      expect(headers['content-type']).toBe('application/json')
      expect(headers['cache-control']).toBe('public, max-age=60')
    },
  )

  test('serves the key set, without anything private', async () => {
    const { api, issuer } = publishing(make, createKeyRing({ algorithm: 'RS256' }))
    const { body, text } = (await api.get('/.well-known/jwks.json')) as Answer
    expect(body).toEqual(await issuer.jwks())
    expect(text).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/)
    const head = await api.head('/.well-known/jwks.json')
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(text)))
  })

  test('publishes public members alone, whatever a key ring of the app gives', async () => {
    const ring = createKeyRing({ algorithm: 'RS256' })
    const [jwk] = (await ring.jwks()).keys
    const secrets = { d: 'd', p: 'p', oth: [], priv: 'priv', k: 'k', key_ops: ['sign'], note: 'x' }
    const keys = [{ ...jwk, ...secrets } as JWK, { kty: 'oct', kid: 'shared', k: 'a secret' }]
    const { api, issuer } = publishing(make, { ...ring, jwks: () => Promise.resolve({ keys }) })
    expect(await issuer.jwks()).toEqual({ keys: [jwk] })
    expect(((await api.get('/.well-known/jwks.json')) as Answer).body).toEqual({ keys: [jwk] })
  })

  describe('with a slow key ring', () => {
    function slow() {
      let resolve: (set: { keys: JWK[] }) => void = () => undefined
      let reject: (error: Error) => void = () => undefined
      const set = new Promise<{ keys: JWK[] }>((...settle) => ([resolve, reject] = settle))
      const app = make()
      const { issuer } = setUp({ keys: { ...createKeyRing(), jwks: () => set } })
      app.use((_req: express.Request, res: express.Response, next: express.NextFunction) => {
        res.set('X-Limit', 'reached')
        setImmediate(() => res.sendStatus(503))
        next()
      })
      app.use(issuer.routes())
      return { answer: supertest(app).get('/.well-known/jwks.json'), resolve, reject }
    }

    test('leaves an answer alone that a time limit of the app has given', async () => {
      const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
      const { answer, resolve } = slow()
      expect((await answer).status).toBe(503)
      resolve({ keys: [] })
      await new Promise(setImmediate)
      expect(warn).not.toHaveBeenCalled()
    })

    test('warns once of what fails after that', async () => {
      const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
      const { answer, reject } = slow()
      expect((await answer).status).toBe(503)
      reject(new Error('a secret of the store'))
      await new Promise(setImmediate)
      expect(warn.mock.calls).toEqual([
        [expect.not.stringContaining('secret'), { code: 'EXPRESS_JWT_BEARER_LATE_FAILURE' }],
      ])
    })
  })

  test.each([
    ['another path', 'get', '/.well-known/other'],
    ['a name that every object has', 'get', '/constructor'],
    ['another method', 'post', '/.well-known/jwks.json'],
  ] as const)('passes %s on', async (_case, method, path) => {
    const { api } = publishing(make)
    const { body } = (await api[method](path)) as Answer
    expect(body).toBe('passed on')
  })

  test('hands a key store that is down to the error handler', async () => {
    const store = {
      load: () => Promise.reject(new Error('store is down')),
      save: () => Promise.resolve(false),
    }
    const { issuer } = setUp({ keys: createKeyRing({ store }) })
    const app = make()
    app.use(issuer.routes())
    const onError: express.ErrorRequestHandler = (error: Error, _req, res, next) => {
      if (res.headersSent) next(error)
      res.status(500).json(error.message)
    }
    app.use(onError)
    const { status, body } = (await supertest(app).get('/.well-known/jwks.json')) as Answer
    expect([status, body]).toEqual([500, 'store is down'])
  })
})

describe('an API that trusts the issuer by its URL', () => {
  test('accepts tokens through key changes and drops compromised keys', async () => {
    let handler: RequestListener = () => undefined
    const url = await listen((req, res) => {
      handler(req, res)
    })
    const keys = createKeyRing()
    const issuer = createTokenIssuer({ issuer: url, audience: 'api://orders', keys })
    const app = express()
    app.use(issuer.routes())
    handler = app

    const api = express()
    api.use(
      jwtBearer({
        authority: url,
        audience: 'api://orders',
        requireHttpsMetadata: false,
        refreshInterval: 0,
      }),
    )
    api.get('/', authorize(), (req, res) => res.json(req.user?.subject))
    const call = async (token: string) =>
      (await supertest(api).get('/').auth(token, { type: 'bearer' })).status

    const first = await issuer.issue('alice')
    expect(await call(first.accessToken)).toBe(200)
    await keys.rotate()
    expect(await call((await issuer.issue('alice')).accessToken)).toBe(200)
    await keys.rotate({ compromised: true })
    expect(await call((await issuer.issue('alice')).accessToken)).toBe(200)
    expect(await call(first.accessToken)).toBe(401)
  })
})

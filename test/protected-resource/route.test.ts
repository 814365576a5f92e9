import { createServer } from 'node:http'
import express5, { type RequestHandler } from 'express'
import { jwtBearer } from 'express-jwt-bearer'
import { protectedResourceMetadata } from 'express-jwt-bearer/protected-resource'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request, { type Response } from 'supertest'
import { describe, expect, test } from 'vitest'
import { frameworks } from '../support/create-app.js'
import { listenRaw } from '../support/raw-request.js'

const mcp = protectedResourceMetadata({
  resource: 'https://api.example.com/mcp',
  authorizationServers: ['https://idp.test/'],
  scopesSupported: ['mcp.use'],
})
const root = '/.well-known/oauth-protected-resource'
const inserted = `${root}/mcp`
const document = {
  resource: 'https://api.example.com/mcp',
  authorization_servers: ['https://idp.test/'],
  scopes_supported: ['mcp.use'],
  bearer_methods_supported: ['header'],
}

function made(resource: string, more: object = {}) {
  const authorizationServers = ['https://idp.test']
  return protectedResourceMetadata({ resource, authorizationServers, ...more })
}

const headersOf = ({ headers }: Response) => headers as Record<string, string>

describe.each(frameworks)('the route on $framework', ({ express }) => {
  function appOf(...handlers: RequestHandler[]) {
    const app = express()
    for (const handler of handlers) app.use(handler)
    return app.use((_req: express5.Request, res: express5.Response) => {
      res.status(404).json('passed on')
    })
  }
  const app = appOf(mcp)
  const resourceAt = async (path: string, at = app) => {
    const answer = await request(at).get(path)
    return answer.status === 200 ? (answer.body as typeof document).resource : answer.status
  }

  test.each([inserted, root, `${inserted}/`, `${root}/`, `${inserted}?x=1`, `${root}?x=1`])(
    'answers %s with the document, for every origin',
    async (path) => {
      const answer = await request(app).get(path)
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual(document)
      expect(headersOf(answer)).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'public, max-age=300',
        'access-control-allow-origin': '*',
        'content-length': String(Buffer.byteLength(answer.text)),
      })
    },
  )

  test.each([
    '/',
    '/mcp',
    '/.well-known',
    `${root}x`,
    `${root}/other`,
    `${inserted}x`,
    `${inserted}/x`,
    `${inserted}//`,
    `${root}//mcp`,
    `${root}/MCP`,
    `${root}/mc%70`,
    '/.well-known/oauth-authorization-server',
    `/x${inserted}`,
    `/?${inserted}`,
  ])('passes %s on', async (path) => {
    for (const method of ['get', 'post', 'options'] as const) {
      expect((await request(app)[method](path)).status).toBe(404)
    }
  })

  test('answers HEAD with the headers of GET and without a body', async () => {
    const get = await request(app).get(inserted)
    const head = await request(app).head(inserted)
    const undated = (answer: Response) => ({ ...headersOf(answer), date: undefined })
    expect([head.status, head.body]).toEqual([200, {}])
    expect(undated(head)).toEqual(undated(get))
  })

  test('answers a preflight with what was asked for', async () => {
    const asked = await request(app)
      .options(inserted)
      .set('Origin', 'https://app.example')
      .set('Access-Control-Request-Method', 'GET')
      .set('Access-Control-Request-Headers', 'mcp-protocol-version, x-a')
    expect([asked.status, asked.text]).toEqual([204, ''])
    expect(headersOf(asked)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
      'access-control-allow-headers': 'mcp-protocol-version, x-a',
      vary: 'Access-Control-Request-Headers',
    })
    const plain = await request(app).options(root)
    expect([plain.status, headersOf(plain)['vary']]).toEqual([
      204,
      'Access-Control-Request-Headers',
    ])
    expect(plain.headers).not.toHaveProperty('access-control-allow-headers')
    expect(plain.headers).not.toHaveProperty('access-control-allow-credentials')
  })

  test('adds to the Vary of others', async () => {
    const varied = appOf((_req, res, next) => {
      res.setHeader('Vary', 'Origin')
      next()
    }, mcp)
    const answer = await request(varied).options(root)
    expect(headersOf(answer)['vary']).toBe('Origin, Access-Control-Request-Headers')
  })

  test.each(['post', 'put', 'delete', 'patch'] as const)('refuses %s', async (method) => {
    for (const path of [inserted, root]) {
      const answer = await request(app)[method](path).send({ resource: 'https://evil.test' })
      expect([answer.status, answer.text]).toEqual([405, ''])
      expect(headersOf(answer)).toMatchObject({
        allow: 'GET, HEAD, OPTIONS',
        'access-control-allow-origin': '*',
      })
    }
  })

  test('leaves the root to others with "root" off', async () => {
    const alone = appOf(made('https://api.example.com/mcp', { root: false }))
    expect(await resourceAt(inserted, alone)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(root, alone)).toBe(404)
    const origin = appOf(made('https://api.example.com', { root: false }))
    expect(await resourceAt(root, origin)).toBe('https://api.example.com')
  })

  test.each([
    [0, 'public, max-age=0'],
    [59.9, 'public, max-age=59'],
    [86_400, 'public, max-age=86400'],
  ])('may be kept for %s seconds', async (maxAge, expected) => {
    const answer = await request(appOf(made('https://a.example', { maxAge }))).get(root)
    expect(headersOf(answer)['cache-control']).toBe(expected)
  })

  test('answers for each of several resources, and for the first one at the root', async () => {
    const several = appOf(made('https://api.example.com/a'), made('https://api.example.com/b'), mcp)
    expect(await resourceAt(`${root}/a`, several)).toBe('https://api.example.com/a')
    expect(await resourceAt(`${root}/b`, several)).toBe('https://api.example.com/b')
    expect(await resourceAt(inserted, several)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(root, several)).toBe('https://api.example.com/a')
  })

  test('tells resources apart by their query', async () => {
    const tenants = [1, 2].map((tenant) => made(`https://a.example/r?t=${tenant}`))
    const several = appOf(
      ...tenants,
      made('https://a.example/?t=3'),
      made('https://a.example/?t=4'),
    )
    expect(await resourceAt(`${root}/r?t=1`, several)).toBe('https://a.example/r?t=1')
    expect(await resourceAt(`${root}/r/?t=2`, several)).toBe('https://a.example/r?t=2')
    expect(await resourceAt(`${root}?t=3`, several)).toBe('https://a.example/?t=3')
    expect(await resourceAt(`${root}/?t=4`, several)).toBe('https://a.example/?t=4')
    expect(await resourceAt(root, several)).toBe('https://a.example/r?t=1')
    for (const path of [`${root}/r`, `${root}/r?t=5`, `${root}/r?t=1&x`, `${root}?t=5`]) {
      expect(await resourceAt(path, several)).toBe(404)
    }
  })

  test('is served where "metadataUrl" says, and at the root', async () => {
    const metadataUrl = 'https://api.example.com/mcp/.well-known/oauth-protected-resource'
    const moved = appOf(made('https://api.example.com/mcp', { metadataUrl }))
    const path = '/mcp/.well-known/oauth-protected-resource'
    expect(await resourceAt(path, moved)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(`${path}?x=1`, moved)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(root, moved)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(inserted, moved)).toBe(404)
  })

  test('answers below the path it is mounted on', async () => {
    const mounted = express().use('/gateway', mcp)
    expect(await resourceAt(`/gateway${inserted}`, mounted)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(`/gateway${root}`, mounted)).toBe('https://api.example.com/mcp')
    expect(await resourceAt(inserted, mounted)).toBe(404)
  })

  test('takes nothing from the request', async () => {
    const trusting = express().set('trust proxy', true).use(mcp)
    const answer = await request(trusting)
      .get(inserted)
      .set('Host', 'evil.test')
      .set('X-Forwarded-Host', 'evil.test')
      .set('X-Forwarded-Proto', 'http')
      .set('X-Forwarded-Prefix', '/evil')
      .set('Forwarded', 'host=evil.test')
    expect(answer.body).toEqual(document)
    expect(JSON.stringify(answer.headers)).not.toContain('evil')
  })

  test.each(['Bearer garbage', 'Bearer a b', 'Basic x', 'DPoP a,b'])(
    'looks at no credentials: %s',
    async (credentials) => {
      const { options } = await createTestIssuer()
      for (const order of [
        [mcp, jwtBearer(options)],
        [jwtBearer(options), mcp],
      ]) {
        const answer = await request(appOf(...order))
          .get(inserted)
          .set('Authorization', credentials)
        expect(answer.body).toEqual(document)
        expect(answer.headers).not.toHaveProperty('www-authenticate')
      }
    },
  )

  test('leaves an answer alone that has begun', async () => {
    const begun = express()
    begun.use((_req, res, next) => {
      res.write('begun')
      next()
    }, mcp)
    begun.use((_req: express5.Request, res: express5.Response) => {
      res.end(' and ended')
    })
    expect((await request(begun).get(root).buffer(true)).text).toBe('begun and ended')
  })
})

describe('the route', () => {
  test('needs no Express', async () => {
    const server = createServer((req, res) => {
      mcp(req, res, () => res.writeHead(404).end())
    })
    expect((await request(server).get(inserted)).body).toEqual(document)
    expect((await request(server).get('/mcp')).status).toBe(404)
  })

  test('joins the lines of a preflight', async () => {
    const raw = await listenRaw(express5().use(mcp))
    const answer = await raw.send(
      `OPTIONS ${root} HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Headers: x-a\r\n` +
        'Access-Control-Request-Headers: x-b\r\nConnection: close\r\n\r\n',
    )
    await raw.close()
    expect(answer).toMatch(/^HTTP\/1\.1 204 /)
    expect(answer).toContain('Access-Control-Allow-Headers: x-a, x-b\r\n')
  })
})
